using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>Numbers beside redis-server: what it accepts, adds and writes. Random cases from a fixed seed.</summary>
public class NumberPeerTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const int Seed = 20260104;

    [Fact]
    public void INCRBYFLOAT_of_realistic_numbers_answers_as_redis_does()
    {
        var random = new Random(Seed);

        CompareSums([.. Enumerable.Range(0, 10_000).Select(_ => (Realistic(random), Realistic(random)))]);
    }

    [Fact]
    public void INCRBYFLOAT_of_any_numbers_answers_as_redis_does()
    {
        var random = new Random(Seed + 1);

        CompareSums([.. Enumerable.Range(0, 4_000).Select(_ => (Extreme(random), Extreme(random)))]);
    }

    [Fact]
    public void INCRBYFLOAT_of_numbers_near_each_other_answers_as_redis_does()
    {
        var random = new Random(Seed + 2);
        List<(string, string)> pairs = [.. NumberTests.AlmostTies.Select(row => (row.Data.Item1, row.Data.Item2))];
        for (int i = 0; i < 4_000; i++)
        {
            // Alike in their first digits and of opposite sign, or 64 powers of two apart: cancellation, borrow, ties.
            int power = random.Next(-80, 80);
            string digits = Hex(random, 16);
            pairs.Add(($"0x{digits}p{power}", $"-0x{digits[..random.Next(1, 17)]}{Hex(random, random.Next(1, 4))}p{power + random.Next(-70, 70)}"));
        }

        CompareSums(pairs);
    }

    [Fact]
    public void INCRBYFLOAT_reads_and_refuses_what_redis_does()
    {
        var random = new Random(Seed + 3);
        string[] texts =
        [
            "", " 1", "1 ", "\t1", "+5", "++5", "+-5", "0x", "0X1F", "0x1.8p3", "0x.8", "0x1.", "0x1p", "0x1p+", "0x1p-3", "0x.p1", "1p3", "inf", "-INF", "+inf",
            "Infinity", "infinit", "infx", "nan", "-nan", "nan(1)", ".5", "5.", ".", "-.", "1e", "1e+", "1e+3", "1E-3", "e5", "1.2.3", "1_0", "1,5", "00012", "-0", "-0.0",
            "1e4932", "1.18973149535723176502e4932", "1.18973149535723176509e4932", "1.1897314953572317651e4932", "1.19e4932", "1e4933", "-1e5000", "1e999999999999",
            "1e-4932", "1e-4950", "3.6e-4951", "1.9e-4951", "1.8e-4951", "1e-4951", "1e-4960", "1e-99999999999", "0e99999999", "0e-99999999", "0x1p16383", "0x1p16384",
            "0x1p-16445", "0x1p-16446", "0x1.8p-16446", "0x1p-16447", "0x0p99999", "0x1p99999999999", "0x1p-99999999999", new string('0', 5118) + "1", new string('0', 5119) + "1",
            "0." + new string('0', 4940) + "1", "1" + new string('0', 4900), new string('9', 40) + "e-39", "1\0", "\01",
        ];
        var pairs = texts.SelectMany(text => new[] { (text, "0"), ("0", text), (text, text) }).ToList();
        for (int i = 0; i < 6_000; i++)
        {
            pairs.Add((new string(random.GetItems<char>("0011223459..eE+-xXpPafin ", random.Next(1, 9))), "1"));
        }

        CompareSums(pairs);
    }

    [Fact]
    public void INCRBY_accepts_the_same_integers_as_redis_and_so_does_the_encoding_int()
    {
        var random = new Random(Seed + 4);
        string[] texts =
        [
            "", "0", "-0", "00", "-", "+1", " 1", "1 ", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
            "18446744073709551616", "99999999999999999999", "-99999999999999999999", "100000000000000000000", "1.0", "1e3", "0x10",
            .. Enumerable.Range(0, 4_000).Select(_ => new string(random.GetItems<char>("0123456789-", random.Next(1, 22)))),
        ];
        RedisReply[] replies = redis.Server.ExecuteAll([.. texts.SelectMany(text => new[] { Command("SET", "k", text), Command("OBJECT", "ENCODING", "k"), Command("INCRBY", "k", "0") })]);

        for (int i = 0; i < texts.Length; i++)
        {
            bool isInteger = DecimalNumber.TryParse(Encoding.UTF8.GetBytes(texts[i]), out long number);

            Assert.True(isInteger == (replies[(3 * i) + 1].Text == "int"), $"seed {Seed + 4}, '{texts[i]}': encoding {replies[(3 * i) + 1]}");
            Assert.True(isInteger ? replies[(3 * i) + 2].Number == number : replies[(3 * i) + 2].Error is not null, $"seed {Seed + 4}, '{texts[i]}': {replies[(3 * i) + 2]}");
        }
    }

    [Fact]
    public void Scores_are_written_as_redis_writes_them()
    {
        var random = new Random(Seed + 5);

        // Without -0: %.17g writes its sign, but a small sorted set has stored it as the integer 0 before it is written.
        var numbers = new List<double> { 0, 1, -1, 0.1, 1e15, 1e16, 1e17, 1e18, 123456789012345678, 1e-4, 1e-5, 5e-324, double.MaxValue, double.PositiveInfinity, double.NegativeInfinity };
        for (int i = 0; i < 6_000; i++)
        {
            numbers.Add(random.Next(4) switch
            {
                0 => random.Next(-1_000_000, 1_000_000) / 100.0,
                1 => random.NextInt64(1L << 60) - (1L << 59),
                2 => (random.NextInt64(1L << 52) + (1L << 52)) / 4.0,       // ties at the 17th digit
                _ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
            });
        }

        numbers.RemoveAll(double.IsNaN);
        RedisReply[] replies = redis.Server.ExecuteAll([.. numbers.SelectMany(number => new[]
        {
            Command("ZADD", "z", double.IsInfinity(number) ? (number > 0 ? "inf" : "-inf") : number.ToString("R", CultureInfo.InvariantCulture), "m"),
            Command("ZSCORE", "z", "m"),
        })]);

        Span<byte> buffer = stackalloc byte[DoubleText.MaxTextBytes];
        for (int i = 0; i < numbers.Count; i++)
        {
            string text = Encoding.UTF8.GetString(buffer[..DoubleText.Format(numbers[i], buffer)]);
            Assert.True(text == replies[(2 * i) + 1].Text, $"seed {Seed + 5}, {numbers[i]:R}: redis-server writes {replies[(2 * i) + 1]}, we {text}");
        }
    }

    private void CompareSums(List<(string Stored, string Increment)> pairs)
    {
        RedisReply[] replies = redis.Server.ExecuteAll(
            [.. pairs.SelectMany(pair => new[] { Command("SET", "k", pair.Stored), Command("INCRBYFLOAT", "k", pair.Increment) })]);

        for (int i = 0; i < pairs.Count; i++)
        {
            RedisReply reply = replies[(2 * i) + 1];
            string ours = Sum(pairs[i].Stored, pairs[i].Increment);
            Assert.True(ours == (reply.Error ?? reply.Text), $"pair {i} of seed {Seed}: '{pairs[i].Stored}' + '{pairs[i].Increment}': redis-server answers {reply}, we {ours}");
        }
    }

    private static string Sum(string stored, string increment)
    {
        if (!LongDoubleText.TryParse(Encoding.UTF8.GetBytes(stored), out LongDouble left) || !LongDoubleText.TryParse(Encoding.UTF8.GetBytes(increment), out LongDouble right))
        {
            return "ERR value is not a valid float";
        }

        Span<byte> buffer = stackalloc byte[LongDoubleText.MaxFormattedBytes];
        return LongDouble.TryAdd(left, right, out LongDouble sum)
            ? Encoding.UTF8.GetString(buffer[..LongDoubleText.Format(sum, buffer)])
            : "ERR increment would produce NaN or Infinity";
    }

    private static string Realistic(Random random) => random.Next(5) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"{random.Next(-10_000, 10_000)}"),
        1 => string.Create(CultureInfo.InvariantCulture, $"{random.Next(-1_000_000, 1_000_000) / 100m}"),
        2 => string.Create(CultureInfo.InvariantCulture, $"{random.NextDouble()}"),
        3 => string.Create(CultureInfo.InvariantCulture, $"{random.Next(-999, 1000) / 10m}e{random.Next(-6, 20)}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{random.NextInt64(long.MinValue, long.MaxValue)}"),
    };

    private static string Extreme(Random random)
    {
        string digits = new(random.GetItems<char>("0123456789", random.Next(1, 60)));
        string sign = random.Next(2) == 0 ? "-" : "";
        int power = random.Next(4) switch { 0 => random.Next(-5000, 5000), 1 => random.Next(-400, 400), _ => random.Next(-30, 30) };
        return random.Next(4) == 0
            ? $"{sign}0x{Hex(random, random.Next(1, 40))}.{Hex(random, random.Next(1, 40))}p{4 * power}"
            : $"{sign}{digits}.{random.NextInt64()}e{power}";
    }

    private static string Hex(Random random, int digits) => new(random.GetItems<char>("0123456789abcdefABCDEF", digits));

    private static byte[][] Command(params string[] arguments) => Array.ConvertAll(arguments, Encoding.UTF8.GetBytes);
}
