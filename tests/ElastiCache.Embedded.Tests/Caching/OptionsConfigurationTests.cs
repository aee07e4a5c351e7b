using System.Reflection;
using ElastiCache.Embedded.Caching;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ElastiCache.Embedded.Tests.Caching;

public sealed class OptionsConfigurationTests
{
    [Fact]
    public void Every_option_that_is_plain_data_can_be_configured()
    {
        EmbeddedCacheOptions options = Read(
            ("Folder", "cache-data"), ("MaxMemory", "64mb"), ("EvictionPolicy", "NoEviction"), ("Shards", "8"),
            ("Databases", "2"), ("Durability", "always"), ("MaxUnpersistedAge", "00:01:00"), ("TracksAccess", "true"), ("LfuLogFactor", "0"), ("LfuDecayTime", "00:05:00"));

        Assert.Equal("cache-data", options.Folder);
        Assert.Equal(64 << 20, options.MaxMemory);
        Assert.Equal(EvictionPolicy.NoEviction, options.EvictionPolicy);
        Assert.Equal(8, options.Shards);
        Assert.Equal(2, options.Databases);
        Assert.Equal(DurabilityMode.Always, options.Durability);
        Assert.Equal(TimeSpan.FromMinutes(1), options.MaxUnpersistedAge);
        Assert.True(options.TracksAccess);
        Assert.Equal((0, TimeSpan.FromMinutes(5)), (options.LfuLogFactor, options.LfuDecayTime));
    }

    [Fact]
    public void No_option_of_plain_data_was_forgotten()
    {
        var plain = typeof(EmbeddedCacheOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.PropertyType.IsValueType || property.PropertyType == typeof(string))
            .Select(property => property.Name)
            .Where(name => name != nameof(EmbeddedCacheOptions.RecoverTo));     // for one opening: a configuration would restore at each start

        var refused = Assert.Throws<OptionsValidationException>(() => Read(("NoSuchOption", "1")));

        Assert.All(plain, name => Assert.Contains(name, refused.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_section_does_not_name_keeps_its_default()
    {
        EmbeddedCacheOptions options = Read(("shards", "4"));

        Assert.Equal(4, options.Shards);
        Assert.Equal(16, options.Databases);
        Assert.Equal(EvictionPolicy.AllKeysAdaptive, options.EvictionPolicy);
    }

    [Fact]
    public void A_misspelt_option_is_refused_with_the_names_that_exist()
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read(("MaxMemmory", "1gb")));

        Assert.Equal(
            "'Cache:MaxMemmory' is no option. Options are Folder, Name, MaxMemory, MaxMemoryPercent, ReservedMemoryPercent, EvictionPolicy, TracksAccess, LfuLogFactor, LfuDecayTime, Shards, Databases, Durability, MaxUnpersistedAge, " +
            "LogRewriteGrowthPercent, LogRewriteMinBytes, HistoryRetention, KeyspaceNotifications.",
            Assert.Single(refused.Failures));
    }

    [Theory]
    [InlineData("MaxMemory", "lots", "a size such as 1048576, 64mb or 1gb, or a share of the memory such as 50%")]
    [InlineData("MaxMemory", "", "a size such as 1048576, 64mb or 1gb, or a share of the memory such as 50%")]
    [InlineData("MaxMemory", "0%", "a size such as 1048576, 64mb or 1gb, or a share of the memory such as 50%")]
    [InlineData("MaxMemory", "101%", "a size such as 1048576, 64mb or 1gb, or a share of the memory such as 50%")]
    [InlineData("MaxMemory", "-5%", "a size such as 1048576, 64mb or 1gb, or a share of the memory such as 50%")]
    [InlineData("MaxMemory", "5 %", "a size such as 1048576, 64mb or 1gb, or a share of the memory such as 50%")]
    [InlineData("EvictionPolicy", "Random", "one of NoEviction, AllKeysLru, AllKeysLfu, AllKeysRandom, AllKeysAdaptive, VolatileLru, VolatileLfu, VolatileRandom, VolatileTtl, VolatileAdaptive")]
    [InlineData("EvictionPolicy", "1", "one of NoEviction, AllKeysLru, AllKeysLfu, AllKeysRandom, AllKeysAdaptive, VolatileLru, VolatileLfu, VolatileRandom, VolatileTtl, VolatileAdaptive")]
    [InlineData("TracksAccess", "yes", "true or false")]
    [InlineData("LfuLogFactor", "ten", "a whole number")]
    [InlineData("LfuDecayTime", "a minute", "a duration such as 00:01:00")]
    [InlineData("Shards", "8.5", "a whole number")]
    [InlineData("Shards", "2147483648", "a whole number")]
    [InlineData("Databases", "many", "a whole number")]
    [InlineData("Durability", "Always, No", "one of Always, EverySecond, No")]
    [InlineData("MaxUnpersistedAge", "ten seconds", "a duration such as 00:00:10, or infinite")]
    public void A_value_that_can_not_be_read_is_refused_with_what_would_be(string name, string value, string expected)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read((name, value)));

        Assert.Equal($"{name} = '{value}' (at 'Cache:{name}') can't be read: it must be {expected}.", Assert.Single(refused.Failures));
    }

    [Fact]
    public void A_section_in_the_place_of_a_value_is_refused() =>
        Assert.Throws<OptionsValidationException>(() => Read(("Folder:Path", "x")));

    [Fact]
    public void Every_problem_is_reported_at_once()
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read(("Shards", "x"), ("Databases", "y"), ("Colour", "z")));

        Assert.Equal(3, refused.Failures.Count());
    }

    [Fact]
    public void The_budget_can_be_a_share_of_the_memory_and_part_of_it_reserved()
    {
        EmbeddedCacheOptions options = Read(("MaxMemory", "50%"), ("ReservedMemoryPercent", "25"));

        Assert.Equal((0, 50, 25), (options.MaxMemory, options.MaxMemoryPercent, options.ReservedMemoryPercent));
    }

    [Fact]
    public void The_age_can_be_unbounded() =>
        Assert.Equal(Timeout.InfiniteTimeSpan, Read(("MaxUnpersistedAge", "Infinite")).MaxUnpersistedAge);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1048576", 1048576)]
    [InlineData("7b", 7)]
    [InlineData("1k", 1000)]
    [InlineData("1kb", 1024)]
    [InlineData("64m", 64_000_000)]
    [InlineData("64MB", 64 << 20)]
    [InlineData("3G", 3_000_000_000)]
    [InlineData("3gB", 3L << 30)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("8589934591gb", 8589934591L << 30)]
    public void Sizes_are_spelled_as_in_redis_conf(string text, long expected)
    {
        Assert.True(MemorySize.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("mb")]
    [InlineData("1.5gb")]
    [InlineData("1 gb")]
    [InlineData("1tb")]
    [InlineData("1mbx")]
    [InlineData("9223372036854775808")]
    [InlineData("8589934592gb")]
    public void What_is_no_size_is_refused(string text) => Assert.False(MemorySize.TryParse(text, out _));

    private static EmbeddedCacheOptions Read(params (string Name, string? Value)[] settings)
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create("Cache:" + setting.Name, setting.Value)))
            .Build();
        var options = new EmbeddedCacheOptions();
        OptionsConfiguration.Read(configuration.GetSection("Cache"), options, Options.DefaultName);
        return options;
    }
}
