using System.Globalization;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Tests.Crash;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Earlier moments, from the log and its history.</summary>
public sealed class PointInTimeTests(ITestOutputHelper output)
{
    private const long Start = 1_767_225_600;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_state_of_every_second_within_the_retention_comes_back_whatever_was_rewritten_closed_or_killed(int seed)
    {
        output.WriteLine($"seed {seed}");
        const int Retention = 60;
        var random = new Random(seed);
        var test = new LogUnderTest(DurabilityMode.Always) { Recovery = new RecoveryOptions(TimeSpan.FromSeconds(Retention), null) };
        var state = new Dictionary<(int, string), string>();
        var seconds = new List<Dictionary<(int, string), string>>();
        test.Source = new ModelSource(() => state);
        test.Open();
        for (int second = 0; second < 400; second++)
        {
            for (int i = random.Next(4); i > 0; i--)
            {
                string key = $"key:{random.Next(10)}", value = $"{second}/{i}";
                test.Set(random.Next(test.Shards.Count), key, value);
                state[(0, key)] = value;
                test.Log.RunCycle();
            }

            switch (random.Next(20))
            {
                case 0:
                    test.Log.Rewriter!.TryBegin();
                    test.Log.RunCycle();
                    test.Log.Rewriter!.RunBackground();
                    break;
                case 1:
                    test.Reopen();
                    break;
                case 2:
                    test.Disk.Kill();
                    test.Open();
                    break;
            }

            seconds.Add(new(state));
            test.Time.Advance(TimeSpan.FromSeconds(1));
        }

        int files = test.Disk.List("appendonlydir").Count;
        int tooEarly = 0;
        for (int second = 0; second < seconds.Count; second++)
        {
            var then = new ModelStore();
            try
            {
                PointInTime.Replay(test.Disk, test.Log.Chain.Manifest, test.Log.Chain.History, Start + second, then);
            }
            catch (RecoveryPointException e) when (second < seconds.Count - Retention)
            {
                tooEarly++;
                Assert.True(e.Earliest > DateTimeOffset.FromUnixTimeSeconds(Start + second));
                continue;
            }

            Assert.Equal(seconds[second], then.Entries);
        }

        output.WriteLine($"{files} files, {tooEarly} seconds too early");
        Assert.InRange(tooEarly, 200, seconds.Count - Retention);
        Assert.InRange(files, 4, 30);
    }

