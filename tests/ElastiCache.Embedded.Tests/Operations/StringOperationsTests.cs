using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Tests.House;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>GET, SET, GETSET, GETDEL, GETEX and what they log.</summary>
public sealed class StringOperationsTests : IDisposable
{
    private readonly StringCommandRunner _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_value_that_was_set_is_read_back_and_logged_as_it_is()
    {
        Assert.Equal("\"OK\"", _store.Run("SET k hello"));
        Assert.Equal("\"hello\"", _store.Run("GET k"));
        Assert.Equal("5", _store.Run("STRLEN k"));
        Assert.Equal("(nil)", _store.Run("GET other"));
        Assert.Equal("0", _store.Run("STRLEN other"));
        Assert.Equal(["SET k hello"], _store.Journal.Drain());
    }

    [Fact]
    public void An_empty_value_is_a_value()
    {
        _store.Run("SET k ''");

        Assert.Equal("\"\"", _store.Run("GET k"));
        Assert.Equal("0", _store.Run("SETNX k x"));
    }

    [Fact]
    public void NX_stores_only_a_missing_key_and_XX_only_an_existing_one()
    {
        Assert.Equal("(nil)", _store.Run("SET k v XX"));
        Assert.Equal("\"OK\"", _store.Run("SET k v NX"));
        Assert.Equal("(nil)", _store.Run("SET k w NX"));
        Assert.Equal("\"OK\"", _store.Run("SET k w XX"));

        Assert.Equal("\"w\"", _store.Run("GET k"));
        Assert.Equal(["SET k v", "SET k w"], _store.Journal.Drain());
    }

    [Fact]
    public void SET_with_GET_answers_the_old_value_also_when_NX_or_XX_forbids_to_store()
    {
        Assert.Equal("(nil)", _store.Run("SET k v XX GET"));
        Assert.Null(_store.Look("k"));
        Assert.Equal("(nil)", _store.Run("SET k v NX GET"));
        Assert.Equal("\"v\"", _store.Run("SET k w NX GET"));
        Assert.Equal("\"v\"", _store.Run("GET k"));
        Assert.Equal("\"v\"", _store.Run("GETSET k w"));
        Assert.Equal("\"w\"", _store.Run("GET k"));
    }

    [Fact]
    public void A_deadline_is_logged_as_absolute_time_and_removed_by_a_plain_SET()
    {
        long deadline = _store.Now + 5000;

        _store.Run("SET k v PX 5000");
        Assert.Equal(deadline, _store.Look("k")!.Value.Deadline);
        _store.Run("SET k w KEEPTTL");
        Assert.Equal(deadline, _store.Look("k")!.Value.Deadline);
        _store.Run("SET k x");

        Assert.Equal(Record.NoExpiry, _store.Look("k")!.Value.Deadline);
        Assert.Equal([$"SET k v PXAT {deadline}", $"SET k w PXAT {deadline}", "SET k x"], _store.Journal.Drain());
    }

    [Fact]
    public void KEEPTTL_on_a_key_whose_time_has_come_makes_a_new_key_without_deadline()
    {
        _store.Run("SET k v PX 5000");
        _store.Time.Advance(TimeSpan.FromSeconds(5));
        _store.Journal.Drain();

        _store.Run("SET k w KEEPTTL");

        Assert.Equal(Record.NoExpiry, _store.Look("k")!.Value.Deadline);
        Assert.Equal(["DEL k", "SET k w"], _store.Journal.Drain());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(2147483649)]
    [InlineData(4294967297)]
    [InlineData(long.MinValue)]
    public void A_deadline_that_has_passed_leaves_the_key_absent(long deadline)
    {
        _store.Run("SET k v");
        _store.Journal.Drain();

        Assert.Equal("\"OK\"", _store.Run($"SET k w PXAT {deadline}"));
        Assert.Equal("\"OK\"", _store.Run($"SET new w PXAT {deadline}"));

        Assert.Null(_store.Look("k"));
        Assert.Null(_store.Look("new"));
        Assert.Equal(["DEL k"], _store.Journal.Drain());
    }

    [Fact]
    public void GETDEL_removes_what_it_read_and_logs_nothing_for_a_missing_key()
    {
        _store.Run("SET k v");
        _store.Journal.Drain();

        Assert.Equal("\"v\"", _store.Run("GETDEL k"));
        Assert.Equal("(nil)", _store.Run("GETDEL k"));

        Assert.Null(_store.Look("k"));
        Assert.Equal(["DEL k"], _store.Journal.Drain());
    }

    [Fact]
    public void GETEX_sets_moves_and_takes_away_the_deadline_and_logs_only_changes()
    {
        long deadline = _store.Now + 5000;
        _store.Run("SET k v");
        _store.Journal.Drain();

        Assert.Equal("\"v\"", _store.Run("GETEX k PERSIST"));
        Assert.Equal("\"v\"", _store.Run($"GETEX k PXAT {deadline}"));
        Assert.Equal("\"v\"", _store.Run($"GETEX k PXAT {deadline}"));
        Assert.Equal("\"v\"", _store.Run($"GETEX k PXAT {deadline + 1}"));
        Assert.Equal(deadline + 1, _store.Look("k")!.Value.Deadline);
        Assert.Equal("\"v\"", _store.Run("GETEX k PERSIST"));
        Assert.Equal(Record.NoExpiry, _store.Look("k")!.Value.Deadline);
        Assert.Equal("\"v\"", _store.Run("GETEX k PXAT 1"));
        Assert.Equal("(nil)", _store.Run("GETEX k PXAT 1"));

        Assert.Equal([$"PEXPIREAT k {deadline}", $"PEXPIREAT k {deadline + 1}", "PERSIST k", "DEL k"], _store.Journal.Drain());
    }

