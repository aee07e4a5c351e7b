using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>The replies of the HELP subcommands.</summary>
internal static class CommandHelp
{
    /// <summary>Writes a container's help: a first line with its name, the lines given, and HELP itself.</summary>
    public static void Write(RespWriter reply, string container, ReadOnlySpan<string> lines)
    {
        reply.Array(lines.Length + 3);
        reply.Simple(System.Text.Encoding.UTF8.GetBytes($"{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
        foreach (string line in lines)
        {
            reply.Simple(System.Text.Encoding.UTF8.GetBytes(line));
        }

        reply.Simple("HELP"u8);
        reply.Simple("    Prints this help."u8);
    }
}
