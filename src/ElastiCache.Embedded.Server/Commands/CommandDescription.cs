using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Server.Connections;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>How COMMAND describes a command.</summary>
internal static class CommandDescription
{
    private static readonly (CommandFlags Flag, string Name)[] FlagNames =
    [
        (CommandFlags.Write, "write"), (CommandFlags.ReadOnly, "readonly"), (CommandFlags.DenyOutOfMemory, "denyoom"), (CommandFlags.Admin, "admin"),
        (CommandFlags.PubSub, "pubsub"), (CommandFlags.NoScript, "noscript"), (CommandFlags.Blocking, "blocking"), (CommandFlags.Loading, "loading"),
        (CommandFlags.Stale, "stale"), (CommandFlags.SkipMonitor, "skip_monitor"), (CommandFlags.SkipSlowLog, "skip_slowlog"), (CommandFlags.Fast, "fast"),
        (CommandFlags.NoAuthentication, "no_auth"), (CommandFlags.MayReplicate, "may_replicate"), (CommandFlags.NoAsyncLoading, "no_async_loading"),
        (CommandFlags.NoMulti, "no_multi"), (CommandFlags.MovableKeys, "movablekeys"), (CommandFlags.AllowBusy, "allow_busy"),
        (CommandFlags.NoMandatoryKeys, "no_mandatory_keys"),
    ];

    /// <summary>Writes the array of ten that COMMAND and COMMAND INFO show.</summary>
    public static void Write(RespWriter reply, Command command)
    {
        reply.Array(10);
        reply.Bulk(ClientContext.NameOf(command));
        reply.Integer(command.Arity);
        WriteWords(reply, [.. FlagNames.Where(pair => command.Flags.HasFlag(pair.Flag)).Select(pair => pair.Name)]);
        reply.Integer(command.Keys.First);
        reply.Integer(command.Keys.Last);
        reply.Integer(command.Keys.Step);
        WriteWords(reply, [.. CategoriesOf(command).Select(category => $"@{category}")]);
        CommandFacts? facts = CommandFacts.Find(ClientContext.NameOf(command));
        WriteBulks(reply, facts?.Tips ?? []);
        WriteSet(reply, facts?.Specifications ?? []);
        reply.Set(command.Subcommands.Count);
        foreach (Command sub in command.Subcommands)
        {
            Write(reply, sub);
        }
    }

    /// <summary>Writes the map that COMMAND DOCS shows.</summary>
    public static void WriteDocumentation(RespWriter reply, Command command)
    {
        reply.Map(command.Subcommands.Count > 0 ? 5 : 4);
        reply.Bulk("summary"u8);
        reply.Bulk(command.Summary);
        reply.Bulk("since"u8);
        reply.Bulk(command.Since);
        reply.Bulk("group"u8);
        reply.Bulk(GroupName(command.Group));
        reply.Bulk("complexity"u8);
        reply.Bulk(command.Complexity);
        if (command.Subcommands.Count > 0)
        {
            reply.Bulk("subcommands"u8);
            reply.Map(command.Subcommands.Count);
            foreach (Command sub in command.Subcommands)
            {
                reply.Bulk(ClientContext.NameOf(sub));
                WriteDocumentation(reply, sub);
            }
        }
    }

    /// <summary>The command's ACL categories, without the @.</summary>
    public static IReadOnlyList<string> CategoriesOf(Command command) =>
        CommandFacts.Find(ClientContext.NameOf(command))?.Categories ?? [command.Flags.HasFlag(CommandFlags.Fast) ? "fast" : "slow", .. command.Categories];

    /// <summary>Writes what a command does with one of its keys.</summary>
    public static void WriteKeyFlags(RespWriter reply, Command command, int position, scoped in CommandArguments arguments)
    {
        foreach (KeySpecification specification in CommandFacts.Find(ClientContext.NameOf(command))?.Specifications ?? [])
        {
            if (specification.Covers(position, arguments))
            {
                WriteWords(reply, specification.Flags.Contains("variable_flags") ? FlagsOf(arguments) : specification.Flags);
                return;
            }
        }

        WriteWords(reply, command.Flags.HasFlag(CommandFlags.Write) ? ["RW", "access", "update"] : ["RO", "access"]);
    }

    // SET and BITFIELD do with their key what their options say.
    private static string[] FlagsOf(scoped in CommandArguments arguments)
    {
        bool isSet = arguments.Is(0, "SET"u8);
        bool reads = !isSet;
        bool writes = isSet;
        for (int i = isSet ? 3 : 2; i < arguments.Count; i++)
        {
            reads |= arguments.Is(i, "GET"u8);
            writes |= arguments.Is(i, "SET"u8) || arguments.Is(i, "INCRBY"u8);
        }

        return !writes ? ["RO", "access"] : reads ? ["RW", "access", "update"] : ["OW", "update"];
    }

    private static void WriteSpecification(RespWriter reply, KeySpecification specification)
    {
        reply.Map(3);
        reply.Bulk("flags"u8);
        WriteWords(reply, specification.Flags);
        reply.Bulk("begin_search"u8);
        switch (specification.Begin[0])
        {
            case 'i':
                WriteStep(reply, "index", ("index", specification.BeginNumber));
                break;
            case 'k':
                BeginStep(reply, "keyword", 2);
                reply.Bulk("keyword"u8);
                reply.Bulk(specification.Keyword);
                reply.Bulk("startfrom"u8);
                reply.Integer(specification.BeginNumber);
                break;
            default:
                WriteStep(reply, "unknown");
                break;
        }

        reply.Bulk("find_keys"u8);
        switch (specification.Find[0])
        {
            case 'r':
                int[] range = specification.FindNumbers;
                WriteStep(reply, "range", ("lastkey", range[0]), ("keystep", range[1]), ("limit", range[2]));
                break;
            case 'n':
                int[] count = specification.FindNumbers;
                WriteStep(reply, "keynum", ("keynumidx", count[0]), ("firstkey", count[1]), ("keystep", count[2]));
                break;
            default:
                WriteStep(reply, "unknown");
                break;
        }
    }

    private static void WriteStep(RespWriter reply, string type, params ReadOnlySpan<(string Name, int Value)> fields)
    {
        BeginStep(reply, type, fields.Length);
        foreach ((string name, int value) in fields)
        {
            reply.Bulk(name);
            reply.Integer(value);
        }
    }

    private static void BeginStep(RespWriter reply, string type, int fields)
    {
        reply.Map(2);
        reply.Bulk("type"u8);
        reply.Bulk(type);
        reply.Bulk("spec"u8);
        reply.Map(fields);
    }

    private static void WriteWords(RespWriter reply, string[] words)
    {
        reply.Set(words.Length);
        foreach (string word in words)
        {
            reply.Simple(Encoding.ASCII.GetBytes(word));
        }
    }

    private static void WriteBulks(RespWriter reply, string[] words)
    {
        reply.Set(words.Length);
        foreach (string word in words)
        {
            reply.Bulk(word);
        }
    }

    private static void WriteSet(RespWriter reply, KeySpecification[] specifications)
    {
        reply.Set(specifications.Length);
        foreach (KeySpecification specification in specifications)
        {
            WriteSpecification(reply, specification);
        }
    }

    private static string GroupName(CommandGroup group) => group == CommandGroup.SortedSet ? "sorted-set" : group.ToString().ToLowerInvariant();
}
