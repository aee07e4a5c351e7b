using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>Memcached's view: flags, and storing on condition of a version.</summary>
public sealed class StringVersionTests : IDisposable
{
    private readonly StringCommandRunner _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void The_first_ask_gives_a_version_that_stays_until_the_value_changes()
    {
        _store.Run("SET k v PXAT 99999999999999");
        _store.Journal.Drain();

        ulong version = VersionOf("k");
        Assert.NotEqual(0u, version);
        Assert.Equal(version, VersionOf("k"));
        Assert.Equal("\"v\"", _store.Run("GET k"));
        Assert.Equal(99999999999999, _store.Look("k")!.Value.Deadline);
        Assert.Empty(_store.Journal.Drain());

        var seen = new HashSet<ulong> { version };
        foreach (string command in new[] { "SET k 1", "INCRBY k 1", "APPEND k 0", "SETRANGE k 0 9", "INCRBYFLOAT k 1", "GETSET k x", "SETBIT k 0 1", "BITFIELD k SET u8 0 7", "BITOP NOT k k", "MSET k y" })
        {
            _store.Run(command);
            Assert.True(seen.Add(VersionOf("k")), command);
        }
    }

    [Fact]
    public void A_new_deadline_does_not_change_the_version()
    {
        _store.Run("SET k v");
        ulong version = VersionOf("k");

        _store.Run("GETEX k PX 5000");
        Assert.Equal(version, VersionOf("k"));
        _store.Run("GETEX k PERSIST");
        Assert.Equal(version, VersionOf("k"));
    }

    [Fact]
    public void A_key_that_was_deleted_and_set_again_has_another_version()
    {
        _store.Run("SET k v");
        ulong version = VersionOf("k");
        _store.Run("GETDEL k");
        _store.Run("SET k v");

        Assert.Equal(CompareAndSetOutcome.Changed, CompareAndSet("k", "w", version));
        Assert.NotEqual(version, VersionOf("k"));
    }

    [Fact]
    public void A_value_is_stored_only_over_the_version_that_was_read()
    {
        Assert.Equal(CompareAndSetOutcome.NotFound, CompareAndSet("k", "w", 1));
        _store.Run("SET k v");
        Assert.Equal(CompareAndSetOutcome.Changed, CompareAndSet("k", "w", 0));
        ulong version = VersionOf("k");
        _store.Journal.Drain();

        Assert.Equal(CompareAndSetOutcome.Changed, CompareAndSet("k", "w", version + 1));
        Assert.Equal(CompareAndSetOutcome.Stored, CompareAndSet("k", "w", version));
        Assert.Equal(CompareAndSetOutcome.Changed, CompareAndSet("k", "x", version));

        Assert.Equal("\"w\"", _store.Run("GET k"));
        Assert.Equal(["SET k w"], _store.Journal.Drain());
    }

    [Fact]
    public void A_version_can_be_had_with_the_first_store()
    {
        KeyProbe.Create("k"u8, out KeyProbe key);
        _store.Strings.Set(0, key, "v"u8, new SetArguments { AssignVersion = true, Marks = new EntryMarks(5) }, ref _store.Ticket);
        var reader = default(VersionProbe);

        _store.Strings.TryRead(0, key, ref reader);

        Assert.NotEqual(0u, reader.Version);
        Assert.Equal(5u, _store.Look("k")!.Value.Flags);
    }

    [Fact]
    public void Flags_are_those_of_the_last_store_and_survive_edits_and_counting()
    {
        KeyProbe.Create("k"u8, out KeyProbe key);
        _store.Strings.Set(0, key, "1"u8, new SetArguments { Marks = new EntryMarks(uint.MaxValue) }, ref _store.Ticket);

        foreach (string command in new[] { "INCRBY k 1", "APPEND k 1", "INCRBYFLOAT k 1", "TRYAPPEND k 0", "TRYPREPEND k 1", "GETEX k PX 1000" })
        {
            _store.Run(command);
            Assert.Equal(uint.MaxValue, _store.Look("k")!.Value.Flags);
        }

        _store.Run("SET k x");
        Assert.Equal(0u, _store.Look("k")!.Value.Flags);
    }

    [Fact]
    public void A_sliding_expiry_does_not_prolong_a_value_that_was_stored_meanwhile()
    {
        _store.Run("SET k v PX 1000");
        ulong version = VersionOf("k");
        _store.Journal.Drain();
        KeyProbe.Create("k"u8, out KeyProbe key);

        Assert.True(_store.Versions.CompareAndExpire(0, key, version, 99999999999999, ref _store.Ticket));
        _store.Run("SET k w PXAT 99999999999990");
        Assert.False(_store.Versions.CompareAndExpire(0, key, version, 99999999999999, ref _store.Ticket));

        Assert.Equal(["PEXPIREAT k 99999999999999", "SET k w PXAT 99999999999990"], _store.Journal.Drain());
    }

    [Fact]
    public void Asking_for_a_version_works_while_the_journal_refuses_writes()
    {
        _store.Run("SET k v");
        _store.Journal.IsRefusing = true;

        Assert.NotEqual(0u, VersionOf("k"));
    }

    [Fact]
    public void Another_kind_of_value_has_no_version()
    {
        _store.PutList("list");

        Assert.Throws<WrongTypeException>(() => VersionOf("list"));
        Assert.Throws<WrongTypeException>(() => CompareAndSet("list", "v", 1));
        Assert.Equal(0u, VersionOf("missing"));
    }

    [Fact]
    public void Of_many_threads_that_compare_and_set_none_loses_an_increment()
    {
        const int Threads = 4, Increments = 3000;
        _store.Store.Journal = null;
        _store.Run("SET k 0");

        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, _ =>
        {
            KeyProbe.Create("k"u8, out KeyProbe key);
            JournalTicket ticket = default;
            for (int i = 0; i < Increments;)
            {
                var reader = default(ArrayReader);
                _store.Versions.TryRead(0, key, ref reader, out uint _, out ulong version);
                byte[] next = Encoding.ASCII.GetBytes($"{long.Parse(reader.Value) + 1}");
                i += _store.Versions.CompareAndSet(0, key, next, version, default, ref ticket) == CompareAndSetOutcome.Stored ? 1 : 0;
            }
        });

        Assert.Equal($"\"{Threads * Increments}\"", _store.Run("GET k"));
    }

    private ulong VersionOf(string name)
    {
        KeyProbe.Create(Encoding.ASCII.GetBytes(name), out KeyProbe key);
        var reader = default(ArrayReader);
        _store.Versions.TryRead(0, key, ref reader, out _, out ulong version);
        return version;
    }

    private CompareAndSetOutcome CompareAndSet(string name, string value, ulong version)
    {
        KeyProbe.Create(Encoding.ASCII.GetBytes(name), out KeyProbe key);
        return _store.Versions.CompareAndSet(0, key, Encoding.ASCII.GetBytes(value), version, default, ref _store.Ticket);
    }

    private struct VersionProbe : IValueReader
    {
        public ulong Version { get; private set; }

        public void Read(ReadOnlySpan<byte> value, RecordView record) => Version = record.Version;
    }
}
