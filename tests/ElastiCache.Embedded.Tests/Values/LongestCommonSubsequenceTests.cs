using System.Globalization;
using System.Text;
using CsCheck;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

public class LongestCommonSubsequenceTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const int Iterations = 3000;
    private const int Seed = 20260103;

    [Fact]
    public void The_example_of_the_Redis_documentation_comes_out()
    {
        List<CommonStretch> stretches = LongestCommonSubsequence.Stretches("ohmytext"u8, "mynewtext"u8, 0, out int length);

        Assert.Equal(6, length);
        Assert.Equal([new CommonStretch(4, 5, 4), new CommonStretch(2, 0, 2)], stretches);
        Assert.Equal("mytext"u8, LongestCommonSubsequence.Text("ohmytext"u8, "mynewtext"u8));
        Assert.Equal([new CommonStretch(4, 5, 4)], LongestCommonSubsequence.Stretches("ohmytext"u8, "mynewtext"u8, 4, out _));
    }

    [Fact]
    public void Rows_of_bits_agree_with_the_textbook_table() =>
        Gen.OneOf(Pair(lettersBelow: 4), Pair(lettersBelow: 100)).Sample((a, b) =>
        {
            int[,] table = Table(a, b);

            List<CommonStretch> stretches = LongestCommonSubsequence.Stretches(a, b, 0, out int length);

            Assert.Equal(table[a.Length, b.Length], length);
            Assert.Equal(length, LongestCommonSubsequence.Length(a, b));
            Assert.Equal(length, stretches.Sum(stretch => stretch.Length));
            Assert.Equal(WalkBack(a, b, table), stretches);
        }, iter: Iterations);

    [Fact]
    public void LCS_answers_as_redis_does()
    {
        var random = new Random(Seed);
        var commands = new List<byte[][]>();
        var expected = new List<string>();
        for (int i = 0; i < 1200; i++)
        {
            (byte[] a, byte[] b) = RandomPair(random);
            int minLength = random.Next(-1, 6);
            commands.Add(["MSET"u8.ToArray(), "a"u8.ToArray(), a, "b"u8.ToArray(), b]);
            commands.Add(Command("LCS a b"));
            commands.Add(Command("LCS a b LEN"));
            commands.Add(Command(string.Create(CultureInfo.InvariantCulture, $"LCS a b IDX WITHMATCHLEN MINMATCHLEN {minLength}")));
            expected.Add("\"OK\"");
            expected.Add($"\"{Encoding.UTF8.GetString(LongestCommonSubsequence.Text(a, b))}\"");
            expected.Add(LongestCommonSubsequence.Length(a, b).ToString(CultureInfo.InvariantCulture));
            expected.Add(AsReply(LongestCommonSubsequence.Stretches(a, b, minLength, out int length), length));
        }

        RedisReply[] replies = redis.Server.ExecuteAll(commands);

        for (int i = 0; i < replies.Length; i++)
        {
            Assert.True(expected[i] == replies[i].ToString(), $"seed {Seed}, command {i}: redis-server answers {replies[i]}, we {expected[i]}");
        }
    }

    [Theory]
    [InlineData(11_584, 11_584, true)]
    [InlineData(11_585, 11_584, false)]
    [InlineData(int.MaxValue, 0, false)]
    [InlineData(int.MaxValue, int.MaxValue, false)]
    public void Pairs_are_refused_where_the_table_of_redis_would_exceed_512_MB(int aLength, int bLength, bool isAllowed) =>
        Assert.Equal(isAllowed, LongestCommonSubsequence.IsWithinLimit(aLength, bLength));

    [Fact]
    public void Redis_refuses_the_same_pairs()
    {
        byte[] a = new byte[11_584], b = new byte[11_584];

        redis.Server.Execute([.. Command("MSET a"), a, "b"u8.ToArray(), b]);
        Assert.Equal(11_584, redis.Server.Execute("LCS", "a", "b", "LEN").Number);
        Assert.True(LongestCommonSubsequence.IsWithinLimit(a.Length, b.Length));

        redis.Server.Execute([.. Command("MSET a"), [.. a, 0], "b"u8.ToArray(), b]);
        string? error = redis.Server.Execute("LCS", "a", "b", "LEN").Error;
        var refused = Assert.Throws<ArgumentException>(() => LongestCommonSubsequence.Length([.. a, 0], b));
        Assert.StartsWith(refused.Message.Split(':')[0], error?["ERR ".Length..], StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_takes_an_eighth_of_a_byte_a_cell_however_narrow_it_is()
    {
        byte[] a = new byte[10_000_000];
        a[7_654_321] = 1;

        long before = GC.GetAllocatedBytesForCurrentThread();
        List<CommonStretch> stretches = LongestCommonSubsequence.Stretches(a, [1], 0, out _);

        Assert.Equal([new CommonStretch(7_654_321, 0, 1)], stretches);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (a.Length / 8) + (64 * 1024));
    }

    // Few letters match everywhere; of many, some are missing in a whole block of 64 columns, which must pass its carry on.
    private static Gen<(byte[], byte[])> Pair(byte lettersBelow)
    {
        Gen<byte[]> value = Gen.Byte[0, (byte)(lettersBelow - 1)].Array[0, 200];
        return Gen.Select(value, value);
    }

    private static int[,] Table(byte[] a, byte[] b)
    {
        int[,] table = new int[a.Length + 1, b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                table[i, j] = a[i - 1] == b[j - 1] ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);
            }
        }

        return table;
    }

    private static List<CommonStretch> WalkBack(byte[] a, byte[] b, int[,] table)
    {
        var stretches = new List<CommonStretch>();
        int i = a.Length, j = b.Length;
        while (i > 0 && j > 0)
        {
            if (a[i - 1] == b[j - 1])
            {
                i--;
                j--;
                bool continues = stretches.Count > 0 && stretches[^1].AStart == i + 1 && stretches[^1].BStart == j + 1;
                int length = continues ? stretches[^1].Length + 1 : 1;
                if (continues)
                {
                    stretches.RemoveAt(stretches.Count - 1);
                }

                stretches.Add(new CommonStretch(i, j, length));
            }
            else if (table[i - 1, j] > table[i, j - 1])
            {
                i--;
            }
            else
            {
                j--;
            }
        }

        return stretches;
    }

    private static (byte[] A, byte[] B) RandomPair(Random random)
    {
        byte[] alphabet = [.. "abcdefgh"u8[..random.Next(1, 9)]];
        byte[] a = random.GetItems(alphabet, random.Next(random.Next(2) == 0 ? 12 : 300));
        if (random.Next(2) == 0)
        {
            return (a, random.GetItems(alphabet, random.Next(random.Next(2) == 0 ? 12 : 300)));
        }

        // The second is the first with some bytes dropped or put in, as an edited text would be.
        return (a, [.. a.SelectMany(item => random.Next(10) switch { 0 => [], 1 => new[] { item, alphabet[0] }, _ => [item] })]);
    }

    private static string AsReply(List<CommonStretch> stretches, int length) =>
        $"[\"matches\", [{string.Join(", ", stretches.Select(s => $"[[{s.AStart}, {s.AEnd}], [{s.BStart}, {s.BEnd}], {s.Length}]"))}], \"len\", {length}]";

    private static byte[][] Command(string words) => [.. words.Split(' ').Select(Encoding.UTF8.GetBytes)];
}
