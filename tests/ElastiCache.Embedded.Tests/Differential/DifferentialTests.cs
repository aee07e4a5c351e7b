using System.Globalization;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Peers;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Differential;

/// <summary>Random commands of all families, here and on redis-server: every reply is the same to the byte, replies without an order as sets.</summary>
/// <remarks>
/// <c>eng/fuzz.sh 20000000 [seed] [families]</c> runs as many as it is told and prints what they were; the ordinary run is short enough for every build. A difference prints seed, command and
/// the commands before it, and becomes a test of its own.
/// </remarks>
public sealed class DifferentialTests(RedisServerFixture redis, ITestOutputHelper output) : IClassFixture<RedisServerFixture>
{
    private const int OrdinaryCommands = 25_000;
    private const int CommandsARound = 500;
    private const int RoundsAKeyspace = 40;

    [Theory]
    [InlineData("s", 1)]
    [InlineData("b", 2)]
    [InlineData("l", 3)]
    [InlineData("h", 4)]
    [InlineData("t", 5)]
    [InlineData("z", 6)]
    [InlineData("x", 7)]
    [InlineData("pg", 8)]
    [InlineData("sblhtzxpg", 9)]
    public void Replies_are_those_of_redis_server(string families, int seed)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("ELASTICACHE_FUZZ_FAMILIES") is null or "" || Environment.GetEnvironmentVariable("ELASTICACHE_FUZZ_FAMILIES") == families, "Other families were asked for.");
        (int commands, int first) = Wanted(seed);
        output.WriteLine($"seed {first}, {commands} commands of the families {families}");
        var random = new Random(first);
        var template = new CommandTemplate(random);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var earlier = new List<byte[][]>();
        CommandSession? ours = null;
        EmbeddedCache? cache = null;

        for (int round = 0; round * CommandsARound < commands; round++)
        {
            if (round % RoundsAKeyspace == 0)
            {
                ours?.Dispose();
                cache?.Dispose();
                cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time });
                ours = new CommandSession(cache);
                redis.Server.Execute("FLUSHALL");
                earlier.Clear();
            }

            byte[][][] some = [.. Enumerable.Range(0, CommandsARound).Select(_ => CommandFamilies.Next(random, template, families))];
            foreach (byte[][] command in some)
            {
                string name = System.Text.Encoding.ASCII.GetString(command[0]);
                counts[name] = counts.GetValueOrDefault(name) + 1;
            }

            PeerComparison.Same(redis.Server, ours!, some, CommandFamilies.Unordered, $"seed {first}, round {round}", earlier);
            earlier.AddRange(some);
        }

        ours?.Dispose();
        cache?.Dispose();
        output.WriteLine(string.Join(", ", counts.Select(count => $"{count.Key} {count.Value}")));
    }

    private static (int Commands, int Seed) Wanted(int seed)
    {
        string? commands = Environment.GetEnvironmentVariable("ELASTICACHE_FUZZ_COMMANDS");
        string? offset = Environment.GetEnvironmentVariable("ELASTICACHE_FUZZ_SEED");
        return (commands is null ? OrdinaryCommands : int.Parse(commands, CultureInfo.InvariantCulture) / 9,
            seed + (offset is null ? 0 : int.Parse(offset, CultureInfo.InvariantCulture)));
    }
}
