using Microsoft.Extensions.Options;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class EmbeddedCacheOptionsTests
{
    [Fact]
    public void The_defaults_are_valid_and_documented()
    {
        var options = new EmbeddedCacheOptions();

        options.Validate();

        Assert.Null(options.Folder);
        Assert.Equal(0, options.MaxMemory);
        Assert.Equal(EvictionPolicy.AllKeysAdaptive, options.EvictionPolicy);
        Assert.Equal(0, options.Shards);
        Assert.Equal(16, options.Databases);
        Assert.Equal(DurabilityMode.EverySecond, options.Durability);
        Assert.Equal(TimeSpan.FromSeconds(10), options.MaxUnpersistedAge);
        Assert.Same(TimeProvider.System, options.TimeProvider);
        Assert.Same(MessagePackCacheSerializer.Default, options.Serializer);
        Assert.Null(options.LoggerFactory);
    }

    public static TheoryData<string, string, Action<EmbeddedCacheOptions>> Refused() => new()
    {
        { "Folder", "''", options => options.Folder = "" },
        { "Folder", "' '", options => options.Folder = " " },
        { "Folder", "'a\0b'", options => options.Folder = "a\0b" },
        { "MaxMemory", "-1", options => options.MaxMemory = -1 },
        { "MaxMemory", "1", options => options.MaxMemory = 1 },
        { "MaxMemory", "2097151", options => (options.MaxMemory, options.Shards) = (2097151, 64) },
        { "MaxMemoryPercent", "-1", options => options.MaxMemoryPercent = -1 },
        { "MaxMemoryPercent", "101", options => options.MaxMemoryPercent = 101 },
        { "MaxMemoryPercent", "50", options => (options.MaxMemory, options.MaxMemoryPercent) = (1 << 30, 50) },
        { "ReservedMemoryPercent", "-1", options => options.ReservedMemoryPercent = -1 },
        { "ReservedMemoryPercent", "100", options => options.ReservedMemoryPercent = 100 },
        { "MaxMemory", "1048575", options => options.MaxMemory = 1048575 },
        { "MaxMemory", "-9223372036854775808", options => options.MaxMemory = long.MinValue },
        { "EvictionPolicy", "-1", options => options.EvictionPolicy = (EvictionPolicy)(-1) },
        { "EvictionPolicy", "99", options => options.EvictionPolicy = (EvictionPolicy)99 },
        { "LfuLogFactor", "-1", options => options.LfuLogFactor = -1 },
        { "LfuDecayTime", "-00:01:00", options => options.LfuDecayTime = TimeSpan.FromMinutes(-1) },
        { "LfuDecayTime", "00:01:30", options => options.LfuDecayTime = TimeSpan.FromSeconds(90) },
        { "LfuDecayTime", "1491308.02:08:00", options => options.LfuDecayTime = TimeSpan.FromMinutes(1L + int.MaxValue) },
        { "Shards", "-1", options => options.Shards = -1 },
        { "Shards", "3", options => options.Shards = 3 },
        { "Shards", "8192", options => options.Shards = 8192 },
        { "Shards", "-2147483648", options => options.Shards = int.MinValue },
        { "Databases", "0", options => options.Databases = 0 },
        { "Databases", "-1", options => options.Databases = -1 },
        { "Databases", "17", options => options.Databases = 17 },
        { "Durability", "3", options => options.Durability = (DurabilityMode)3 },
        { "MaxUnpersistedAge", "00:00:00", options => options.MaxUnpersistedAge = TimeSpan.Zero },
        { "MaxUnpersistedAge", "00:00:00.9990000", options => options.MaxUnpersistedAge = TimeSpan.FromMilliseconds(999) },
        { "MaxUnpersistedAge", "1.00:00:00.0000001", options => options.MaxUnpersistedAge = TimeSpan.FromHours(24) + TimeSpan.FromTicks(1) },
        { "TimeProvider", "null", options => options.TimeProvider = null! },
        { "Serializer", "null", options => options.Serializer = null! },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_bad_option_is_refused_with_its_name_its_value_and_the_range(string name, string value, Action<EmbeddedCacheOptions> spoil)
    {
        var options = new EmbeddedCacheOptions();
        spoil(options);

        var refused = Assert.Throws<OptionsValidationException>(options.Validate);

        string problem = Assert.Single(refused.Failures);
        Assert.StartsWith($"{name} = {value} is out of range: it must be ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_is_reported_at_once()
    {
        var options = new EmbeddedCacheOptions { MaxMemory = -1, Shards = 3, Databases = 0 };

        var refused = Assert.Throws<OptionsValidationException>(options.Validate);

        Assert.Equal(3, refused.Failures.Count());
    }

    [Theory]
    [InlineData(1048576, 1, 1, 1)]
    [InlineData(long.MaxValue, 4096, 16, 86400)]
    [InlineData(0, 0, 16, 10)]
    public void The_ends_of_the_ranges_are_allowed(long maxMemory, int shards, int databases, int ageInSeconds) =>
        new EmbeddedCacheOptions
        {
            MaxMemory = maxMemory,
            Shards = shards,
            Databases = databases,
            MaxUnpersistedAge = TimeSpan.FromSeconds(ageInSeconds),
        }.Validate();

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(1_000_000_000, 0, 0, 1_000_000_000)]
    [InlineData(1_000_000_000, 0, 25, 750_000_000)]
    [InlineData(0, 50, 0, 4_000_000_000)]
    [InlineData(0, 50, 25, 3_000_000_000)]
    [InlineData(0, 0, 25, 6_000_000_000)]
    public void The_budget_is_what_is_left_of_the_bytes_the_share_or_all_when_the_reserve_was_taken(long maxMemory, int percent, int reserved, long expected) =>
        Assert.Equal(
            expected,
            new EmbeddedCacheOptions { MaxMemory = maxMemory, MaxMemoryPercent = percent, ReservedMemoryPercent = reserved }.ResolveMaxMemory(static () => 8_000_000_000));

    [Fact]
    public void A_reserve_that_leaves_less_than_the_least_is_refused_with_the_three_figures_and_why()
    {
        var refused = Assert.Throws<OptionsValidationException>(new EmbeddedCacheOptions { MaxMemory = 2 << 20, ReservedMemoryPercent = 60 }.Validate);

        Assert.Equal(
            "MaxMemory = 2097152, MaxMemoryPercent = 0 and ReservedMemoryPercent = 60 leave 838892 bytes: they must leave at least 1048576 bytes (1 MiB, and 32 KiB for each shard, " +
            "of which there are 1: its index and its entries take whole slabs of 16 KiB).",
            Assert.Single(refused.Failures));
    }

    [Fact]
    public void A_share_of_the_memory_is_what_the_cache_is_opened_with()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemoryPercent = 1, ReservedMemoryPercent = 50 });

        Assert.Equal(ElastiCache.Embedded.Memory.MemoryLimit.Read() / 200, cache.GetStatistics().MaxBytes, 200.0);
    }

    [Fact]
    public void An_unbounded_age_is_allowed() => new EmbeddedCacheOptions { MaxUnpersistedAge = Timeout.InfiniteTimeSpan }.Validate();

    [Theory]
    [InlineData(0, 0, 64)]
    [InlineData(0, 1 << 20, 1)]
    [InlineData(0, 24 << 20, 2)]
    [InlineData(0, 64 << 20, 8)]
    [InlineData(0, 512 << 20, 64)]
    [InlineData(0, long.MaxValue, 64)]
    [InlineData(4096, 1 << 27, 4096)]
    public void Automatic_shards_leave_each_eight_mebibytes(int shards, long maxMemory, int expected) =>
        Assert.Equal(expected, new EmbeddedCacheOptions { Shards = shards, MaxMemory = maxMemory }.ResolveShards());

    [Fact]
    public void A_copy_does_not_follow_later_changes()
    {
        var options = new EmbeddedCacheOptions { Shards = 8 };

        EmbeddedCacheOptions copy = options.Copy();
        options.Shards = 16;

        Assert.Equal(8, copy.Shards);
    }
}