    [Fact]
    public async Task A_folder_opens_with_an_earlier_state_and_goes_on_from_there_and_back_again()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start));
        var options = new EmbeddedCacheOptions { Folder = folder.Path, TimeProvider = time, HistoryRetention = TimeSpan.FromDays(1) };
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(options, Token))
        {
            await WriteAsync(cache, time, "first");
            await cache.RewriteLogAsync(Token);
            await WriteAsync(cache, time, "second");
            await WriteAsync(cache, time, "third");
        }

        DateTimeOffset restoredAt = time.GetUtcNow();
        await using (EmbeddedCache earlier = await EmbeddedCache.OpenAsync(At(options, Start + 1), Token))
        {
            Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(Start + 1), earlier.Recovery!.RecoveredTo);
            Assert.Equal("second", earlier.Strings.GetString("value"));
            Assert.Equal(2, earlier.List<string>("values").Count());
            await WriteAsync(earlier, time, "other");
        }

        await using (EmbeddedCache newest = await EmbeddedCache.OpenAsync(options, Token))
        {
            Assert.Equal(["first", "second", "other"], newest.List<string>("values").Range());
        }

        // The past of before the restore is still there.
        await using (EmbeddedCache third = await EmbeddedCache.OpenAsync(At(options, restoredAt.ToUnixTimeSeconds() - 1), Token))
        {
            Assert.Equal(["first", "second", "third"], third.List<string>("values").Range());
        }

        var error = await Assert.ThrowsAsync<RecoveryPointException>(async () => await EmbeddedCache.OpenAsync(At(options, Start - 1), Token));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(Start), error.Earliest);
    }

    [Fact]
    public async Task Without_a_retention_there_is_no_history_but_what_a_restore_leaves_behind_stays_until_the_next_rewrite()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start));
        var options = new EmbeddedCacheOptions { Folder = folder.Path, TimeProvider = time };
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(options, Token))
        {
            await WriteAsync(cache, time, "first");
            await cache.RewriteLogAsync(Token);
            Assert.Equal(3, Files(folder).Length);
            await WriteAsync(cache, time, "second");
        }

        await using (EmbeddedCache earlier = await EmbeddedCache.OpenAsync(At(options, Start + 1), Token))
        {
            Assert.Equal("second", earlier.Strings.GetString("value"));
            Assert.Equal(6, Files(folder).Length);
            await earlier.RewriteLogAsync(Token);
            Assert.Equal(4, Files(folder).Length);      // the manifest of the history is empty
        }

        await Assert.ThrowsAsync<RecoveryPointException>(async () => await EmbeddedCache.OpenAsync(At(options, Start), Token));
    }

    [Fact]
    public async Task A_folder_without_a_log_has_no_past_and_stays_as_it_is()
    {
        using var folder = new TemporaryFolder();
        var options = new EmbeddedCacheOptions { Folder = folder["none"] };

        await Assert.ThrowsAsync<RecoveryPointException>(async () => await EmbeddedCache.OpenAsync(At(options, Start), Token));
        Assert.False(Directory.Exists(folder["none"]));
    }

    [Fact]
    public async Task Keys_of_a_pattern_come_back_into_a_running_cache_and_later_ones_go()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start));
        var options = new EmbeddedCacheOptions { Folder = folder.Path, TimeProvider = time, HistoryRetention = TimeSpan.FromHours(1) };
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(options, Token))
        {
            for (int i = 0; i < 100; i++)
            {
                cache.Strings.Set($"user:{i}", $"good {i}", new SetOptions { Flags = 7, Priority = EvictionPriority.Low });
                cache.Strings.Set($"other:{i}", i);
                cache.Database(3).Hash<string, int>("user:all").Set($"{i}", i);
            }

            cache.Database(3).Hash<string, int>("user:all").ExpireAt("1", time.GetUtcNow().AddDays(1));
            cache.Database(3).Keys.SetPriority("user:all", EvictionPriority.NeverRemove);
            await cache.FlushAsync(Token);
            time.Advance(TimeSpan.FromSeconds(10));
            await cache.RewriteLogAsync(Token);
            for (int i = 0; i < 150; i++)
            {
                cache.Strings.Set($"user:{i}", "damaged");
                cache.Strings.Set($"other:{i}", -1);
            }

            cache.Database(3).Keys.Delete("user:all");

            RestoreReport report = await cache.RestoreKeysAsync("user:*", time.GetUtcNow().AddSeconds(-1), Token);

            Assert.Equal(new RestoreReport(101, 50), report);
            AssertRestored(cache);
        }

        await using EmbeddedCache again = await EmbeddedCache.OpenAsync(options, Token);
        AssertRestored(again);

        void AssertRestored(EmbeddedCache cache)
        {
            for (int i = 0; i < 150; i++)
            {
                Assert.Equal(i < 100 ? $"good {i}" : null, cache.Strings.GetString($"user:{i}"));
                Assert.Equal(-1, cache.Strings.Get<int>($"other:{i}"));
            }

            Assert.True(cache.Strings.TryGetVersioned("user:1", out Versioned<string> versioned));
            Assert.Equal(7u, versioned.Flags);
            Assert.Equal(EvictionPriority.Low, cache.Keys.Priority("user:1"));
            Assert.Equal(EvictionPriority.NeverRemove, cache.Database(3).Keys.Priority("user:all"));
            Assert.Equal(100, cache.Database(3).Hash<string, int>("user:all").Count());
            Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(Start).AddDays(1), cache.Database(3).Hash<string, int>("user:all").ExpiresAt("1"));
        }
    }

    [Fact]
    public async Task Keys_of_a_moment_too_early_or_of_a_cache_without_a_folder_change_nothing()
    {
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(Start));
        await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = folder.Path, TimeProvider = time }, Token);
        cache.Strings.Set("user:1", 1);

        await Assert.ThrowsAsync<RecoveryPointException>(() => cache.RestoreKeysAsync("user:*", DateTimeOffset.FromUnixTimeSeconds(Start - 5), Token));
        Assert.Equal(1, cache.Strings.Get<int>("user:1"));
        await using var memory = new EmbeddedCache();
        await Assert.ThrowsAsync<InvalidOperationException>(() => memory.RestoreKeysAsync("user:*", DateTimeOffset.FromUnixTimeSeconds(Start), Token));
    }

    [Fact]
    public async Task Exports_rewrites_and_restores_wait_for_one_another()
    {
        using var folder = new TemporaryFolder();
        await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(folder["cache"], Token);
        for (int i = 0; i < 20_000; i++)
        {
            cache.Strings.Set($"key:{i}", i);
        }

        var work = new List<Task>();
        for (int i = 0; i < 4; i++)
        {
            work.Add(cache.RewriteLogAsync(Token));
            work.Add(cache.ExportAsync(folder[$"{i}.rdb"], Token));
            work.Add(cache.RestoreKeysAsync("none:*", DateTimeOffset.MaxValue, Token));
        }

        await Task.WhenAll(work);
        Assert.Equal(4, cache.Log!.Rewriter!.Rewrites);
        Assert.Equal(20_000, cache.Keys.Count);
    }

    private static async Task WriteAsync(EmbeddedCache cache, FakeTimeProvider time, string value)
    {
        cache.Strings.Set("value", value);
        cache.List<string>("values").PushRight(value);
        await cache.FlushAsync(Token);
        time.Advance(TimeSpan.FromSeconds(1));
    }

    private static EmbeddedCacheOptions At(EmbeddedCacheOptions options, long second)
    {
        EmbeddedCacheOptions at = options.Copy();
        at.RecoverTo = DateTimeOffset.FromUnixTimeSeconds(second);
        return at;
    }

    private static string[] Files(TemporaryFolder folder) =>
        [.. Directory.GetFiles(Path.Combine(folder.Path, "appendonlydir")).Select(path => string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(path)}"))];
}
