namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>A process that may not have more memory (ulimit -v): it is told so, and lives on.</summary>
public sealed class MemoryLimitTests
{
    // Of the collector's heap .NET reserves the whole at its start; a small one leaves room under the limit.
    private const string Limit = "export DOTNET_GCHeapHardLimit=0x4000000 && ulimit -v 3400000";

    private static readonly string Budget = $"{64 * 1024 * 1024}";

    [Fact]
    public void A_cache_without_a_budget_refuses_what_the_process_has_no_room_for_and_goes_on()
    {
        RequireUlimit();
        using ChildProcess child = ChildProcess.StartAfter(Limit, "serve", "-");
        Assert.Equal("open", child.ReadLine());

        string refused = child.Ask("fill key: 100000 30000")!;

        Assert.StartsWith("InsufficientMemoryException: ", refused, StringComparison.Ordinal);
        Assert.Equal("100000", child.Ask("get key:0"));
        Assert.StartsWith("InsufficientMemoryException: ", child.Ask("set one-more 10000000"), StringComparison.Ordinal);
        Assert.Equal("none", child.Ask("get one-more"));
        Assert.Equal("closed", child.Ask("close"));
        Assert.Equal(0, child.WaitForExit());
    }

    [Fact]
    public async Task A_budget_keeps_a_process_alive_under_a_limit_on_memory_and_what_it_holds_is_durable()
    {
        RequireUlimit();
        using var folder = new TemporaryFolder();
        using (ChildProcess child = ChildProcess.StartAfter(Limit, "serve", folder["cache"], "Always", Budget))
        {
            Assert.Equal("open", child.ReadLine());

            string refused = child.Ask("fill key: 50000 2000")!;

            Assert.StartsWith("CacheFullException: ", refused, StringComparison.Ordinal);
            Assert.Contains("MaxMemory", refused, StringComparison.Ordinal);
            Assert.Equal("50000", child.Ask("get key:0"));
            Assert.StartsWith("CacheFullException: ", child.Ask("set one-more 1000000"), StringComparison.Ordinal);
            Assert.Equal("closed", child.Ask("close"));
            Assert.Equal(0, child.WaitForExit());
        }

        await using EmbeddedCache cache = await Caches.OpenAsync(folder["cache"]);
        Assert.InRange(cache.Keys.Count, 1_000, 1_342);
        Assert.Equal(50_000, cache.Strings.GetBytes("key:0")!.Length);
        Assert.Null(cache.Strings.GetBytes("one-more"));
    }

    [Fact]
    public void A_limit_that_a_budget_does_not_fit_into_is_refused_with_the_way_out()
    {
        RequireUlimit();
        using ChildProcess child = ChildProcess.StartAfter(Limit, "serve", "-", "Always", $"{8L * 1024 * 1024 * 1024}");

        Assert.StartsWith("InsufficientMemoryException: ", child.ReadLine(), StringComparison.Ordinal);
    }

    /// <remarks>
    /// An OutOfMemoryException while an effect was encoded left half a command in the log; the batch around it was written with a
    /// right checksum, and no later process could open the folder. Missed because every test had memory enough.
    /// </remarks>
    [Theory]
    [InlineData(1_000)]
    [InlineData(30_000)]
    [InlineData(1_000_000)]
    public async Task A_process_without_memory_for_its_log_leaves_a_folder_that_opens_with_what_was_acknowledged(int valueBytes)
    {
        using var folder = new TemporaryFolder();
        string? count = null;
        using (ChildProcess child = ChildProcess.StartAfter("export DOTNET_GCHeapHardLimit=0x3000000", "serve", folder["cache"], "EverySecond"))
        {
            Assert.Equal("open", child.ReadLine());
            string? refused = child.Ask($"fill key: {valueBytes} {400_000_000 / valueBytes}");
            Assert.SkipWhen(refused == "ok", "the disk was fast enough for the log to need no memory");

            // The runtime, which needs memory for itself, may have found none and ended the process, or the log's own thread found none and poisoned the log, which keeps what
            // was synced, a second's writes less: then nothing was acknowledged, and the folder must open all the same. The values are counted and not read, as the process has hardly memory left for that.
            count = refused == null ? null : child.TryAsk("count");
            count = child.TryAsk("close") == "closed" ? count : null;
        }

        await using EmbeddedCache cache = await Caches.OpenAsync(folder["cache"]);

        if (count != null)
        {
            // The last one may be what was refused: then it is in memory, and nobody was told that it is stored.
            int acknowledged = int.Parse(count, System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(cache.Keys.Count, acknowledged - 1, acknowledged);
        }

        Assert.All(Enumerable.Range(0, (int)cache.Keys.Count), i => Assert.Equal(valueBytes, cache.Strings.GetBytes($"key:{i}")!.Length));
    }

    private static void RequireUlimit() => Assert.SkipUnless(OperatingSystem.IsLinux(), "ulimit -v binds on Linux only");
}
