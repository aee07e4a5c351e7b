using System.Text;
using ElastiCache.Embedded.Keyspace;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>APPEND, SETRANGE, GETRANGE, and Memcached's append and prepend.</summary>
public sealed class StringEditsTests : IDisposable
{
    private readonly StringCommandRunner _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void APPEND_makes_a_key_and_then_logs_only_what_it_adds()
    {
        Assert.Equal("2", _store.Run("APPEND k ab"));
        Assert.Equal("4", _store.Run("APPEND k cd"));
        Assert.Equal("4", _store.Run("APPEND k ''"));

        Assert.Equal("\"abcd\"", _store.Run("GET k"));
        Assert.Equal(["SET k ab", "SETRANGE k 2 cd"], _store.Journal.Drain());
    }

    [Fact]
    public void APPEND_of_nothing_to_a_missing_key_makes_an_empty_value()
    {
        Assert.Equal("0", _store.Run("APPEND k ''"));

        Assert.Empty(_store.Look("k")!.Value.Value);
        Assert.Equal(["SET k "], _store.Journal.Drain());
    }

    [Fact]
    public void SETRANGE_fills_the_gap_before_the_offset_with_zeros()
    {
        Assert.Equal("5", _store.Run("SETRANGE k 3 ab"));
        Assert.Equal("\0\0\0ab"u8, _store.Look("k")!.Value.Value);
        Assert.Equal("8", _store.Run("SETRANGE k 7 c"));
        Assert.Equal("\0\0\0ab\0\0c"u8, _store.Look("k")!.Value.Value);
        Assert.Equal("8", _store.Run("SETRANGE k 0 xy"));

        Assert.Equal("xy\0ab\0\0c"u8, _store.Look("k")!.Value.Value);
        Assert.Equal(["SETRANGE k 3 ab", "SETRANGE k 7 c", "SETRANGE k 0 xy"], _store.Journal.Drain());
    }

    [Fact]
    public void SETRANGE_of_nothing_changes_nothing_and_makes_no_key()
    {
        _store.Run("SET k abc");
        _store.Journal.Drain();

        Assert.Equal("3", _store.Run("SETRANGE k 100 ''"));
        Assert.Equal("3", _store.Run("SETRANGE k 9223372036854775807 ''"));
        Assert.Equal("0", _store.Run("SETRANGE missing 100 ''"));

        Assert.Null(_store.Look("missing"));
        Assert.Empty(_store.Journal.Drain());
    }

    [Theory]
    [InlineData("SETRANGE k -1 x", "ArgumentOutOfRangeException")]
    [InlineData("SETRANGE k -1 ''", "ArgumentOutOfRangeException")]
    [InlineData("SETRANGE k -9223372036854775808 x", "ArgumentOutOfRangeException")]
    [InlineData("SETRANGE k 536870912 x", "ValueTooLargeException")]
    [InlineData("SETRANGE k 536870911 xy", "ValueTooLargeException")]
    [InlineData("SETRANGE k 2147483647 x", "ValueTooLargeException")]
    [InlineData("SETRANGE k 2147483649 x", "ValueTooLargeException")]
    [InlineData("SETRANGE k 4294967295 x", "ValueTooLargeException")]
    [InlineData("SETRANGE k 4294967297 x", "ValueTooLargeException")]
    [InlineData("SETRANGE k 9223372036854775807 x", "ValueTooLargeException")]
    public void An_offset_out_of_range_is_refused_by_name_and_nothing_changes(string command, string type)
    {
        _store.Run("SET k abc");
        _store.Journal.Drain();

        string reply = _store.Run(command);

        Assert.StartsWith($"(error) {type}: ", reply, StringComparison.Ordinal);
        Assert.Contains("'k'", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", reply, StringComparison.Ordinal);
        Assert.Equal("\"abc\"", _store.Run("GET k"));
        Assert.Empty(_store.Journal.Drain());
    }

    [Fact]
    public void An_edit_keeps_the_deadline_the_flags_and_moves_the_version()
    {
        long deadline = _store.Now + 5000;
        foreach (int length in new[] { 3, ValueEdit.InPlaceBytes })
        {
            string key = $"k{length}";
            KeyProbe.Create(Encoding.ASCII.GetBytes(key), out KeyProbe probe);
            byte[] value = new byte[length];
            _store.Strings.Set(0, probe, value, new() { Deadline = deadline, Marks = new EntryMarks(7), AssignVersion = true }, ref _store.Ticket);
            var reader = default(ElastiCache.Embedded.Operations.LengthReader);
            _store.Versions.TryRead(0, probe, ref reader, out _, out ulong before);

            foreach (string command in new[] { $"APPEND {key} x", $"SETRANGE {key} 1 y", $"SETBIT {key} 0 1", $"TRYPREPEND {key} z" })
            {
                _store.Run(command);

                _store.Versions.TryRead(0, probe, ref reader, out uint flags, out ulong after);
                Assert.NotEqual(before, after);
                Assert.Equal(7u, flags);
                Assert.Equal(deadline, _store.Look(key)!.Value.Deadline);
                before = after;
            }
        }
    }

    [Fact]
    public void A_long_value_grows_by_appending_and_keeps_every_byte()
    {
        var expected = new MemoryStream();
        var random = new Random(1);
        for (int i = 0; i < 400; i++)
        {
            byte[] piece = new byte[random.Next(1, 300)];
            random.NextBytes(piece);
            expected.Write(piece);

            Assert.Equal(expected.Length, _store.Execute(["APPEND"u8.ToArray(), "k"u8.ToArray(), piece]).Number);
        }

        Assert.Equal(expected.ToArray(), _store.Look("k")!.Value.Value);
    }

    [Fact]
    public void Memcached_append_and_prepend_need_a_key()
    {
        Assert.Equal("0", _store.Run("TRYAPPEND k x"));
        Assert.Equal("0", _store.Run("TRYPREPEND k x"));
        Assert.Empty(_store.Journal.Drain());

        _store.Run("SET k b PXAT 99999999999999");
        Assert.Equal("1", _store.Run("TRYAPPEND k c"));
        Assert.Equal("1", _store.Run("TRYPREPEND k a"));
        Assert.Equal("1", _store.Run("TRYPREPEND k ''"));

        Assert.Equal("\"abc\"", _store.Run("GET k"));
        Assert.Equal(
            ["SET k b PXAT 99999999999999", "SETRANGE k 1 c", "SET k abc PXAT 99999999999999"], _store.Journal.Drain());
    }

    [Theory]
    [InlineData(0, -1, "hello")]
    [InlineData(1, 3, "ell")]
    [InlineData(-3, -1, "llo")]
    [InlineData(3, 1, "")]
    [InlineData(-1, -3, "")]
    [InlineData(5, 10, "")]
    [InlineData(0, long.MaxValue, "hello")]
    [InlineData(long.MinValue, long.MaxValue, "hello")]
    [InlineData(long.MinValue, long.MinValue, "h")]
    [InlineData(2147483647, 2147483649, "")]
    [InlineData(4294967295, 4294967297, "")]
    [InlineData(-4294967297, 0, "h")]
    public void GETRANGE_takes_both_ends_inclusive_and_negative_ones_from_the_end(long start, long end, string expected)
    {
        _store.Run("SET k hello");

        Assert.Equal($"\"{expected}\"", _store.Run($"GETRANGE k {start} {end}"));
        Assert.Equal("\"\"", _store.Run($"GETRANGE missing {start} {end}"));
    }
}
