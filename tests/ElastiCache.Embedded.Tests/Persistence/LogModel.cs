using System.Buffers;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Rdb;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>The plainest store there is: what the log is replayed into, and what it is compared with.</summary>
internal sealed class ModelStore : IReplayTarget
{
    public Dictionary<(int Database, string Key), string> Entries { get; } = [];

    /// <summary>Commands in the order in which they came.</summary>
    public List<string> Applied { get; } = [];

    /// <summary>Off where millions of commands are replayed.</summary>
    public bool KeepsApplied { get; init; } = true;

    public string? Apply(int database, scoped in CommandArguments command)
    {
        string name = Text(command.Name).ToUpperInvariant();
        if (KeepsApplied)
        {
            var all = new List<string> { database.ToString(CultureInfo.InvariantCulture), name };
            for (int i = 1; i < command.Count; i++)
            {
                all.Add(Text(command[i]));
            }

            Applied.Add(string.Join(' ', all));
        }

        switch (name)
        {
            case "SET":
                Entries[(database, Text(command[1]))] = Text(command[2]);
                return null;
            case "DEL":
                Entries.Remove((database, Text(command[1])));
                return null;
            default:
                return $"the command '{name}' is not known";
        }
    }

    public EncodingLimits Encodings { get; } = new();

    public string? Load(in RdbEntry entry)
    {
        if (KeepsApplied)
        {
            Applied.Add($"{entry.Database} LOAD {Text(entry.Key)} {Text(entry.Bytes)}");
        }

        Entries[((int)entry.Database, Text(entry.Key))] = Text(entry.Bytes);
        return null;
    }

    public string? EndLoad() => null;

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}

/// <summary>Snapshots of a plain dictionary: a moment is a copy.</summary>
internal sealed class ModelSource(Func<IReadOnlyDictionary<(int Database, string Key), string>> state) : IRewriteSource
{
    /// <summary>Called just before the moment: what somebody writes who is faster than the locks.</summary>
    public Action? BeforeMoment { get; set; }

    /// <summary>Moments that were neither written nor given up.</summary>
    public int Open { get; private set; }

    public IStoreMoment? TryBegin(Action atMoment)
    {
        BeforeMoment?.Invoke();
        atMoment();
        Open++;
        return new Moment(this, new Dictionary<(int, string), string>(state()));
    }

    private sealed class Moment(ModelSource source, Dictionary<(int Database, string Key), string> entries) : IStoreMoment
    {
        public long Write(RdbFileWriter file, CancellationToken cancellationToken)
        {
            source.Open--;
            cancellationToken.ThrowIfCancellationRequested();
            foreach (((int database, string key), string value) in entries.OrderBy(entry => entry.Key))
            {
                var bytes = new ArrayBufferWriter<byte>();
                var writer = new RdbWriter(bytes, compresses: true);
                writer.Byte(RdbOpcode.Database);
                writer.Number((ulong)database);
                writer.Byte((byte)RdbType.String);
                writer.String(Encoding.Latin1.GetBytes(key));
                writer.String(Encoding.Latin1.GetBytes(value));
                file.Write(bytes.WrittenSpan);
            }

            file.Finish();
            return entries.Count;
        }

        public void Discard() => source.Open--;
    }
}

/// <summary>Locks of a store that isn't there. Real locks, so that concurrency tests mean something.</summary>
internal sealed class FakeShards(int count) : IShardLocks
{
    private readonly Lock[] _locks = [.. Enumerable.Range(0, count).Select(_ => new Lock())];

    public int Count => count;

    /// <summary>Called before the log's writer takes a shard: what a racing caller might do just then.</summary>
    public Action<int>? BeforeEnter { get; set; }

    public void Enter(int shard)
    {
        BeforeEnter?.Invoke(shard);
        _locks[shard].Enter();
    }

    public void Exit(int shard) => _locks[shard].Exit();

    public Lock this[int shard] => _locks[shard];
}

/// <summary>Writes effects as the store's operations would.</summary>
internal static class EffectsOfTests
{
    public static JournalTicket Set(this AppendLog log, FakeShards shards, int shard, string key, string value, int database = 0)
    {
        lock (shards[shard])
        {
            log[shard].Begin(database, 3).Argument("SET"u8).Argument(Encoding.Latin1.GetBytes(key)).Argument(Encoding.Latin1.GetBytes(value));
            return log.Complete(shard);
        }
    }

    public static JournalTicket SetAll(this AppendLog log, FakeShards shards, ReadOnlySpan<int> ascending, Func<int, string> keyOf, string value, int database = 0)
    {
        foreach (int shard in ascending)
        {
            shards[shard].Enter();
        }

        try
        {
            EffectBuffer block = log.BeginBlock(ascending);
            foreach (int shard in ascending)
            {
                block.Begin(database, 3).Argument("SET"u8).Argument(Encoding.Latin1.GetBytes(keyOf(shard))).Argument(Encoding.Latin1.GetBytes(value));
            }

            return log.CompleteBlock(block);
        }
        finally
        {
            foreach (int shard in ascending)
            {
                shards[shard].Exit();
            }
        }
    }
}
