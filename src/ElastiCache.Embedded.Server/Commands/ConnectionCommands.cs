using System.Security.Cryptography;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>Commands on the connection itself.</summary>
internal static class ConnectionCommands
{
    /// <summary>The version of Redis that commands and replies are those of.</summary>
    public const string RedisVersion = "7.0.15";

    private const CommandFlags First =
        CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast | CommandFlags.NoAuthentication | CommandFlags.AllowBusy;

    private static readonly CommandError WrongPassword = new("WRONGPASS", "invalid username-password pair or user is disabled.");

    public static readonly Command[] Rows =
    [
        new("PING", -1, CommandFlags.Fast, KeyPositions.None, Ping, "Answers PONG, or what it was given.") { Complexity = "O(1)" },
        new("ECHO", 2, CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast, KeyPositions.None, Echo, "Answers what it was given.") { Complexity = "O(1)" },
        new("SELECT", 2, CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast, KeyPositions.None, Select, "Chooses the connection's database.") { Complexity = "O(1)" },
        new("QUIT", -1, First, KeyPositions.None, Quit, "Ends the connection.") { Complexity = "O(1)", IsRunInTransactions = true },
        new("AUTH", -2, First, KeyPositions.None, Authenticate, "Authenticates the connection.") { Complexity = "O(1)" },
        new("HELLO", -1, First, KeyPositions.None, Hello, "Chooses the protocol's version.") { Since = "6.0.0", Complexity = "O(1)" },
        new("RESET", 1, First, KeyPositions.None, Reset, "Puts the connection back into the state of a new one.") { Since = "6.2.0", Complexity = "O(1)", IsRunInTransactions = true },
    ];

    private static CommandError? Ping(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count > 2)
        {
            return CommandError.WrongNumberOfArguments(arguments);
        }

        ClientContext client = context.Client();
        if (client.IsSubscriber && context.Reply.Protocol == 2)
        {
            // A subscriber tells a reply from a message by its form.
            context.Reply.Array(2);
            context.Reply.Bulk("pong"u8);
            context.Reply.Bulk(arguments.Count == 2 ? arguments[1] : default);
        }
        else if (arguments.Count == 2)
        {
            context.Reply.Bulk(arguments[1]);
        }
        else
        {
            context.Reply.Raw("+PONG\r\n"u8);
        }

        return null;
    }

    private static CommandError? Echo(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Bulk(arguments[1]);
        return null;
    }

    private static CommandError? Select(CommandContext context, scoped in CommandArguments arguments)
    {
        if (context.ReadDatabase(arguments, 1, out int database) is { } error)
        {
            return error;
        }

        context.Database = database;
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Quit(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Client().ClosesAfterReply = true;
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Reset(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Client().Reset();
        context.Reply.Simple("RESET"u8);
        return null;
    }

    private static CommandError? Authenticate(CommandContext context, scoped in CommandArguments arguments)
    {
        if (arguments.Count > 3)
        {
            return CommandError.Syntax;
        }

        ClientContext client = context.Client();
        if (arguments.Count == 2 && client.Server.Password == null)
        {
            return new CommandError("AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?");
        }

        ReadOnlySpan<byte> user = arguments.Count == 2 ? "default"u8 : arguments[1];
        if (!IsRight(client, user, arguments[arguments.Count - 1]))
        {
            return WrongPassword;
        }

        client.IsAuthenticated = true;
        context.Reply.Ok();
        return null;
    }

    private static CommandError? Hello(CommandContext context, scoped in CommandArguments arguments)
    {
        ClientContext client = context.Client();
        int next = 1;
        long version = context.Reply.Protocol;
        if (arguments.Count > 1)
        {
            next = 2;
            if (!arguments.TryInteger(1, out version))
            {
                return new CommandError("Protocol version is not an integer or out of range");
            }

            if (version is < 2 or > 3)
            {
                return new CommandError("NOPROTO", "unsupported protocol version");
            }
        }

        int user = 0;
        int name = 0;
        for (; next < arguments.Count; next++)
        {
            int more = arguments.Count - 1 - next;
            if (arguments.Is(next, "AUTH"u8) && more >= 2)
            {
                user = next + 1;
                next += 2;
            }
            else if (arguments.Is(next, "SETNAME"u8) && more >= 1)
            {
                name = ++next;
                if (!IsName(arguments[name]))
                {
                    return ClientCommands.NotAName;
                }
            }
            else
            {
                return new CommandError($"Syntax error in HELLO option '{Encoding.Latin1.GetString(arguments[next])}'");
            }
        }

        if (user != 0)
        {
            if (!IsRight(client, arguments[user], arguments[user + 1]))
            {
                return WrongPassword;
            }

            client.IsAuthenticated = true;
        }

        if (client.MustAuthenticate)
        {
            return new CommandError(
                "NOAUTH",
                "HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to " +
                "authenticate the client and select the RESP protocol version at the same time");
        }

        client.Name = name != 0 ? Encoding.UTF8.GetString(arguments[name]) : client.Name;
        client.SetProtocol((int)version);
        WriteGreeting(client);
        return null;
    }

    /// <summary>Whether a client may call itself so: printable ASCII without spaces.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) => !name.ContainsAnyExceptInRange((byte)'!', (byte)'~');

    private static void WriteGreeting(ClientContext client)
    {
        client.Reply.Map(7);
        client.Reply.Bulk("server"u8);
        client.Reply.Bulk("redis"u8);
        client.Reply.Bulk("version"u8);
        client.Reply.Bulk(RedisVersion);
        client.Reply.Bulk("proto"u8);
        client.Reply.Integer(client.Reply.Protocol);
        client.Reply.Bulk("id"u8);
        client.Reply.Integer(client.Id);
        client.Reply.Bulk("mode"u8);
        client.Reply.Bulk("standalone"u8);
        client.Reply.Bulk("role"u8);
        client.Reply.Bulk("master"u8);
        client.Reply.Bulk("modules"u8);
        client.Reply.Array(0);
    }

    // Without a password the default user may use any.
    private static bool IsRight(ClientContext client, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password) =>
        user.SequenceEqual("default"u8) &&
        (client.Server.Password is not { } right || CryptographicOperations.FixedTimeEquals(SHA256.HashData(right), SHA256.HashData(password)));
}
