using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>INCR, DECR and INCRBYFLOAT.</summary>
public sealed class StringNumberTests : IDisposable
{
    private readonly StringCommandRunner _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_missing_key_counts_as_0_and_the_log_gets_the_sum()
    {
        Assert.Equal("5", _store.Run("INCRBY k 5"));
        Assert.Equal("3", _store.Run("DECRBY k 2"));
        Assert.Equal("0", _store.Run("INCRBY zero 0"));
        Assert.Equal("3", _store.Run("INCRBY k 0"));

        Assert.Equal("\"3\"", _store.Run("GET k"));
        Assert.Equal("\"0\"", _store.Run("GET zero"));
        Assert.Equal(["SET k 5", "SET k 3", "SET zero 0"], _store.Journal.Drain());
    }

    [Fact]
    public void Counting_keeps_the_deadline()
    {
        long deadline = _store.Now + 1000;
        _store.Run("SET k 5 PX 1000");
        _store.Journal.Drain();

        _store.Run("INCRBY k 1");
        _store.Run("INCRBYFLOAT k 0.5");

        Assert.Equal(deadline, _store.Look("k")!.Value.Deadline);
        Assert.Equal([$"SET k 6 PXAT {deadline}", $"SET k 6.5 PXAT {deadline}"], _store.Journal.Drain());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, -1)]
    [InlineData(2147483646, 1)]
    [InlineData(2147483647, 1)]
    [InlineData(2147483648, 1)]
    [InlineData(4294967294, 1)]
    [InlineData(4294967295, 1)]
    [InlineData(4294967296, 1)]
    [InlineData(9223372036854775806, 1)]
    [InlineData(-9223372036854775807, -1)]
    [InlineData(-1, long.MinValue + 1)]
    [InlineData(0, long.MinValue)]
    [InlineData(0, long.MaxValue)]
    [InlineData(long.MinValue, long.MaxValue)]
    [InlineData(long.MaxValue, long.MinValue)]
    public void Sums_that_fit_64_bits_are_exact(long value, long by)
    {
        _store.Run($"SET k {value}");

        Assert.Equal($"{value + by}", _store.Run($"INCRBY k {by}"));
        Assert.Equal($"\"{value + by}\"", _store.Run("GET k"));
    }

    [Theory]
    [InlineData("INCRBY", long.MaxValue, 1)]
    [InlineData("INCRBY", long.MinValue, -1)]
    [InlineData("INCRBY", long.MaxValue, long.MaxValue)]
    [InlineData("INCRBY", -1, long.MinValue)]
    [InlineData("DECRBY", long.MinValue, 1)]
    [InlineData("DECRBY", -2, long.MaxValue)]
    [InlineData("DECRBY", 0, long.MinValue)]
    [InlineData("DECRBY", -1, long.MinValue)]
    public void A_sum_that_does_not_fit_is_refused_and_nothing_changes(string command, long value, long by)
    {
        _store.Run($"SET k {value}");
        _store.Journal.Drain();

        string reply = _store.Run($"{command} k {by}");

        Assert.StartsWith("(error) OverflowException: ", reply, StringComparison.Ordinal);
        Assert.Contains("'k'", reply, StringComparison.Ordinal);
        Assert.Equal($"\"{value}\"", _store.Run("GET k"));
        Assert.Empty(_store.Journal.Drain());
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("01")]
    [InlineData("+1")]
    [InlineData("-0")]
    [InlineData("1.0")]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775809")]
    public void A_value_that_is_no_plain_integer_is_refused_without_being_quoted(string value)
    {
        _store.Execute(["SET"u8.ToArray(), "k"u8.ToArray(), System.Text.Encoding.ASCII.GetBytes(value)]);
        _store.Journal.Drain();

        string reply = _store.Run("INCRBY k 1");

        Assert.Equal(
            "(error) FormatException: The value of key 'k' is not an integer of 64 bits in plain decimal form (no spaces, plus or leading zeros). Nothing was changed.",
            reply);
        Assert.Equal($"\"{value}\"", _store.Run("GET k"));
        Assert.Empty(_store.Journal.Drain());
    }

    [Fact]
    public void Tenths_add_up_as_in_Redis_and_not_as_in_double()
    {
        Assert.Equal("\"0.1\"", _store.Run("INCRBYFLOAT k 0.1"));
        Assert.Equal("\"0.3\"", _store.Run("INCRBYFLOAT k 0.2"));
        Assert.Equal("\"5000000000\"", _store.Run("INCRBYFLOAT big 5e9"));
        Assert.Equal("\"0\"", _store.Run("INCRBYFLOAT zero -0"));

        Assert.Equal(["SET k 0.1", "SET k 0.3", "SET big 5000000000", "SET zero 0"], _store.Journal.Drain());
    }

    [Theory]
    [InlineData(0.1, "0.1")]
    [InlineData(-2.5, "-2.5")]
    [InlineData(1e21, "1000000000000000000000")]
    [InlineData(5e-324, "0")]
    [InlineData(0, "0")]
    public void A_double_stands_for_its_shortest_decimal_number(double by, string expected)
    {
        KeyProbe.Create("k"u8, out KeyProbe key);
        byte[] text = new byte[NumberOperations.MaxFloatBytes];

        int length = new NumberOperations(_store.Store).IncrementFloat(0, key, by, text, ref _store.Ticket);

        Assert.Equal(expected, System.Text.Encoding.ASCII.GetString(text, 0, length));
    }

    [Theory]
    [InlineData("5", "inf", "OverflowException")]
    [InlineData("5", "-inf", "OverflowException")]
    [InlineData("1e4932", "1e4932", "OverflowException")]
    [InlineData("5", "nan", "FormatException")]
    [InlineData("5", "secret", "FormatException")]
    [InlineData("secret", "5", "FormatException")]
    public void A_sum_that_is_no_number_is_refused_and_nothing_changes(string value, string by, string type)
    {
        _store.Run($"SET k {value}");
        _store.Journal.Drain();

        string reply = _store.Run($"INCRBYFLOAT k {by}");

        Assert.StartsWith($"(error) {type}: ", reply, StringComparison.Ordinal);
        Assert.Contains("'k'", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", reply, StringComparison.Ordinal);
        Assert.Equal($"\"{value}\"", _store.Run("GET k"));
        Assert.Empty(_store.Journal.Drain());
    }
}
