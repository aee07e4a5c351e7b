using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>DEBUG PROTOCOL: one reply of each type, for tests of clients.</summary>
internal static class DebugProtocol
{
    public static CommandError? Write(RespWriter reply, scoped in CommandArguments arguments)
    {
        switch (Encoding.Latin1.GetString(arguments[2]).ToLowerInvariant())
        {
            case "string":
                reply.Bulk("Hello World"u8);
                return null;
            case "integer":
                reply.Integer(12345);
                return null;
            case "double":
                reply.Double(3.141);
                return null;
            case "null":
                reply.Null();
                return null;
            case "array":
                reply.Array(3);
                WriteThree(reply);
                return null;
            case "set":
                reply.Set(3);
                WriteThree(reply);
                return null;
            case "map":
                reply.Map(3);
                for (int i = 0; i < 3; i++)
                {
                    reply.Integer(i);
                    reply.Boolean(i == 1);
                }

                return null;
            case "attrib":
                WriteAttribute(reply);
                return null;
            case "push":
                reply.Push(2);
                reply.Bulk("server-cpu-usage"u8);
                reply.Integer(42);
                return null;
            case "verbatim":
                reply.Verbatim("txt"u8, "This is a verbatim\nstring"u8);
                return null;
            case "bignum":
                reply.BigNumber("1234567999999999999999999999999999999"u8);
                return null;
            case "true":
                reply.Boolean(true);
                return null;
            case "false":
                reply.Boolean(false);
                return null;
            default:
                return new CommandError("Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
        }
    }

    private static void WriteThree(RespWriter reply)
    {
        reply.Integer(0);
        reply.Integer(1);
        reply.Integer(2);
    }

    private static void WriteAttribute(RespWriter reply)
    {
        if (reply.Protocol < 3)
        {
            reply.Bulk("Some real reply following the attribute"u8);
            return;
        }

        reply.Raw("|1\r\n"u8);
        reply.Bulk("key-popularity"u8);
        reply.Array(2);
        reply.Bulk("key:123"u8);
        reply.Integer(90);
        reply.Bulk("Some real reply following the attribute"u8);
    }
}