    [Fact]
    public void A_value_is_unreadable_at_its_deadline_and_its_end_is_logged_once()
    {
        _store.Run("SET k v PX 5000");
        _store.Time.Advance(TimeSpan.FromMilliseconds(4999));
        Assert.Equal("\"v\"", _store.Run("GET k"));
        _store.Journal.Drain();

        _store.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("(nil)", _store.Run("GET k"));
        Assert.Equal("(nil)", _store.Run("GET k"));
        Assert.Equal(["DEL k"], _store.Journal.Drain());
    }

    [Theory]
    [InlineData("GET list")]
    [InlineData("STRLEN list")]
    [InlineData("GETRANGE list 0 1")]
    [InlineData("GETSET list v")]
    [InlineData("SET list v GET")]
    [InlineData("GETDEL list")]
    [InlineData("GETEX list PERSIST")]
    [InlineData("APPEND list v")]
    [InlineData("APPEND list ''")]
    [InlineData("SETRANGE list 0 v")]
    [InlineData("SETRANGE list 0 ''")]
    [InlineData("TRYAPPEND list v")]
    [InlineData("TRYPREPEND list v")]
    [InlineData("INCRBY list 1")]
    [InlineData("INCRBYFLOAT list 1")]
    [InlineData("INCRBYFLOAT list abc")]
    [InlineData("LCS list k")]
    [InlineData("LCS k list")]
    [InlineData("GETBIT list 0")]
    [InlineData("SETBIT list 0 1")]
    [InlineData("BITCOUNT list")]
    [InlineData("BITPOS list 1")]
    [InlineData("BITOP AND to list")]
    [InlineData("BITOP NOT to list")]
    [InlineData("BITFIELD list GET u8 0")]
    [InlineData("BITFIELD list SET u8 0 1")]
    public void A_key_that_holds_no_string_is_refused_and_stays_as_it_is(string command)
    {
        _store.PutList("list");

        string reply = _store.Run(command);

        Assert.Equal(
            "(error) WrongTypeException: Key 'list' holds a list, and the operation needs a string. Use the operations for a list, or delete the key first.", reply);
        Assert.Equal(ValueKind.List, _store.Look("list")!.Value.Kind);
        Assert.Null(_store.Look("to"));
        Assert.Empty(_store.Journal.Drain());
    }

    [Fact]
    public void A_plain_SET_overwrites_whatever_the_key_holds()
    {
        _store.PutList("list");

        Assert.Equal("\"OK\"", _store.Run("SET list v"));
        Assert.Equal("\"v\"", _store.Run("GET list"));
    }

    [Theory]
    [InlineData("SET k w")]
    [InlineData("GETDEL k")]
    [InlineData("APPEND k w")]
    [InlineData("INCRBY k 1")]
    [InlineData("MSET k 1 other 2")]
    public void A_journal_that_refuses_writes_leaves_everything_as_it_was_and_reads_go_on(string command)
    {
        _store.Run("SET k 5");
        _store.Journal.Drain();
        _store.Journal.IsRefusing = true;

        Assert.Throws<IOException>(() => _store.Run(command));

        Assert.Equal("\"5\"", _store.Run("GET k"));
        Assert.Empty(_store.Journal.Drain());
    }

    [Fact]
    public void A_value_of_more_than_512_MB_is_refused_before_anything_is_locked()
    {
        _store.Run("SET k v");
        KeyProbe.Create("k"u8, out KeyProbe key);
        byte[] tooLong = GC.AllocateUninitializedArray<byte>(CacheLimits.MaxValueBytes + 1);

        ValueTooLargeException? refusal = null;
        try
        {
            _store.Strings.Set(0, key, tooLong, ref _store.Ticket);
        }
        catch (ValueTooLargeException e)
        {
            refusal = e;
        }

        Assert.Equal("k", refusal?.Key);
        Assert.Equal("\"v\"", _store.Run("GET k"));
    }

    [Fact]
    public void Keys_of_other_databases_are_other_keys()
    {
        KeyProbe.Create("k"u8, out KeyProbe key);
        _store.Run("SET k zero");
        _store.Strings.Set(1, key, "one"u8, ref _store.Ticket);
        _store.Run("SET k null");

        Assert.Equal("one"u8, _store.Look("k"u8.ToArray(), database: 1)!.Value.Value);
        Assert.Equal(["SET k zero", "SELECT 1", "SET k one", "SELECT 0", "SET k null"], _store.Journal.Drain());
    }

    [Fact]
    public void Reading_into_a_buffer_storing_and_counting_allocate_nothing()
    {
        _store.Store.Journal = null;
        byte[] buffer = new byte[16];
        var numbers = new NumberOperations(_store.Store);
        var bits = new BitmapOperations(_store.Store);
        int offset = 0;
        Assert.Equal(0, Allocations.Least(() =>
        {
            KeyScratch scratch = default;
            KeyProbe.Create("key", ref scratch, out KeyProbe key);
            KeyProbe.Create("number", ref scratch, out KeyProbe number);
            _store.Strings.Set(0, key, "value"u8, ref _store.Ticket);
            _store.Strings.Set(0, key, "value"u8, new SetArguments { Deadline = _store.Now + 1000 }, ref _store.Ticket);
            bits.SetBit(0, key, offset++ % 100, true, ref _store.Ticket);
            numbers.Increment(0, number, 1, ref _store.Ticket);
            scoped var reader = new SpanReader(buffer);
            Assert.True(_store.Strings.TryRead(0, number, ref reader));
        }));
    }
}
