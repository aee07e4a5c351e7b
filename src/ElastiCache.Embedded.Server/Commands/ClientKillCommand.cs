using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>CLIENT KILL, in its old form (an address) and its new one (filters, all of which must match).</summary>
internal static class ClientKillCommand
{
    public static CommandError? Run(CommandContext context, scoped in CommandArguments arguments)
    {
        ClientContext self = context.Client();
        if (arguments.Count == 3)
        {
            string address = Encoding.Latin1.GetString(arguments[2]);
            if (Kill(self, client => client.Address == address, skipsSelf: false) == 0)
            {
                return new CommandError("No such client");
            }

            context.Reply.Ok();
            return null;
        }

        if (arguments.Count % 2 != 0)
        {
            return CommandError.Syntax;
        }

        bool skipsSelf = true;
        var filters = new List<Func<ClientContext, bool>>();
        for (int i = 2; i < arguments.Count; i += 2)
        {
            if (ReadFilter(arguments, i, filters, ref skipsSelf) is { } error)
            {
                return error;
            }
        }

        context.Reply.Integer(Kill(self, client => filters.TrueForAll(filter => filter(client)), skipsSelf));
        return null;
    }

    private static CommandError? ReadFilter(scoped in CommandArguments arguments, int index, List<Func<ClientContext, bool>> filters, ref bool skipsSelf)
    {
        string value = Encoding.Latin1.GetString(arguments[index + 1]);
        switch (Encoding.Latin1.GetString(arguments[index]).ToUpperInvariant())
        {
            case "ID":
                if (!arguments.TryInteger(index + 1, out long id) || id < 1)
                {
                    return new CommandError("client-id should be greater than 0");
                }

                filters.Add(client => client.Id == id);
                return null;
            case "TYPE":
                if (ClientCommands.KindOf(arguments[index + 1]) is not { } kind)
                {
                    return ClientCommands.UnknownKind(arguments[index + 1]);
                }

                filters.Add(client => client.Kind == kind);
                return null;
            case "ADDR":
                filters.Add(client => client.Address == value);
                return null;
            case "LADDR":
                filters.Add(client => client.Connection.LocalAddress == value);
                return null;
            case "USER":
                return value == "default" ? null : new CommandError($"No such user '{value}'");
            case "SKIPME" when value.ToLowerInvariant() is "yes" or "no":
                skipsSelf = value.Equals("yes", StringComparison.OrdinalIgnoreCase);
                return null;
            default:
                return CommandError.Syntax;
        }
    }

    private static int Kill(ClientContext self, Func<ClientContext, bool> matches, bool skipsSelf)
    {
        int killed = 0;
        foreach (RespConnection connection in self.Server.Clients.All)
        {
            if (!matches(connection.Context) || (skipsSelf && connection.Context == self))
            {
                continue;
            }

            killed++;
            if (connection.Context == self)
            {
                self.ClosesAfterReply = true;   // it shall read that it was
            }
            else
            {
                connection.Kill();
            }
        }

        return killed;
    }
}
