using System.Security.Cryptography;
using System.Text;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Differential;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Caches that hold something of every kind, and their comparison.</summary>
internal static class CacheContents
{
    private const int LongestSpeltOut = 1 << 20;

    /// <summary>Some of everything: random commands of every family, and large collections.</summary>
    public static void Fill(CommandSession session, int seed)
    {
        var random = new Random(seed);
        var template = new CommandTemplate(random);
        for (int i = 0; i < 12_000; i++)
        {
            session.Execute(CommandFamilies.Next(random, template, "sblhtzxpg"));
            if (i % 1_500 == 0)
            {
                session.Execute([.. "SELECT"u8.ToArray() is var select ? (byte[][])[select, Encoding.ASCII.GetBytes($"{i / 1_500 % 4}")] : []]);
            }
        }

        EmbeddedCache cache = session.Cache;
        for (int i = 0; i < 2_000; i++)
        {
            cache.Hash<string, int>("large:h").Set($"field:{i}", i);
            cache.Set<string>("large:t").Add($"member:{i}");
            cache.SortedSet<string>("large:z").Add($"member:{i}", i * 0.5);
            cache.List<string>("large:l").PushRight($"element {i}");
            cache.Stream("large:x").Add("field", i);
        }

        cache.Strings.Set("long", new string('x', 3_000_000));
        cache.Strings.Set("expiring", 1, TimeSpan.FromDays(1));
    }

    /// <summary>Compares every key of every database, deadlines and groups of streams included.</summary>
    public static void AssertSame(EmbeddedCache expected, EmbeddedCache actual)
    {
        using var before = new CommandSession(expected);
        using var after = new CommandSession(actual);
        for (int database = 0; database < 16; database++)
        {
            byte[][] select = ["SELECT"u8.ToArray(), Encoding.ASCII.GetBytes($"{database}")];
            before.Execute(select);
            after.Execute(select);
            foreach (RedisReply name in before.Execute(["KEYS"u8.ToArray(), "*"u8.ToArray()]).Items!)
            {
                Assert.Equal(Contents(before, name.Bytes!), Contents(after, name.Bytes!));
            }
        }
    }

    private static string Contents(CommandSession session, byte[] key)
    {
        RedisReply Ask(string command, params string[] more) => session.Execute([Encoding.ASCII.GetBytes(command), key, .. more.Select(Encoding.ASCII.GetBytes)]);
        string type = Ask("TYPE").Text!;
        RedisReply value = type switch
        {
            "string" => Ask("GET"),
            "list" => Ask("LRANGE", "0", "-1"),
            "set" => Ask("SMEMBERS"),
            "hash" => Ask("HGETALL"),
            "zset" => Ask("ZRANGE", "0", "-1", "WITHSCORES"),
            _ => Ask("XRANGE", "-", "+"),
        };
        IEnumerable<string> items = value.Items is null ? [StringContents(value.Bytes!)] : value.Items.Select(item => item.ToString()!);
        items = type == "hash" ? items.Chunk(2).Select(pair => string.Join('=', pair)).Order(StringComparer.Ordinal) : type == "set" ? items.Order(StringComparer.Ordinal) : items;
        string groups = type == "stream" ? string.Concat(session.Cache.Database(session.Context.Database).Stream(key).DescribeGroups().AsEnumerable()) : "";
        return $"{type} {Ask("PEXPIRETIME")} {string.Join(' ', items)} {groups}";
    }

    // SETBIT and SETRANGE may make one of 512 MB, of which there is no text with two digits a byte.
    private static string StringContents(byte[] value) =>
        value.Length <= LongestSpeltOut ? Convert.ToHexString(value) : $"{value.Length} bytes, SHA-256 {Convert.ToHexString(SHA256.HashData(value))}";
}
