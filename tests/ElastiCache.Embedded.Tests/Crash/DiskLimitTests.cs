using System.Globalization;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>A real disk that is full, read-only, or limits the size of a file.</summary>
public sealed class DiskLimitTests
{
    private const int ValueBytes = 10_000;

    // Nothing that LZ4 could make smaller.
    private static readonly byte[] Value = RandomBytes();

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    [InlineData(DurabilityMode.EverySecond, true)]
    public async Task A_full_disk_refuses_writes_while_reads_go_on_and_loses_nothing_that_was_acknowledged(DurabilityMode mode, bool isSealed)
    {
        using var disk = new MountedDisk(kilobytes: 1024);
        await File.WriteAllBytesAsync(disk["ballast"], new byte[256 * 1024], TestContext.Current.CancellationToken);

        EmbeddedCacheOptions options = OptionsFor(disk, mode, isSealed);
        int acknowledged;
        EmbeddedCache full = await Caches.OpenAsync(options);
        await using (full)
        {
            acknowledged = await FillAsync(full, mode);
            Assert.Throws<LogPoisonedException>(() => full.Strings.Set("one more", Value));
            await Assert.ThrowsAsync<LogPoisonedException>(async () => await full.FlushAsync(TestContext.Current.CancellationToken));
            AssertHolds(full, acknowledged);
        }

        File.Delete(disk["ballast"]);
        await using EmbeddedCache again = await Caches.OpenAsync(options);
        Assert.InRange(acknowledged, 50, 80);
        AssertHolds(again, acknowledged);
        again.Strings.Set("there is room", Value);
        await again.FlushAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    [InlineData(DurabilityMode.EverySecond, true)]
    public async Task A_cache_whose_disk_was_full_takes_writes_again_when_there_is_room_without_a_restart(DurabilityMode mode, bool isSealed)
    {
        using var disk = new MountedDisk(kilobytes: 1024);
        await File.WriteAllBytesAsync(disk["ballast"], new byte[640 * 1024], TestContext.Current.CancellationToken);
        EmbeddedCacheOptions options = OptionsFor(disk, mode, isSealed);
        int acknowledged;
        EmbeddedCache cache = await Caches.OpenAsync(options);
        await using (cache)
        {
            acknowledged = await FillAsync(cache, mode);
            FillUp(disk["more"]);
            await Assert.ThrowsAsync<LogRewriteException>(() => cache.RewriteLogAsync(TestContext.Current.CancellationToken));
            Assert.Throws<LogPoisonedException>(() => cache.Strings.Set("refused", Value));
            CacheHealth health = cache.GetHealth();
            Assert.Equal((CacheHealthState.Poisoned, 1), (health.State, health.FailedRewrites));
            Assert.IsAssignableFrom<IOException>(health.Failure);

            File.Delete(disk["ballast"]);
            File.Delete(disk["more"]);
            await cache.RewriteLogAsync(TestContext.Current.CancellationToken);
            cache.Strings.Set("taken", Value);
            await cache.FlushAsync(TestContext.Current.CancellationToken);
            AssertHolds(cache, acknowledged);
            Assert.Equal(new CacheHealth(CacheHealthState.Healthy, TimeSpan.Zero, null, 0), cache.GetHealth());
        }

        Assert.Equal(CacheHealthState.Closed, cache.GetHealth().State);

        await using EmbeddedCache again = await Caches.OpenAsync(options);
        AssertHolds(again, acknowledged);
        Assert.True(again.Keys.Exists("taken"));
        Assert.True(again.Recovery!.ClosedCleanly);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_disk_that_is_still_full_is_named_when_the_cache_is_opened_again_or_the_cache_opens_with_all_it_had(bool isSealed)
    {
        using var disk = new MountedDisk(kilobytes: 512);
        var options = new EmbeddedCacheOptions { Folder = disk["cache"], Durability = DurabilityMode.Always, Shards = 4, Envelope = isSealed ? ChildProcess.Envelope : null };
        int acknowledged;

        // In an envelope the log goes on in a new increment, so that what is made free at last must be more than nothing.
        await File.WriteAllBytesAsync(disk["room"], new byte[64 * 1024], TestContext.Current.CancellationToken);
        await using (EmbeddedCache full = await Caches.OpenAsync(options))
        {
            acknowledged = await FillAsync(full, DurabilityMode.Always);
        }

        FillUp(disk["ballast"]);

        try
        {
            await using EmbeddedCache again = await Caches.OpenAsync(options);
            AssertHolds(again, acknowledged);
        }
        catch (LogFolderException e)
        {
            Assert.Contains(disk["cache"], e.Message, StringComparison.Ordinal);
        }

        File.Delete(disk["ballast"]);
        File.Delete(disk["room"]);
        await using EmbeddedCache atLast = await Caches.OpenAsync(options);
        AssertHolds(atLast, acknowledged);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_new_folder_on_a_full_disk_is_refused_and_opens_when_there_is_room(bool isSealed)
    {
        using var disk = new MountedDisk(kilobytes: 64);
        FillUp(disk["ballast"]);

        EmbeddedCacheOptions options = OptionsFor(disk, DurabilityMode.Always, isSealed);
        var refused = await Assert.ThrowsAsync<LogFolderException>(async () => await Caches.OpenAsync(options));

        Assert.Contains(disk["cache"], refused.Message, StringComparison.Ordinal);
        File.Delete(disk["ballast"]);
        await using EmbeddedCache cache = await Caches.OpenAsync(options);
        Assert.Equal(0, cache.Keys.Count);
    }

    [Fact]
    public async Task A_read_only_disk_is_refused_by_name_and_opens_when_it_is_writable()
    {
        using var disk = new MountedDisk(kilobytes: 1024);
        await using (EmbeddedCache cache = await Caches.OpenAsync(disk["cache"]))
        {
            cache.Strings.Set("key", Value);
        }

        disk.MakeReadOnly();
        LogFolderException refused = await Caches.RefusesAsync<LogFolderException>(disk["cache"]);
        LogFolderException refusedNew = await Caches.RefusesAsync<LogFolderException>(disk["new"]);
        disk.MakeWritable();

        Assert.Contains(disk["cache"], refused.Message, StringComparison.Ordinal);
        Assert.Contains(disk["new"], refusedNew.Message, StringComparison.Ordinal);
        await using EmbeddedCache again = await Caches.OpenAsync(disk["cache"]);
        Assert.Equal(Value, again.Strings.GetBytes("key"));
    }

    [Fact]
    public async Task A_folder_without_write_permission_is_refused_by_name()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root may write everywhere");

        using var parent = new TemporaryFolder();
        Directory.CreateDirectory(parent["cache"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        LogFolderException refused = await Caches.RefusesAsync<LogFolderException>(parent["cache"]);

        Assert.Contains(parent["cache"], refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_on_the_size_of_files_refuses_writes_and_loses_nothing_that_was_acknowledged()
    {
        using var folder = new TemporaryFolder();
        // .NET itself maps a large file for its code, unless it is told not to; and the signal that comes with the error ends a process.
        using ChildProcess child = ChildProcess.StartAfter("export DOTNET_EnableWriteXorExecute=0 && trap '' XFSZ && ulimit -f 200", "serve", folder["cache"], "Always");
        Assert.Equal("open", child.ReadLine());

        int acknowledged = 0;
        string? answer;
        while ((answer = child.Ask($"set key:{acknowledged} {ValueBytes}")) == "ok")
        {
            acknowledged++;
        }

        Assert.StartsWith("LogPoisonedException: ", answer, StringComparison.Ordinal);
        Assert.Contains("ulimit -f", answer, StringComparison.Ordinal);
        Assert.Equal("10000", child.Ask("get key:0"));
        Assert.Equal("closed, and the log is poisoned", child.Ask("close"));
        Assert.InRange(acknowledged, 15, 21);
        await using EmbeddedCache again = await Caches.OpenAsync(folder["cache"]);
        Assert.All(Enumerable.Range(0, acknowledged), i => Assert.Equal(ValueBytes, again.Strings.GetBytes(Key(i))!.Length));
    }

    // Time stands still, so the log does not try to go on by itself.
    private static EmbeddedCacheOptions OptionsFor(MountedDisk disk, DurabilityMode mode, bool isSealed) => new()
    {
        Folder = disk["cache"],
        Durability = mode,
        Shards = 4,
        TimeProvider = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60)),
        Envelope = isSealed ? ChildProcess.Envelope : null,
    };

    private static byte[] RandomBytes()
    {
        byte[] bytes = new byte[ValueBytes];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Writes until the disk is full.</summary>
    /// <returns>How many writes are acknowledged as being on disk.</returns>
    private static async Task<int> FillAsync(EmbeddedCache cache, DurabilityMode mode)
    {
        int acknowledged = 0;
        for (int i = 0; ; i++)
        {
            try
            {
                cache.Strings.Set(Key(i), Value);
                if (mode != DurabilityMode.Always)
                {
                    await cache.FlushAsync(TestContext.Current.CancellationToken);
                }
            }
            catch (LogPoisonedException)
            {
                return acknowledged;
            }

            acknowledged++;
        }
    }

    private static void FillUp(string file)
    {
        using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                stream.WriteByte(0);
                stream.Write(new byte[4095]);
            }
        }
        catch (IOException)
        {
            // Full, which was to be reached.
        }
    }

    private static void AssertHolds(EmbeddedCache cache, int acknowledged) =>
        Assert.All(Enumerable.Range(0, acknowledged), i => Assert.Equal(Value, cache.Strings.GetBytes(Key(i))));

    private static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i}");
}
