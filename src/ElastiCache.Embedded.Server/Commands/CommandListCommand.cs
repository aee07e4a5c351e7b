using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>COMMAND LIST, with its filters.</summary>
internal static class CommandListCommand
{
    public static CommandError? Run(CommandContext context, scoped in CommandArguments arguments)
    {
        IEnumerable<Command> all = context.Client().Server.Table.All.SelectMany(command => command.Subcommands.Prepend(command));
        if (arguments.Count == 5 && arguments.Is(2, "FILTERBY"u8))
        {
            byte[] value = arguments[4].ToArray();
            string text = Encoding.Latin1.GetString(value);
            if (arguments.Is(3, "MODULE"u8))
            {
                all = [];
            }
            else if (arguments.Is(3, "ACLCAT"u8))
            {
                all = all.Where(command => CommandDescription.CategoriesOf(command).Contains(text, StringComparer.OrdinalIgnoreCase));
            }
            else if (arguments.Is(3, "PATTERN"u8))
            {
                all = all.Where(command => Glob.IsMatch(value, Encoding.ASCII.GetBytes(ClientContext.NameOf(command)), ignoreCase: true));
            }
            else
            {
                return CommandError.Syntax;
            }
        }
        else if (arguments.Count != 2)
        {
            return CommandError.Syntax;
        }

        List<string> names = [.. all.Select(ClientContext.NameOf)];
        context.Reply.Array(names.Count);
        foreach (string name in names)
        {
            context.Reply.Bulk(name);
        }

        return null;
    }
}
