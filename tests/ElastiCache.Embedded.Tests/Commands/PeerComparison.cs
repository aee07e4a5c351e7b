using System.Security.Cryptography;
using System.Text;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Runs the same commands here and on redis-server and compares the replies to the byte.</summary>
internal static class PeerComparison
{
    private const int MostCommandsShown = 60;

    // And what follows from it: an int up to 9,999 is shared, and has the greatest count there is.
    private static readonly string[] StringEncodings = ["\"int\"", "\"embstr\"", "\"raw\"", "(integer) 1", "(integer) 2147483647"];

    // A SETBIT may make a string of 512 MB.
    private const int MostBytesShown = 1 << 20;

    /// <summary>Fails with the first difference.</summary>
    /// <param name="redis">The server; flush it first.</param>
    /// <param name="ours">The session.</param>
    /// <param name="commands">What to run.</param>
    /// <param name="unordered">Names, in capitals, of commands whose replies are sets: compared without their order.</param>
    /// <param name="story">What to print with a difference, such as the seed.</param>
    /// <param name="earlier">What ran before; of these the ones that name the same key, or the one in ELASTICACHE_FUZZ_KEY, are printed with a difference.</param>
    public static void Same(
        RedisServer redis, CommandSession ours, IReadOnlyList<byte[][]> commands, IReadOnlySet<string> unordered, string story, IEnumerable<byte[][]>? earlier = null)
    {
        RedisReply[] theirs = redis.ExecuteAll(commands);
        for (int i = 0; i < commands.Count; i++)
        {
            RedisReply reply = ours.Execute(commands[i]);
            bool sorts = unordered.Contains(Encoding.ASCII.GetString(commands[i][0]).ToUpperInvariant());
            (string expected, string actual) = (Show(theirs[i], sorts), Show(reply, sorts));
            if (expected != actual && !AreUndeterminedEncodings(commands[i], expected, actual))
            {
                byte[] key = Environment.GetEnvironmentVariable("ELASTICACHE_FUZZ_KEY") is { Length: > 0 } wanted ? Encoding.ASCII.GetBytes(wanted) : commands[i].ElementAtOrDefault(1) ?? [];
                IEnumerable<byte[][]> named = (earlier ?? []).Concat(commands.Take(i)).Where(command => command.Skip(1).Any(a => a.AsSpan().SequenceEqual(key)));
                string before = string.Join("\n", named.TakeLast(MostCommandsShown).Select(command => "  " + Text(command)));
                Assert.Fail($"{story}, command {i}: {Text(commands[i])}\nredis: {expected}\n ours: {actual}\nbefore it:\n{before}");
            }
        }
    }

    // Which of int, embstr and raw a string is depends in Redis on how it came about: a SETBIT that changes nothing makes it raw, a sum of INCRBYFLOAT is embstr.
    // And SORT, which only reads, makes a small sorted set a skiplist for good.
    private static bool AreUndeterminedEncodings(byte[][] command, string expected, string actual) =>
        Text(command).StartsWith("OBJECT ", StringComparison.OrdinalIgnoreCase) &&
        ((StringEncodings.Contains(expected) && StringEncodings.Contains(actual)) || (expected == "\"skiplist\"" && actual == "\"listpack\"" && Text(command)[^2] != 'y'));

    /// <summary>A command on one line.</summary>
    public static string Text(byte[][] command) => string.Join(' ', command.Select(a =>
        a.Length > 100 ? $"({a.Length} bytes)" : a.All(b => b is > 0x20 and < 0x7F) && a.Length > 0 ? Encoding.ASCII.GetString(a) : $"0x{Convert.ToHexString(a)}"));

    private static string Show(RedisReply reply, bool sorts)
    {
        if (reply.Items is null)
        {
            return reply.Error is not null ? $"(error) {reply.Error}"
                : reply.Number is not null ? $"(integer) {reply.Number}"
                : reply.Bytes is null ? "(nil)"
                : reply.Bytes.Length > MostBytesShown ? $"{reply.Bytes.Length} bytes, SHA-256 {Convert.ToHexString(SHA256.HashData(reply.Bytes))}"
                : reply.Bytes.All(b => b is >= 0x20 and < 0x7F) ? $"\"{reply.Text}\"" : Convert.ToHexString(reply.Bytes);
        }

        IEnumerable<string> items = reply.Items.Select(item => Show(item, sorts));
        return $"[{string.Join(", ", sorts ? items.Order(StringComparer.Ordinal) : items)}]";
    }
}
