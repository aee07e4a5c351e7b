using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Server.Hosting;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>The subcommands of DEBUG that look at keys or make some.</summary>
internal static class DebugDataCommands
{
    public static CommandError? Run(CommandContext context, string name, scoped in CommandArguments arguments)
    {
        switch (name)
        {
            case "DIGEST" when arguments.Count == 2:
                context.Reply.Simple(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(new DebugDigest(context.Store).OfAll())));
                return null;
            case "DIGEST-VALUE" when arguments.Count >= 2:
                return DigestValues(context, arguments);
            case "OBJECT" when arguments.Count is 3 or 4:
                return DescribeObject(context, arguments);
            case "SDSLEN" when arguments.Count == 3:
                return DescribeString(context, arguments);
            case "HTSTATS" when arguments.Count is 3 or 4:
                return DescribeDatabase(context, arguments);
            case "HTSTATS-KEY" when arguments.Count is 3 or 4:
                return DescribeTable(context, arguments);
            case "POPULATE" when arguments.Count is >= 3 and <= 5:
                return Populate(context, arguments);
            case "RELOAD":
                return Reload(context, arguments);
            case "LOADAOF" when arguments.Count == 2:
                return Flush(context);
            case "STRUCTSIZE" when arguments.Count == 2:
                context.Reply.Bulk(FormattableString.Invariant($"bits:{IntPtr.Size * 8} bucket:64 slots:7 header:5"));
                return null;
            case "SEGFAULT" or "PANIC" or "OOM" or "ASSERT" or "RESTART" or "CRASH-AND-RECOVER":
                return new CommandError("This server does not end itself for a test");
            case "CLIENT-EVICTION":
                return new CommandError("maxmemory-clients is disabled.");
            case "MALLCTL" or "MALLCTL-STR":
                return new CommandError("No such file or directory");
            default:
                return new CommandError($"unknown subcommand or wrong number of arguments for '{Encoding.Latin1.GetString(arguments[1])}'. Try DEBUG HELP.");
        }
    }

    private static CommandError? DigestValues(CommandContext context, scoped in CommandArguments arguments)
    {
        var digest = new DebugDigest(context.Store);
        context.Reply.Array(arguments.Count - 2);
        for (int i = 2; i < arguments.Count; i++)
        {
            context.Reply.Simple(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(digest.OfValue(context.Database, arguments[i].ToArray()))));
        }

        return null;
    }

    // The address is none: entries move. The length is that of the block.
    private static CommandError? DescribeObject(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        string? encoding = context.Objects.Encoding(context.Database, key);
        if (encoding == null)
        {
            return CommandError.NoSuchKey;
        }

        long idle = IdleSecondsOf(context, key);
        context.Reply.Simple(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"Value at:0x0 refcount:1 encoding:{encoding} serializedlength:{BytesOf(context, key)} lru:{((context.Client().Server.NowMilliseconds / 1000) - idle) & 0xFFFFFF} lru_seconds_idle:{idle}")));
        return null;
    }

    private static long IdleSecondsOf(CommandContext context, in KeyProbe key)
    {
        using var read = new KeyRead(context.Store, context.Database, key);
        return read.Shard.Tracker?.UseOf(context.Database, key.SlotHash).IdleSeconds ?? 0;
    }

    private static long BytesOf(CommandContext context, in KeyProbe key)
    {
        using var read = new KeyRead(context.Store, context.Database, key);
        return !read.TryFind(key, out Entry entry) ? 0
            : entry.Kind != ValueKind.String && read.Shard.ShellOf(entry) is { } shell ? shell.NativeBytes
            : entry.ValueLength;
    }

    private static CommandError? DescribeString(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        using var read = new KeyRead(context.Store, context.Database, key);
        if (!read.TryFind(key, out Entry entry))
        {
            return CommandError.NoSuchKey;
        }

        if (entry.Kind != ValueKind.String)
        {
            return new CommandError("Not an sds encoded string.");
        }

        context.Reply.Simple(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"key_sds_len:{key.Length}, key_sds_avail:0, key_zmalloc: {key.Length}, val_sds_len:{entry.ValueLength}, val_sds_avail:0, val_zmalloc: {entry.BlockBytes(read.Shard)}")));
        return null;
    }

    private static CommandError? DescribeDatabase(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long database) || database < 0 || database >= context.Store.DatabaseCount)
        {
            return new CommandError("Out of range database");
        }

        context.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"[Dictionary HT]\nshards: {context.Store.ShardCount}\n number of elements: {context.Store.Count((int)database)}\n")));
        return null;
    }

    private static CommandError? DescribeTable(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe key);
        using var read = new KeyRead(context.Store, context.Database, key);
        if (!read.TryFind(key, out Entry entry))
        {
            return CommandError.NoSuchKey;
        }

        if (entry.Kind == ValueKind.String || read.Shard.ShellOf(entry) is not { } shell)
        {
            return new CommandError("The value stored at the specified key is not represented using an hash table");
        }

        context.Reply.Verbatim("txt"u8, Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"Hash table 0 stats (main hash table):\n number of elements: {shell.Count}\n bytes: {shell.NativeBytes}\n")));
        return null;
    }

    private static CommandError? Populate(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long count) || count < 0)
        {
            return CommandError.NotAnInteger;
        }

        long size = 0;
        if (arguments.Count == 5 && (!arguments.TryInteger(4, out size) || size is < 0 or > int.MaxValue))
        {
            return CommandError.NotAnInteger;
        }

        string prefix = arguments.Count > 3 ? Encoding.Latin1.GetString(arguments[3]) : "key";
        byte[] value = new byte[Math.Max(size, 32)];
        for (long i = 0; i < count; i++)
        {
            byte[] key = Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{prefix}:{i}"));
            Array.Clear(value);
            int length = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"value:{i}"), value);
            KeyProbe.Create(key, out KeyProbe probe);
            context.Strings.Set(
                context.Database, probe, value.AsSpan(0, size == 0 ? length : (int)size), new SetArguments { Condition = SetCondition.IfAbsent }, ref context.Ticket);
        }

        context.Reply.Ok();
        return null;
    }

    // Redis writes its data out and reads them again, to test both. With a log, what is in it is what is in memory, or a test of recovery would fail.
    private static CommandError? Reload(CommandContext context, scoped in CommandArguments arguments)
    {
        bool saves = true, flushes = true, merges = false;
        for (int i = 2; i < arguments.Count; i++)
        {
            if (arguments.Is(i, "NOSAVE"u8))
            {
                saves = false;
            }
            else if (arguments.Is(i, "NOFLUSH"u8))
            {
                flushes = false;
            }
            else if (arguments.Is(i, "MERGE"u8))
            {
                merges = true;
            }
            else
            {
                return new CommandError("DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
            }
        }

        if (context.Client().Server.Cache.Log != null || context.DeniesWaiting)
        {
            return Flush(context);
        }

        context.Client().Pending = new PendingReply(ReloadAsync(context.Client().Server, saves, flushes, merges));
        return null;
    }

    // Null, or the error.
    private static async Task<string?> ReloadAsync(ServerState server, bool saves, bool flushes, bool merges)
    {
        try
        {
            if (saves)
            {
                if (server.Snapshots.TrySave(isBackground: false) is not { } save)
                {
                    return "ERR Background save already in progress";
                }

                await save.ConfigureAwait(false);
            }

            if (flushes)
            {
                server.Cache.FlushAll();
            }

            await server.Cache.ImportAsync(server.Snapshots.Path, merges || !flushes ? ImportMode.Replace : ImportMode.Keep).ConfigureAwait(false);
            server.Snapshots.NoteLoaded();
            return null;
        }
        catch (Exception e) when (e is IOException or CacheException or InvalidOperationException)
        {
            return $"ERR Error trying to load the RDB dump: {e.Message}";
        }
    }

    private static CommandError? Flush(CommandContext context)
    {
        ServerState server = context.Client().Server;
        if (server.Cache.Log == null || context.DeniesWaiting)
        {
            context.Reply.Ok();
        }
        else
        {
            context.Client().Pending = new PendingReply(PendingReply.OutcomeOfAsync(server.Cache.FlushAsync().AsTask()));
        }

        return null;
    }
}
