using ElastiCache.Embedded.Server.Cli;
using ElastiCache.Embedded.Server.Configuration;

namespace ElastiCache.Embedded.Server.Tests.Cli;

public sealed class PlanCommandTests
{
    [Fact]
    public void Numbers_may_have_units_and_options_any_order()
    {
        MemoryPlanOptions options = PlanCommand.Read(["--value", "4kb", "--ttl", "--keys", "50M", "--key", "30", "--type", "zset", "--elements", "7", "--field", "9", "--shards", "16"]);

        Assert.Equal(
            (50_000_000, 30, 4096, true, PlannedType.SortedSet, 7, 9, 16),
            (options.Keys, options.KeyBytes, options.ValueBytes, options.Expires, options.Type, options.Elements, options.FieldBytes, options.Shards));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--value 5")]
    [InlineData("--keys many")]
    [InlineData("--keys")]
    [InlineData("--keys 5 --type tree")]
    [InlineData("--keys 5 --colour red")]
    [InlineData("--keys 5 --value 3g")]
    public void What_can_not_be_read_is_refused(string arguments) =>
        Assert.ThrowsAny<ArgumentException>(() => PlanCommand.Read(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [Fact]
    public async Task The_program_plans_and_refuses()
    {
        Assert.Equal(0, await CommandLine.RunAsync(["plan", "--keys", "50M", "--value", "200"]));
        Assert.Equal(0, await CommandLine.RunAsync(["plan", "--keys", "1k", "--type", "hash", "--json"]));
        Assert.Equal(1, await CommandLine.RunAsync(["plan", "--keys", "1k", "--shards", "3"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(true, "--track-access", "yes")]
    [InlineData(false, "--track-access", "no")]
    public void The_server_tracks_access_unless_it_is_told_not_to(bool tracks, params string[] arguments) =>
        Assert.Equal(tracks, ServeCommand.CacheOptions(ServeCommand.ReadConfiguration(arguments)).TracksAccess);

    [Fact]
    public void The_server_takes_a_share_of_the_memory_and_a_reserve()
    {
        ServerConfiguration configuration = ServeCommand.ReadConfiguration(["--maxmemory", "50%", "--reserved-memory-percent", "25"]);

        EmbeddedCacheOptions options = ServeCommand.CacheOptions(configuration);

        long half = ElastiCache.Embedded.Memory.MemoryLimit.Read() / 100 * 50;
        Assert.Equal((half, 25), (options.MaxMemory, options.ReservedMemoryPercent));
    }
}
