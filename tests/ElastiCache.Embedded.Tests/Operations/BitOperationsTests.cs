using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP and BITFIELD: the store around the arithmetic, which has tests of its own.</summary>
public sealed class BitOperationsTests : IDisposable
{
    private readonly StringCommandRunner _store = new(shards: 8);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void SETBIT_answers_the_bit_before_grows_with_zeros_and_logs_the_one_byte()
    {
        Assert.Equal("0", _store.Run("SETBIT k 20 1"));
        Assert.Equal("1", _store.Run("SETBIT k 20 0"));
        Assert.Equal("0", _store.Run("SETBIT k 20 0"));
        Assert.Equal("0", _store.Run("SETBIT zeros 9 0"));

        Assert.Equal("\0\0\0"u8, _store.Look("k")!.Value.Value);
        Assert.Equal("\0\0"u8, _store.Look("zeros")!.Value.Value);
        Assert.Equal([@"SETRANGE k 2 \x08", @"SETRANGE k 2 \x00", @"SETRANGE zeros 1 \x00"], _store.Journal.Drain());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-2147483649)]
    [InlineData(4294967296)]
    [InlineData(4294967297)]
    [InlineData(9223372036854775807)]
    [InlineData(long.MinValue)]
    public void A_bit_beyond_512_MB_is_refused_and_makes_no_key(long offset)
    {
        Assert.StartsWith("(error) ArgumentOutOfRangeException: A bit offset at key 'k' is 0 to 4294967295", _store.Run($"SETBIT k {offset} 1"), StringComparison.Ordinal);
        Assert.StartsWith("(error) ArgumentOutOfRangeException: A bit offset at key 'k' is 0 to 4294967295", _store.Run($"GETBIT k {offset}"), StringComparison.Ordinal);
        Assert.StartsWith("(error) ArgumentOutOfRangeException", _store.Run($"BITFIELD k SET u1 {offset} 1"), StringComparison.Ordinal);

        Assert.Null(_store.Look("k"));
    }

    [Theory]
    [InlineData(2147483647)]
    [InlineData(2147483648)]
    [InlineData(4294967295)]
    public void Bits_past_the_end_are_0_up_to_the_last_one_that_there_may_be(long offset)
    {
        _store.Run("SET k abc");

        Assert.Equal("0", _store.Run($"GETBIT k {offset}"));
        Assert.Equal("0", _store.Run($"GETBIT missing {offset}"));
        Assert.Equal("[0]", _store.Run($"BITFIELD k GET i64 {offset}"));
        Assert.Equal(3, _store.Look("k")!.Value.Value.Length);
    }

    [Fact]
    public void A_field_that_ends_beyond_512_MB_is_refused_before_the_value_grows()
    {
        Assert.StartsWith("(error) ValueTooLargeException: The value of key 'k'", _store.Run("BITFIELD k SET u8 4294967295 1"), StringComparison.Ordinal);

        Assert.Null(_store.Look("k"));
    }

    [Theory]
    [InlineData("BITCOUNT k", "6")]
    [InlineData("BITCOUNT k 0 0", "4")]
    [InlineData("BITCOUNT k -1 -1", "2")]
    [InlineData("BITCOUNT k 5 30 BIT", "2")]
    [InlineData("BITCOUNT k -9223372036854775808 9223372036854775807", "6")]
    [InlineData("BITCOUNT k 4294967295 4294967297", "0")]
    [InlineData("BITCOUNT missing", "0")]
    [InlineData("BITPOS k 1", "0")]
    [InlineData("BITPOS k 0", "4")]
    [InlineData("BITPOS k 1 1", "22")]
    [InlineData("BITPOS k 1 9223372036854775807", "-1")]
    [InlineData("BITPOS k 1 -9223372036854775808 9223372036854775807", "0")]
    [InlineData("BITPOS missing 0", "0")]
    [InlineData("BITPOS missing 1", "-1")]
    public void Bits_are_counted_and_found(string command, string expected)
    {
        _store.Execute(["SET"u8.ToArray(), "k"u8.ToArray(), [0xF0, 0x00, 0x03]]);

        Assert.Equal(expected, _store.Run(command));
    }

    [Fact]
    public void BITOP_combines_values_of_any_length_and_takes_missing_ones_for_zeros()
    {
        _store.Run("MSET a abc b ab");
        _store.Journal.Drain();

        Assert.Equal("3", _store.Run("BITOP AND to a b"));
        Assert.Equal("ab\0"u8, _store.Look("to")!.Value.Value);
        Assert.Equal("3", _store.Run("BITOP OR to a missing b"));
        Assert.Equal("abc"u8, _store.Look("to")!.Value.Value);
        Assert.Equal("3", _store.Run("BITOP XOR to a b"));
        Assert.Equal("\0\0c"u8, _store.Look("to")!.Value.Value);
        Assert.Equal("3", _store.Run("BITOP AND to missing a"));
        Assert.Equal("\0\0\0"u8, _store.Look("to")!.Value.Value);
        Assert.Equal("2", _store.Run("BITOP NOT b b"));
        Assert.Equal([0x9E, 0x9D], _store.Look("b")!.Value.Value);

        Assert.Equal([@"SET to ab\x00", "SET to abc", @"SET to \x00\x00c", @"SET to \x00\x00\x00", @"SET b \x9e\x9d"], _store.Journal.Drain());
    }

    [Fact]
    public void BITOP_replaces_any_kind_of_destination_and_an_empty_result_deletes_it()
    {
        _store.PutList("to");
        _store.Run("SET a x");
        Assert.Equal("1", _store.Run("BITOP OR to a"));
        Assert.Equal("\"x\"", _store.Run("GET to"));
        _store.Run("GETEX to PX 1000");
        Assert.Equal("1", _store.Run("BITOP OR to a"));
        Assert.Equal(Record.NoExpiry, _store.Look("to")!.Value.Deadline);
        _store.Journal.Drain();

        Assert.Equal("0", _store.Run("BITOP OR to missing"));
        Assert.Equal("0", _store.Run("BITOP NOT to missing"));

        Assert.Null(_store.Look("to"));
        Assert.Equal(["DEL to"], _store.Journal.Drain());
    }

    [Fact]
    public void BITFIELD_answers_each_step_and_logs_the_bytes_that_the_writes_cover()
    {
        Assert.Equal("[0, 255, 254]", _store.Run("BITFIELD k SET u8 0 255 GET u8 0 INCRBY i16 16 254"));
        Assert.Equal([0xFF, 0x00, 0x00, 0xFE], _store.Look("k")!.Value.Value);
        Assert.Equal("[255, 0]", _store.Run("BITFIELD k GET u8 0 GET u8 100"));

        Assert.Equal([@"SETRANGE k 0 \xff\x00\x00\xfe"], _store.Journal.Drain());
    }

    [Fact]
    public void BITFIELD_that_fails_by_overflow_writes_nothing_but_has_grown_the_value()
    {
        _store.Run("BITFIELD k SET u8 0 255");
        _store.Journal.Drain();

        Assert.Equal("[(nil)]", _store.Run("BITFIELD k OVERFLOW FAIL INCRBY u8 0 1"));
        Assert.Empty(_store.Journal.Drain());
        Assert.Equal("[(nil)]", _store.Run("BITFIELD k OVERFLOW FAIL SET u8 8 256"));

        Assert.Equal([0xFF, 0x00], _store.Look("k")!.Value.Value);
        Assert.Equal([@"SETRANGE k 1 \x00"], _store.Journal.Drain());
    }

    [Fact]
    public void Fields_far_apart_are_logged_one_by_one_in_a_block()
    {
        Assert.Equal("[0, 0, 0]", _store.Run("BITFIELD k SET u8 0 1 GET u8 8 SET u8 80000 2"));

        Assert.Equal(10_001, _store.Look("k")!.Value.Value.Length);
        Assert.Equal(["MULTI", @"SETRANGE k 0 \x01", @"SETRANGE k 10000 \x02", "EXEC"], _store.Journal.Drain());
    }

    [Fact]
    public void Reading_fields_makes_no_key_and_BITFIELD_RO_refuses_to_write()
    {
        Assert.Equal("[0]", _store.Run("BITFIELD k GET u8 0"));
        Assert.Null(_store.Look("k"));

        Assert.Throws<ArgumentException>(() =>
        {
            KeyProbe.Create("k"u8, out KeyProbe key);
            new BitFieldOperations(_store.Store).Read(0, key, [BitFieldOperation.Set(false, 8, 0, 1)], new long?[1]);
        });
        Assert.Null(_store.Look("k"));
    }

    [Fact]
    public async Task A_reader_never_sees_half_of_an_edit_in_place()
    {
        // One bit is 1, in a value long enough to be edited where it lies; each step moves it.
        const int Bits = 8 * 4096, Moves = 20_000;
        _store.Store.Journal = null;
        _store.Run($"SETBIT k {Bits - 1} 1");
        var bitmap = new BitmapOperations(_store.Store);

        Task writer = Task.Run(() => MoveBit(Bits, Moves), TestContext.Current.CancellationToken);
        do
        {
            Assert.Equal(1, Count(bitmap));
        }
        while (!writer.IsCompleted);

        await writer;

        static long Count(BitmapOperations bitmap)
        {
            KeyProbe.Create("k"u8, out KeyProbe key);
            return bitmap.Count(0, key);
        }
    }

    [Fact]
    public async Task BITOP_sees_its_sources_at_one_moment()
    {
        // MSET gives both keys the same value, so their difference is all zeros at every moment.
        const int Rounds = 3000;
        _store.Store.Journal = null;
        _store.Run("MSET a 0 b 0");

        Task writer = Task.Run(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                _store.Run($"MSET a {i} b {i}");
            }
        }, TestContext.Current.CancellationToken);
        do
        {
            _store.Run("BITOP XOR to a b");
            Assert.DoesNotContain(_store.Look("to")!.Value.Value, value => value != 0);
        }
        while (!writer.IsCompleted);

        await writer;
    }

    [Fact]
    public void Of_many_threads_that_count_none_loses_an_increment()
    {
        const int Threads = 4, Increments = 5000;
        _store.Store.Journal = null;

        Parallel.For(0, Threads, new ParallelOptions { MaxDegreeOfParallelism = Threads }, thread =>
        {
            var numbers = new NumberOperations(_store.Store);
            var fields = new BitFieldOperations(_store.Store);
            var answers = new long?[1];
            JournalTicket ticket = default;
            KeyProbe.Create("n"u8, out KeyProbe number);
            KeyProbe.Create("f"u8, out KeyProbe field);
            for (int i = 0; i < Increments; i++)
            {
                numbers.Increment(0, number, 1, ref ticket);
                fields.Apply(0, field, [BitFieldOperation.IncrementBy(false, 32, 8 * 3000, 1)], answers, ref ticket);
            }
        });

        Assert.Equal($"\"{Threads * Increments}\"", _store.Run("GET n"));
        Assert.Equal($"[{Threads * Increments}]", _store.Run("BITFIELD f GET u32 24000"));
    }

    private void MoveBit(int bits, int moves)
    {
        var fields = new BitFieldOperations(_store.Store);
        var random = new Random(3);
        var answers = new long?[2];
        JournalTicket ticket = default;
        KeyProbe.Create("k"u8, out KeyProbe key);
        long at = bits - 1;
        for (int i = 0; i < moves; i++)
        {
            long to = random.Next(bits);
            fields.Apply(0, key, [BitFieldOperation.Set(false, 1, at, 0), BitFieldOperation.Set(false, 1, to, 1)], answers, ref ticket);
            at = to;
        }
    }
}
