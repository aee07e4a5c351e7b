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
        WriteWords(reply, []);
        WriteKeySpecifications(reply, command);
        reply.Array(command.Subcommands.Count);
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

    /// <summary>The command's ACL categories, without the @, in Redis's order.</summary>
    public static IReadOnlyList<string> CategoriesOf(Command command)
    {
        var categories = new HashSet<string>(command.Categories, StringComparer.Ordinal);
        if (GroupCategory(command.Group) is { } category)
        {
            categories.Add(category);
        }

        AddIf(command.Flags.HasFlag(CommandFlags.Write), "write");
        AddIf(command.Flags.HasFlag(CommandFlags.ReadOnly) && command.Group != CommandGroup.Scripting, "read");
        AddIf(command.Flags.HasFlag(CommandFlags.Admin), "admin");
        AddIf(command.Flags.HasFlag(CommandFlags.Admin), "dangerous");
        AddIf(command.Flags.HasFlag(CommandFlags.PubSub), "pubsub");
        AddIf(command.Flags.HasFlag(CommandFlags.Blocking), "blocking");
        categories.Add(command.Flags.HasFlag(CommandFlags.Fast) ? "fast" : "slow");
        return [.. Order.Where(categories.Contains)];

        void AddIf(bool isSo, string name)
        {
            if (isSo)
            {
                categories.Add(name);
            }
        }
    }

    private static readonly string[] Order =
    [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow",
        "blocking", "dangerous", "connection", "transaction", "scripting",
    ];

    /// <summary>Writes what a command does with one of its keys.</summary>
    public static void WriteKeyFlags(RespWriter reply, Command command, int position, IReadOnlyList<int> positions)
    {
        _ = position;
        _ = positions;
        WriteWords(reply, KeyFlags(command));
    }

    private static string[] KeyFlags(Command command) => command.Flags.HasFlag(CommandFlags.Write) ? ["RW", "update"] : ["RO", "access"];

    private static void WriteKeySpecifications(RespWriter reply, Command command)
    {
        if (command.Keys.First == 0)
        {
            reply.Set(0);
            return;
        }

        reply.Set(1);
        reply.Map(3);
        reply.Bulk("flags"u8);
        WriteWords(reply, KeyFlags(command));
        reply.Bulk("begin_search"u8);
        reply.Map(2);
        reply.Bulk("type"u8);
        reply.Bulk("index"u8);
        reply.Bulk("spec"u8);
        reply.Map(1);
        reply.Bulk("index"u8);
        reply.Integer(command.Keys.First);
        reply.Bulk("find_keys"u8);
        reply.Map(2);
        reply.Bulk("type"u8);
        reply.Bulk("range"u8);
        reply.Bulk("spec"u8);
        reply.Map(3);
        reply.Bulk("lastkey"u8);
        reply.Integer(command.Keys.Last < 0 ? command.Keys.Last : command.Keys.Last - command.Keys.First);
        reply.Bulk("keystep"u8);
        reply.Integer(command.Keys.Step);
        reply.Bulk("limit"u8);
        reply.Integer(0);
    }

    private static void WriteWords(RespWriter reply, string[] words)
    {
        reply.Set(words.Length);
        foreach (string word in words)
        {
            reply.Simple(Encoding.ASCII.GetBytes(word));
        }
    }

    private static string GroupName(CommandGroup group) => group switch
    {
        CommandGroup.SortedSet => "sorted-set",
        _ => group.ToString().ToLowerInvariant(),
    };

    private static string? GroupCategory(CommandGroup group) => group switch
    {
        CommandGroup.Generic => "keyspace",
        CommandGroup.String => "string",
        CommandGroup.List => "list",
        CommandGroup.Set => "set",
        CommandGroup.SortedSet => "sortedset",
        CommandGroup.Hash => "hash",
        CommandGroup.Stream => "stream",
        CommandGroup.HyperLogLog => "hyperloglog",
        CommandGroup.Geo => "geo",
        CommandGroup.Bitmap => "bitmap",
        CommandGroup.PubSub => "pubsub",
        CommandGroup.Transactions => "transaction",
        CommandGroup.Connection => "connection",
        CommandGroup.Scripting => "scripting",
        _ => null,
    };
}
