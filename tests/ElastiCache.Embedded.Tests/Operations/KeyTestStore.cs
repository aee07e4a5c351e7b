using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Tests.Commands;
using Microsoft.Extensions.Time.Testing;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>A store under a clock that stands still, with its log, and the operations by text.</summary>
internal sealed class KeyTestStore : IDisposable
{
    public const long Start = 1_767_225_600_000;        // 2026-01-01

    private JournalTicket _ticket;
    private int _loggedDatabase;

    public KeyTestStore(int shards = 4, long maxBytes = 1L << 30, bool evicts = false, int databases = 16)
    {
        Time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(Start));
        Store = new Store(shards, databases, new MemoryBudget(maxBytes, evicts), new CacheClock(Time), evicts ? EvictionPolicies.EvictorOf(EvictionPolicy.AllKeysAdaptive) : null, tracksAccess: true);
        Journal = new RecordingJournal(shards);
        Store.Journal = Journal;
        Strings = new StringOperations(Store);
        Edits = new StringEdits(Store);
        Keys = new KeyOperations(Store);
        Expiry = new ExpireOperations(Store);
        Scans = new ScanOperations(Store, new Random(1));
        Databases = new DatabaseOperations(Store);
        Objects = new ObjectOperations(Store);
    }

    public FakeTimeProvider Time { get; }

    public Store Store { get; }

    public RecordingJournal Journal { get; }

    public StringOperations Strings { get; }

    public StringEdits Edits { get; }

    public KeyOperations Keys { get; }

    public ExpireOperations Expiry { get; }

    public ScanOperations Scans { get; }

    public DatabaseOperations Databases { get; }

    public ObjectOperations Objects { get; }

    public long Now => Store.Clock.UnixMilliseconds;

    /// <summary>The commands that were logged since the last look, one a line.</summary>
    public string Log() => string.Join('\n', TakeLog());

    /// <summary>The commands that were logged since the last look.</summary>
    public List<LoggedCommand> TakeLog()
    {
        List<LoggedCommand> log = LoggedCommand.Follow(Journal.Commands, ref _loggedDatabase);
        Journal.Drain();
        return log;
    }

    public void Set(string key, string value, int database = 0, long deadline = Record.NoExpiry, uint flags = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        Strings.Set(database, probe, Encoding.UTF8.GetBytes(value), new SetArguments { Deadline = deadline, Marks = new EntryMarks(flags) }, ref _ticket);
    }

    public long Append(string key, string value, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Edits.Append(database, probe, Encoding.UTF8.GetBytes(value), ref _ticket);
    }

    public string? Get(string key, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        var reader = default(ArrayReader);
        return Strings.TryRead(database, probe, ref reader) ? Encoding.UTF8.GetString(reader.Value) : null;
    }

    public long Delete(params string[] keys) => Delete(0, keys);

    public long Delete(int database, string[] keys) => Keys.Delete(database, new TextKeys(keys), ref _ticket);

    public bool DeleteOne(string key, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Keys.Delete(database, probe, ref _ticket);
    }

    public long Exists(params string[] keys) => Keys.Exists(0, new TextKeys(keys));

    public ValueKind Type(string key, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Keys.Type(database, probe);
    }

    public RenameOutcome Rename(string source, string destination, bool onlyIfAbsent = false, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(source), out KeyProbe from);
        KeyProbe.Create(Encoding.UTF8.GetBytes(destination), out KeyProbe to);
        return Keys.Rename(database, from, to, onlyIfAbsent, ref _ticket);
    }

    public bool Copy(string source, string destination, bool replace = false, int from = 0, int to = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(source), out KeyProbe sourceKey);
        KeyProbe.Create(Encoding.UTF8.GetBytes(destination), out KeyProbe destinationKey);
        return Keys.Copy(from, sourceKey, to, destinationKey, replace, ref _ticket);
    }

    public bool Move(string key, int to, int from = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Keys.Move(from, probe, to, ref _ticket);
    }

    public bool Expire(string key, long deadline, ExpireCondition condition = ExpireCondition.Always, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Expiry.Expire(database, probe, deadline, condition, ref _ticket);
    }

    public KeyDeadline Deadline(string key, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Expiry.Deadline(database, probe);
    }

    public bool Persist(string key, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Expiry.Persist(database, probe, ref _ticket);
    }

    public void Swap(int a, int b) => Databases.Swap(a, b, ref _ticket);

    public Task Flush(int database, FlushMode mode = FlushMode.Synchronous) => Databases.Flush(database, mode, ref _ticket);

    public Task FlushAll(FlushMode mode = FlushMode.Synchronous) => Databases.FlushAll(mode, ref _ticket);

    public string? Encoded(string key, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        return Objects.Encoding(database, probe);
    }

    /// <summary>All keys that match, sorted.</summary>
    public List<string> KeysLike(string pattern, int database = 0)
    {
        var sink = new ListSink([]);
        Scans.Keys(database, Encoding.UTF8.GetBytes(pattern), ref sink);
        sink.Keys.Sort(StringComparer.Ordinal);
        return sink.Keys;
    }

    /// <summary>One step of a scan.</summary>
    public ulong Scan(ulong cursor, List<string> keys, long count = ScanArguments.DefaultCount, string? match = null, ValueKind? kind = null, int database = 0)
    {
        var sink = new ListSink(keys);
        var arguments = new ScanArguments
        {
            Count = count, HasPattern = match != null, Pattern = Encoding.UTF8.GetBytes(match ?? ""), Kind = kind,
        };
        return Scans.Scan(database, cursor, arguments, ref sink);
    }

    public string? RandomKey(int database = 0) => Scans.RandomKey(database) is { } key ? Encoding.UTF8.GetString(key) : null;

    /// <summary>What a look at the record shows beside the value.</summary>
    public RecordExtras Extras(string key, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        bool found = shard.TryFind(database, probe, out Entry entry);
        RecordExtras extras = found ? entry.Extras : default;
        shard.Exit();
        Assert.True(found, $"no {key}");
        return extras;
    }

    /// <summary>Stores an entry of any kind, with whatever a record can have.</summary>
    public void Put(string key, ValueKind kind, byte[] value, in RecordExtras extras, int database = 0)
    {
        KeyProbe.Create(Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        using var write = new KeyWrite(Store, database, probe, ref _ticket);
        write.TryFind(probe, out Entry current);
        PendingRecord pending = write.Shard.Prepare(current, kind, probe, value.Length, extras);
        value.CopyTo(pending.Value);
        write.Shard.Publish(database, current, probe, pending);
    }

    /// <summary>Everything, one entry a line, sorted.</summary>
    public List<string> Dump()
    {
        var lines = new List<string>();
        for (int database = 0; database < Store.DatabaseCount; database++)
        {
            foreach (string key in KeysLike("*", database))
            {
                ValueKind kind = Type(key, database);
                string value = kind == ValueKind.String ? $"{Get(key, database)} ({Encoded(key, database)})" : TypeNames.Of(kind);
                lines.Add($"{database} {key} = {value} until {Deadline(key, database).UnixTime(inSeconds: false)}");
            }
        }

        return lines;
    }

    /// <summary>Loads a log, as recovery does.</summary>
    public void Replay(IEnumerable<LoggedCommand> log)
    {
        Store.Journal = null;
        Store.IsLoading = true;
        var replay = new CommandReplay(Store);
        foreach (LoggedCommand command in log)
        {
            Assert.Null(replay.Apply(command.Database, command.ToArguments()));
        }

        Store.IsLoading = false;
        Store.Journal = Journal;
    }

    public void Dispose() => Store.Dispose();

    private readonly struct ListSink(List<string> keys) : IKeySink
    {
        public List<string> Keys => keys;

        public void Take(ReadOnlySpan<byte> key) => keys.Add(Encoding.UTF8.GetString(key));
    }
}
