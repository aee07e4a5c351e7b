using System.Text;
using CsCheck;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

public class GlobTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const int Iterations = 3000;
    private const int Seed = 20260102;

    [Theory]
    [InlineData("h?llo", "hello", true)]
    [InlineData("h*llo", "heeeello", true)]
    [InlineData("h[ae]llo", "hillo", false)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[a-b]llo", "hbllo", true)]
    [InlineData("h\\*llo", "h*llo", true)]
    [InlineData("h\\*llo", "hxllo", false)]
    [InlineData("user:*:name", "user:42:name", true)]
    [InlineData("user:*:name", "user:42:names", false)]
    [InlineData("a**", "a", true)]
    [InlineData("*", "", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("[^", "x", true)]
    [InlineData("[", "[", false)]
    [InlineData("\\", "\\", true)]
    public void A_pattern_matches_as_the_Redis_documentation_says(string pattern, string text, bool matches) =>
        Assert.Equal(matches, Glob.IsMatch(Encoding.UTF8.GetBytes(pattern), Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Case_is_ignored_only_on_demand()
    {
        Assert.False(Glob.IsMatch("MaxMem*"u8, "maxmemory"u8));
        Assert.True(Glob.IsMatch("MaxMem*"u8, "maxmemory"u8, ignoreCase: true));
        Assert.True(Glob.IsMatch("[A-C]x"u8, "bX"u8, ignoreCase: true));
    }

    [Fact]
    public void Many_stars_cost_no_exponential_time()
    {
        byte[] pattern = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a*", 500)) + "b");
        byte[] classes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("[a-c]*", 500)) + "b");
        byte[] text = [.. Enumerable.Repeat((byte)'a', 5_000)];

        Assert.False(Glob.IsMatch(pattern, text));
        Assert.False(Glob.IsMatch(classes, text));
        Assert.True(Glob.IsMatch(pattern, [.. text, (byte)'b']));
    }

    [Fact]
    public void Returning_to_the_last_star_alone_agrees_with_trying_every_star() =>
        Gen.Select(Gen.Char["ab*?"].Array[0, 12], Gen.Char["ab"].Array[1, 12])
            .Select((pattern, text) => (Pattern: new string(pattern), Text: new string(text)))
            .Sample(pair => Assert.Equal(
                MatchesSlowly(pair.Pattern, pair.Text),
                Glob.IsMatch(Encoding.UTF8.GetBytes(pair.Pattern), Encoding.UTF8.GetBytes(pair.Text))), iter: Iterations);

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public void A_thousand_stars_are_tried_and_no_more(int stars, bool matches)
    {
        byte[] pattern = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("*?", stars)));
        byte[] text = [.. Enumerable.Repeat((byte)'a', 3_000)];
        redis.Server.Execute("FLUSHALL");
        redis.Server.ExecuteAll([(byte[][])["SET"u8.ToArray(), text, "v"u8.ToArray()]]);

        RedisReply[] found = redis.Server.ExecuteAll([(byte[][])["KEYS"u8.ToArray(), pattern]]);

        Assert.Equal(matches, found[0].Items!.Length == 1);
        Assert.Equal(matches, Glob.IsMatch(pattern, text));
    }

    [Fact]
    public void KEYS_finds_the_same_keys_as_redis_for_any_pattern()
    {
        var random = new Random(Seed);
        byte[][] keys = [.. Enumerable.Range(0, 400).Select(i => i == 0 ? [] : RandomBytes(random, 1, 8, PatternAlphabet)).DistinctBy(Convert.ToHexString)];
        byte[][] patterns = [.. Enumerable.Range(0, 6000).Select(_ => RandomBytes(random, 0, 10, PatternAlphabet)).Where(pattern => !Glob.MatchesAll(pattern))];
        redis.Server.Execute("FLUSHALL");
        redis.Server.ExecuteAll([.. keys.Select(key => (byte[][])["SET"u8.ToArray(), key, "v"u8.ToArray()])]);

        RedisReply[] replies = redis.Server.ExecuteAll([.. patterns.Select(pattern => (byte[][])["KEYS"u8.ToArray(), pattern])]);

        for (int i = 0; i < patterns.Length; i++)
        {
            string found = Sorted(keys.Where(key => Glob.IsMatch(patterns[i], key)));
            string foundByRedis = Sorted(replies[i].Items!.Select(item => item.Bytes!));
            Assert.True(found == foundByRedis, $"seed {Seed}, pattern {Convert.ToHexString(patterns[i])}: redis-server finds {foundByRedis}, we {found}");
        }
    }

    [Fact]
    public void Ignoring_case_agrees_with_COMMAND_LIST_which_does()
    {
        var random = new Random(Seed);
        string[] names = [.. redis.Server.Execute("COMMAND", "LIST").Items!.Select(item => item.Text!)];
        string[] patterns = [.. Enumerable.Range(0, 2000).Select(_ => PatternFrom(random, names[random.Next(names.Length)]))];

        RedisReply[] replies = redis.Server.ExecuteAll(
            [.. patterns.Select(pattern => (byte[][])["COMMAND"u8.ToArray(), "LIST"u8.ToArray(), "FILTERBY"u8.ToArray(), "PATTERN"u8.ToArray(), Encoding.UTF8.GetBytes(pattern)])]);

        for (int i = 0; i < patterns.Length; i++)
        {
            string found = Sorted(names.Select(Encoding.UTF8.GetBytes).Where(name => Glob.IsMatch(Encoding.UTF8.GetBytes(patterns[i]), name, ignoreCase: true)));
            string foundByRedis = Sorted(replies[i].Items!.Select(item => item.Bytes!));
            Assert.True(found == foundByRedis, $"seed {Seed}, pattern {patterns[i]}: redis-server finds {foundByRedis}, we {found}");
        }
    }

    private static byte[] PatternAlphabet => [.. "aabbcc**??[[]]^^--\\\\AZz"u8, 0, 0x7F, 0x80, 0xFF];

    private static byte[] RandomBytes(Random random, int least, int most, byte[] alphabet) =>
        random.GetItems(alphabet, random.Next(least, most + 1));

    /// <summary>A name in random case, with some characters replaced by elements of patterns.</summary>
    private static string PatternFrom(Random random, string name) => string.Concat(name.Select(letter => random.Next(9) switch
    {
        0 => "*",
        1 => "?",
        2 => $"[{letter}-{(char)random.Next('A', 'z')}]",
        3 => $"[^{(char)random.Next('A', 'z')}]",
        4 => $"\\{letter}",
        5 => char.ToUpperInvariant(letter).ToString(),
        _ => letter.ToString(),
    }));

    private static string Sorted(IEnumerable<byte[]> items) => string.Join(' ', items.Select(Convert.ToHexString).Order(StringComparer.Ordinal));

    private static bool MatchesSlowly(string pattern, string text) =>
        pattern.Length == 0 ? text.Length == 0
        : pattern[0] == '*' ? MatchesSlowly(pattern[1..], text) || (text.Length > 0 && MatchesSlowly(pattern, text[1..]))
        : text.Length > 0 && (pattern[0] == '?' || pattern[0] == text[0]) && MatchesSlowly(pattern[1..], text[1..]);
}
