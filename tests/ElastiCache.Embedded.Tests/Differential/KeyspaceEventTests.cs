using System.Text;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Messaging;
using ElastiCache.Embedded.Tests.Peers;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Differential;

/// <summary>Random commands here and on redis-server raise the same keyspace events in the same order.</summary>
/// <remarks>
/// Expired and evicted keys are left out: when they go is each side's own business. So are misses and new keys, which Redis raises for its own look-ups and
/// replacements (a RENAME over a key makes it new), and for which A does not stand.
/// </remarks>
public sealed class KeyspaceEventTests(RedisServerFixture redis, ITestOutputHelper output) : IClassFixture<RedisServerFixture>
{
    private const int Commands = 2_000;
    private const string Classes = "Eg$lshztd";

    [Theory]
    [InlineData("s", 1)]
    [InlineData("b", 2)]
    [InlineData("l", 3)]
    [InlineData("h", 4)]
    [InlineData("t", 5)]
    [InlineData("x", 6)]
    [InlineData("p", 7)]
    [InlineData("g", 8)]
    [InlineData("z", 9)]
    public void Events_are_those_of_redis_server(string families, int seed)
    {
        output.WriteLine($"seed {seed}, {Commands} commands of the families {families}");
        var random = new Random(seed);
        var template = new CommandTemplate(random);
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = new FakeTimeProvider(DateTimeOffset.UtcNow), KeyspaceNotifications = Classes });
        using var ours = new CommandSession(cache);
        var recorder = new RecordingSubscriber();
        cache.Hub.Subscribe(recorder, ChannelKind.Pattern, "*"u8);
        redis.Server.Execute("FLUSHALL");
        redis.Server.Execute("CONFIG", "SET", "notify-keyspace-events", Classes);
        using var theirs = new RawRedisClient(redis.Server.Port);
        theirs.Execute("PSUBSCRIBE *");
        List<string> story = [];
        var differences = new SortedDictionary<string, string>(StringComparer.Ordinal);

        for (int i = 0; i < Commands; i++)
        {
            byte[][] command = CommandFamilies.Next(random, template, families);
            story.Add(PeerComparison.Text(command));
            recorder.Received.Clear();
            ours.Run(command);
            redis.Server.Execute(command);

            string expected = Events(theirs.ReceiveAll());
            string actual = string.Join(", ", recorder.Received.Select(line => line["*<-".Length..]));
            if (expected != actual)
            {
                differences.TryAdd(Encoding.ASCII.GetString(command[0]).ToUpperInvariant(), $"step {i}: {story[^1]}\n  redis {expected}\n  ours  {actual}");
            }
        }

        Assert.True(differences.Count == 0, $"seed {seed}\n{string.Join('\n', differences.Values)}");
    }

    // pmessage, pattern, channel, payload: four bulk strings behind each array's head.
    private static string Events(string received)
    {
        var stream = new MemoryStream(Encoding.Latin1.GetBytes(received));
        var events = new List<string>();
        while (stream.Position < stream.Length)
        {
            RedisReply message = RedisReplyReader.Read(stream);
            events.Add($"{message[2].Text}={message[3].Text}");
        }

        return string.Join(", ", events);
    }
}
