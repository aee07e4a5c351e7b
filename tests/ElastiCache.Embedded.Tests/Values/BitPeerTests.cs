using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>The bit operations beside redis-server, on random values and arguments from a fixed seed.</summary>
public class BitPeerTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const int Seed = 20260101;

    [Fact]
    public void BITCOUNT_and_GETRANGE_answer_as_redis_does()
    {
        var random = new Random(Seed);
        var commands = new List<byte[][]>();
        var expected = new List<string>();
        for (int i = 0; i < 3000; i++)
        {
            byte[] value = RandomValue(random);
            long start = RandomIndex(random, value.Length), end = RandomIndex(random, value.Length);
            bool inBits = random.Next(2) == 0;
            commands.Add(["SET"u8.ToArray(), "k"u8.ToArray(), [.. value]]);
            commands.Add(Command("BITCOUNT", "k", start, end, inBits ? "BIT" : "BYTE"));
            commands.Add(Command("GETRANGE", "k", start, end));
            expected.Add(Number(BitCount.Of(value, start, end, inBits ? BitRangeUnit.Bit : BitRangeUnit.Byte)));
            expected.Add(RangeIndex.TryResolve(start, end, value.Length, out long offset, out long count)
                ? Convert.ToHexString(value.AsSpan((int)offset, (int)count)) : "");
        }

        Compare(commands, expected);
    }

    [Fact]
    public void BITPOS_answers_as_redis_does()
    {
        var random = new Random(Seed);
        var commands = new List<byte[][]>();
        var expected = new List<string>();
        for (int i = 0; i < 4000; i++)
        {
            byte[] value = RandomValue(random);
            bool bit = random.Next(2) == 0;
            long start = RandomIndex(random, value.Length), end = RandomIndex(random, value.Length);
            BitRangeUnit unit = random.Next(2) == 0 ? BitRangeUnit.Bit : BitRangeUnit.Byte;
            commands.Add(["SET"u8.ToArray(), "k"u8.ToArray(), [.. value]]);
            commands.Add(Command("BITPOS", "k", bit ? 1 : 0));
            commands.Add(Command("BITPOS", "k", bit ? 1 : 0, start));
            commands.Add(Command("BITPOS", "k", bit ? 1 : 0, start, end, unit));
            expected.Add(Number(BitPosition.Of(value, bit)));
            expected.Add(Number(BitPosition.Of(value, bit, start)));
            expected.Add(Number(BitPosition.Of(value, bit, start, end, unit)));
        }

        Compare(commands, expected);
    }

    [Fact]
    public void BITOP_answers_as_redis_does()
    {
        var random = new Random(Seed);
        var commands = new List<byte[][]>();
        var expected = new List<string>();
        for (int i = 0; i < 1500; i++)
        {
            byte[][] sources = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => RandomValue(random))];
            for (int source = 0; source < sources.Length; source++)
            {
                commands.Add(["SET"u8.ToArray(), Encoding.UTF8.GetBytes($"s{source}"), sources[source]]);
            }

            var with = (BitOperator)random.Next(3);
            byte[] result = new byte[sources.Max(source => source.Length)];
            BitOperation.Begin(result, sources[0]);
            foreach (byte[] source in sources[1..])
            {
                BitOperation.Combine(with, result, source);
            }

            commands.Add(Command(["BITOP", with, "to", .. Enumerable.Range(0, sources.Length).Select(source => $"s{source}")]));
            commands.Add(Command("GETRANGE", "to", 0, -1));
            expected.Add(Number(result.Length));
            expected.Add(Convert.ToHexString(result));

            byte[] inverse = [.. sources[0]];
            BitOperation.Not(inverse);
            commands.Add(Command("BITOP", "NOT", "to", "s0"));
            commands.Add(Command("GETRANGE", "to", 0, -1));
            expected.Add(Number(inverse.Length));
            expected.Add(Convert.ToHexString(inverse));
        }

        Compare(commands, expected);
    }

    [Fact]
    public void BITFIELD_answers_and_stores_as_redis_does()
    {
        var random = new Random(Seed);
        var commands = new List<byte[][]>();
        var expected = new List<string>();
        byte[] value = [];
        for (int i = 0; i < 10_000; i++)
        {
            if (i % 50 == 0)
            {
                value = RandomValue(random);
                commands.Add(["SET"u8.ToArray(), "k"u8.ToArray(), [.. value]]);
            }

            BitFieldOperation operation = RandomField(random);
            string type = $"{(operation.IsSigned ? 'i' : 'u')}{operation.Bits}";
            commands.Add(operation.Action switch
            {
                BitFieldAction.Get => Command("BITFIELD", "k", "GET", type, operation.Offset),
                BitFieldAction.Set => Command("BITFIELD", "k", "OVERFLOW", Word(operation.Overflow), "SET", type, operation.Offset, operation.Argument),
                _ => Command("BITFIELD", "k", "OVERFLOW", Word(operation.Overflow), "INCRBY", type, operation.Offset, operation.Argument),
            });
            commands.Add(Command("GETRANGE", "k", 0, -1));

            Array.Resize(ref value, (int)Math.Max(value.Length, BitField.BytesToHold([operation])));
            expected.Add(BitField.TryApply(operation, value, out long answer) ? $"[{Number(answer)}]" : "[(nil)]");
            expected.Add(Convert.ToHexString(value));
        }

        Compare(commands, expected);
    }

    [Fact]
    public void SETBIT_and_GETBIT_number_the_bits_as_redis_does()
    {
        var random = new Random(Seed);
        byte[] value = new byte[40];
        var commands = new List<byte[][]>();
        var expected = new List<string>();
        commands.Add(["SET"u8.ToArray(), "k"u8.ToArray(), [.. value]]);
        for (int i = 0; i < 2000; i++)
        {
            int offset = random.Next(320), probe = random.Next(400);
            bool bit = random.Next(2) == 0;
            commands.Add(Command("SETBIT", "k", offset, bit ? 1 : 0));
            commands.Add(Command("GETBIT", "k", probe));
            expected.Add(BitOrder.SetBit(value, offset, bit) ? "1" : "0");
            expected.Add(BitOrder.GetBit(value, probe) ? "1" : "0");
        }

        Compare(commands, expected);
    }

    /// <summary>Runs the commands and compares the answers of all but the SETs, which prepare.</summary>
    private void Compare(List<byte[][]> commands, List<string> expected)
    {
        RedisReply[] replies = redis.Server.ExecuteAll(commands);
        int next = 0;
        for (int i = 0; i < commands.Count; i++)
        {
            if (commands[i][0].AsSpan().SequenceEqual("SET"u8))
            {
                Assert.Equal("OK", replies[i].Text);
                continue;
            }

            string reply = replies[i].Bytes is { } bytes ? Convert.ToHexString(bytes) : replies[i].ToString();
            string shown = string.Join(" after ", new[] { commands[i], commands[i - 1] }.Select(command => string.Join(' ', command.Select(Encoding.UTF8.GetString))));
            Assert.True(expected[next] == reply, $"seed {Seed}, command {i}, {shown}: redis-server answers {reply}, we {expected[next]}");
            next++;
        }

        Assert.Equal(expected.Count, next);
    }

    private static BitFieldOperation RandomField(Random random)
    {
        bool isSigned = random.Next(2) == 0;
        int bits = random.Next(3) == 0 ? random.Next(60, isSigned ? 65 : 64) : random.Next(1, isSigned ? 65 : 64);
        long offset = random.Next(300);
        long number = random.Next(4) switch
        {
            0 => random.NextInt64(long.MinValue, long.MaxValue),
            1 => random.Next(-5, 6),
            2 => (1L << random.Next(64)) - random.Next(3),
            _ => random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64),
        };
        var overflow = (BitFieldOverflow)random.Next(3);
        return random.Next(4) switch
        {
            0 => BitFieldOperation.Get(isSigned, bits, offset),
            1 => BitFieldOperation.Set(isSigned, bits, offset, number, overflow),
            _ => BitFieldOperation.IncrementBy(isSigned, bits, offset, number, overflow),
        };
    }

    private static byte[] RandomValue(Random random)
    {
        byte[] value = new byte[random.Next(4) == 0 ? random.Next(200) : random.Next(20)];
        switch (random.Next(3))
        {
            case 0:
                random.NextBytes(value);
                break;
            case 1:
                Array.Fill(value, (byte)0xFF);
                break;
        }

        if (value.Length > 0 && random.Next(2) == 0)
        {
            value[random.Next(value.Length)] = (byte)random.Next(256);
        }

        return value;
    }

    private static long RandomIndex(Random random, int length) => random.Next(10) switch
    {
        0 => long.MinValue + random.Next(2),
        1 => long.MaxValue - random.Next(2),
        < 6 => random.Next(-length - 3, length + 4),
        _ => random.Next((-8 * length) - 3, (8 * length) + 4),
    };

    private static string Word(BitFieldOverflow overflow) =>
        overflow switch { BitFieldOverflow.Wrap => "WRAP", BitFieldOverflow.Saturate => "SAT", _ => "FAIL" };

    private static byte[][] Command(params object[] arguments) =>
        Array.ConvertAll(arguments, argument => Encoding.UTF8.GetBytes(Convert.ToString(argument, CultureInfo.InvariantCulture)!));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
