using ElastiCache.Embedded.Tests.Crash;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>Backups by name, by the clock and at the end.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 7, 11, 22, 30, 0, TimeSpan.Zero));
    private readonly List<BackupEvent> _events = [];
    private readonly SemaphoreSlim _happened = new(0);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folder.Dispose();
        _happened.Dispose();
    }

    [Fact]
    public async Task A_backup_is_made_listed_copied_restored_and_deleted_by_its_name()
    {
        await using EmbeddedCache cache = Open();
        cache.Strings.Set("text", "then");
        cache.SortedSet<string>("board").Add("ada", 1.5);

        Assert.Equal(2, await cache.Backups.CreateAsync("before-release-7", Token));
        _time.Advance(TimeSpan.FromSeconds(5));
        cache.Strings.Set("text", "now");
        await cache.Backups.CreateAsync("after-release-7", Token);
        await cache.Backups.CopyAsync("before-release-7", "kept", new FolderBackupStore(_folder["elsewhere"]), Token);

        IReadOnlyList<BackupInfo> found = await cache.Backups.ListAsync(Token);
        Assert.Equal(["after-release-7", "before-release-7"], found.Select(info => info.Name));
        Assert.Equal(TimeSpan.FromSeconds(5), found[0].CreatedAt - found[1].CreatedAt);
        Assert.All(found, info => Assert.False(info.IsAutomatic));
        Assert.Equal(new FileInfo(_folder["backups/after-release-7.rdb"]).Length, found[0].Bytes);

        await Assert.ThrowsAsync<InvalidOperationException>(() => cache.Backups.RestoreAsync("before-release-7", cancellationToken: Token));
        Assert.Equal(new ImportReport(2, 0, 0), await cache.Backups.RestoreAsync("before-release-7", ImportMode.Replace, Token));
        Assert.Equal("then", cache.Strings.GetString("text"));
        Assert.True(await cache.Backups.DeleteAsync("before-release-7", Token));
        Assert.False(await cache.Backups.DeleteAsync("before-release-7", Token));
        Assert.Equal(["kept.rdb"], Directory.GetFiles(_folder["elsewhere"]).Select(path => Path.GetFileName(path)));
        Assert.Equal([BackupEventKind.SnapshotComplete, BackupEventKind.SnapshotComplete], _events.Select(happened => happened.Kind));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7-days")]
    [InlineData("a--b")]
    [InlineData("a-")]
    [InlineData("a.b")]
    [InlineData("../a")]
    [InlineData("ä")]
    public async Task A_name_that_breaks_the_rule_is_refused_with_the_rule(string name)
    {
        await using EmbeddedCache cache = Open();

        var error = await Assert.ThrowsAnyAsync<ArgumentException>(() => cache.Backups.CreateAsync(name, Token));

        Assert.Contains(BackupName.Rule, error.Message, StringComparison.Ordinal);
        Assert.Empty(await cache.Backups.ListAsync(Token));
        Assert.Empty(_events);
    }

    [Fact]
    public async Task A_name_has_255_characters_at_most_and_no_two_backups_have_the_same()
    {
        await using EmbeddedCache cache = Open();
        Assert.True(BackupName.IsValid(new string('a', 255)));
        Assert.False(BackupName.IsValid(new string('a', 256)));
        await cache.Backups.CreateAsync("one", Token);
        byte[] before = await File.ReadAllBytesAsync(_folder["backups/one.rdb"], Token);
        cache.Strings.Set("more", 1);

        await Assert.ThrowsAsync<BackupException>(() => cache.Backups.CreateAsync("one", Token));
        await Assert.ThrowsAsync<BackupException>(() => cache.Backups.RestoreAsync("two", ImportMode.Replace, Token));

        Assert.Equal(before, await File.ReadAllBytesAsync(_folder["backups/one.rdb"], Token));
        Assert.Equal([BackupEventKind.SnapshotComplete, BackupEventKind.SnapshotFailed], _events.Select(happened => happened.Kind));
    }

    [Fact]
    public async Task Once_a_day_in_its_window_a_backup_is_made_and_it_goes_after_its_days()
    {
        await using EmbeddedCache cache = Open(options =>
        {
            options.Window = new TimeOnly(23, 0);
            options.RetentionDays = 2;
        });
        cache.Strings.Set("text", 1);
        await cache.Backups.CreateAsync("of-my-own", Token);
        await _happened.WaitAsync(Token);
        for (int day = 11; day <= 15; day++)
        {
            AdvanceTo(new DateTimeOffset(2026, 7, day, 22, 59, 0, TimeSpan.Zero));
            AdvanceTo(new DateTimeOffset(2026, 7, day, 23, 0, 0, TimeSpan.Zero));
            await _happened.WaitAsync(Token);
            if (day >= 14)
            {
                await _happened.WaitAsync(Token);
            }

            AdvanceTo(new DateTimeOffset(2026, 7, day, 23, 59, 0, TimeSpan.Zero));
        }

        Assert.Equal(
            ["automatic.shop-2026-07-15-23-00", "automatic.shop-2026-07-14-23-00", "automatic.shop-2026-07-13-23-00", "of-my-own"],
            (await cache.Backups.ListAsync(Token)).Select(info => info.Name));
        Assert.Equal(["automatic.shop-2026-07-11-23-00", "automatic.shop-2026-07-12-23-00"], _events.Where(happened => happened.Kind == BackupEventKind.SnapshotExpired).Select(happened => happened.Name));
        Assert.Equal(6, _events.Count(happened => happened.Kind == BackupEventKind.SnapshotComplete));
    }

    [Fact]
    public async Task A_cache_that_is_opened_in_its_window_makes_the_backup_of_the_day_unless_there_is_one()
    {
        _time.SetUtcNow(new DateTimeOffset(2026, 7, 11, 23, 20, 0, TimeSpan.Zero));
        for (int i = 0; i < 2; i++)
        {
            await using EmbeddedCache cache = Open(options => options.Window = new TimeOnly(23, 0));
            if (i == 0)
            {
                await _happened.WaitAsync(Token);
            }

            Assert.Equal("automatic.shop-2026-07-11-23-20", Assert.Single(await cache.Backups.ListAsync(Token)).Name);
        }
    }

    /// <summary>The timer begins a backup that is due while the cache is being made. On a busy machine it ended before that, found no metrics to tell, and failed.</summary>
    [Fact]
    public async Task A_backup_that_is_over_before_the_cache_is_open_succeeds()
    {
        var time = new TimeThatWaits(new DateTimeOffset(2026, 7, 11, 23, 20, 0, TimeSpan.Zero), _happened);
        await using EmbeddedCache cache = Open(options => options.Window = new TimeOnly(23, 0), time);

        Assert.Equal(BackupEventKind.SnapshotComplete, Assert.Single(_events).Kind);
        Assert.Single(await cache.Backups.ListAsync(Token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_last_backup_is_made_when_the_cache_is_closed(bool asynchronously)
    {
        EmbeddedCache cache = Open(options => options.FinalBackup = true);
        cache.Strings.Set("text", "last");
        if (asynchronously)
        {
            await cache.DisposeAsync();
        }
        else
        {
            cache.Dispose();
        }

        await cache.DisposeAsync();

        await using var again = new EmbeddedCache();
        await again.ImportAsync(_folder["backups/final-shop-2026-07-11-22-30-00.rdb"], cancellationToken: Token);
        Assert.Equal("last", again.Strings.GetString("text"));
        Assert.Single(Directory.GetFiles(_folder["backups"]));
    }

    [Fact]
    public async Task A_store_that_fails_is_an_event_and_leaves_nothing_behind()
    {
        await using EmbeddedCache cache = Open(options => options.Store = new FolderBackupStore(_folder["no/such/parent"]));

        await Assert.ThrowsAnyAsync<IOException>(() => cache.Backups.CreateAsync("one", Token));

        BackupEvent failed = Assert.Single(_events);
        Assert.Equal((BackupEventKind.SnapshotFailed, "one"), (failed.Kind, failed.Name));
        Assert.NotNull(failed.Failure);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        var options = new EmbeddedCacheOptions { Backup = new BackupOptions { RetentionDays = 36, CacheName = "7" } };

        var refused = Assert.Throws<OptionsValidationException>(() => new EmbeddedCache(options));

        Assert.Equal(3, refused.Failures.Count());
        Assert.All(refused.Failures, failure => Assert.StartsWith("Backup.", failure, StringComparison.Ordinal));
        using var without = new EmbeddedCache();
        Assert.Throws<InvalidOperationException>(() => without.Backups);
    }

    private EmbeddedCache Open(Action<BackupOptions>? configure = null, TimeProvider? time = null)
    {
        var backup = new BackupOptions
        {
            Store = new FolderBackupStore(_folder["backups"]),
            CacheName = "shop",
            Happened = happened =>
            {
                lock (_events)
                {
                    _events.Add(happened);
                }

                _happened.Release();
            },
        };
        configure?.Invoke(backup);
        return new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time ?? _time, Backup = backup });
    }

    private void AdvanceTo(DateTimeOffset moment) => _time.Advance(moment - _time.GetUtcNow());

    /// <summary>Returns a timer that is due at once when what it begins has happened.</summary>
    private sealed class TimeThatWaits(DateTimeOffset now, SemaphoreSlim happened) : FakeTimeProvider(now)
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == TimeSpan.Zero)
            {
                happened.Wait();
            }

            return timer;
        }
    }
}
