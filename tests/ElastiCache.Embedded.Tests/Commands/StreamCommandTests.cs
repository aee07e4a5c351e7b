using System.Text;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>The commands on streams beside redis-server.</summary>
public sealed class StreamCommandTests(RedisServerFixture redis, ITestOutputHelper output) : IClassFixture<RedisServerFixture>
{
    private const long SomeTimeAgo = 1_000_000_000_000;

    [Theory]
    [InlineData(20260221, 100, 4096)]
    [InlineData(20260222, 3, 4096)]
    [InlineData(20260223, 100, 200)]
    [InlineData(20260224, 0, 0)]
    public void A_long_random_session_answers_as_redis_does(int seed, int nodeEntries, int nodeBytes)
    {
        output.WriteLine($"seed {seed}");
        redis.Server.Execute("FLUSHALL");
        redis.Server.Execute("CONFIG", "SET", "stream-node-max-entries", $"{nodeEntries}", "stream-node-max-bytes", $"{nodeBytes}");
        using var session = new CommandSession();
        session.Cache.Store.Encodings.StreamNodeMaxEntries = nodeEntries;
        session.Cache.Store.Encodings.StreamNodeMaxBytes = nodeBytes;
        var source = new StreamCommandSource(new Random(seed));
        byte[][][] commands = [.. Enumerable.Range(0, 12_000).Select(_ => source.Next())];

        RedisReply[] theirs = redis.Server.ExecuteAll(commands);

        for (int i = 0; i < commands.Length; i++)
        {
            string expected = Show(commands[i], theirs[i]), actual = Show(commands[i], session.Execute(commands[i]));
            if (expected != actual)
            {
                string before = string.Join("\n", commands.Take(i).TakeLast(15).Select(command => "  " + PeerComparison.Text(command)));
                Assert.Fail($"seed {seed}, command {i}: {PeerComparison.Text(commands[i])}\nredis: {expected}\n ours: {actual}\nbefore it:\n{before}");
            }
        }
    }

    /// <summary>A reply with the present time left out: idle times, and times since 2001.</summary>
    private static string Show(byte[][] command, RedisReply reply)
    {
        string name = Encoding.ASCII.GetString(command[0]).ToUpperInvariant();
        bool isInfo = name == "XINFO" && command.Length > 1 && Encoding.ASCII.GetString(command[1]) == "CONSUMERS";
        RedisReply shown = name == "XPENDING" && command.Length > 3 ? WithoutIdle(reply, 2) : isInfo ? WithoutIdle(reply, 5) : reply;
        return Masked(shown).ToString();
    }

    private static RedisReply WithoutIdle(RedisReply reply, int at) => reply.Items is null ? reply : new RedisReply(
        Items: [.. reply.Items.Select(item => item.Items is null || item.Items.Length <= at ? item : new RedisReply(Items: [.. item.Items.Select((part, i) => i == at ? new RedisReply() : part)]))]);

    private static RedisReply Masked(RedisReply reply) =>
        reply.Number > SomeTimeAgo ? new RedisReply(Bytes: "now"u8.ToArray())
        : reply.Items is not null ? new RedisReply(Items: [.. reply.Items.Select(Masked)])
        : reply;
}
