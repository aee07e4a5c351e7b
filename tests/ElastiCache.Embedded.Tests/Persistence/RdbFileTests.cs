using System.Diagnostics;
using System.Text;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Tests.Differential;
using ElastiCache.Embedded.Tests.House;
using ElastiCache.Embedded.Tests.Peers;
using RealRedis = ElastiCache.Embedded.Tests.Peers.RedisServer;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Whole caches as RDB files: redis-server loads ours, we load its, and damage is named.</summary>
public sealed class RdbFileTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Redis_loads_what_was_exported_and_what_it_saves_is_imported()
    {
        _ = Peer.Find("redis-server");
        _ = Peer.Find("redis-check-rdb");
        int rounds = LongRun.Count("ELASTICACHE_REDIS_ROUNDS", 2);
        for (int seed = 1; seed <= rounds; seed++)
        {
            try
            {
                await GoThroughRedisAsync(seed);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
            }
        }

        output.WriteLine($"{rounds} rounds");
    }

    [Fact]
    public async Task A_snapshot_is_of_one_moment_while_everything_is_being_written()
    {
        await using var cache = new EmbeddedCache();
        for (int i = 0; i < 300; i++)
        {
            cache.Strings.Set($"a:{i}", 1_000);
            cache.Strings.Set($"b:{i}", 1_000);
            cache.Hash<string, long>("large").Set($"a:{i}", 1_000);
            cache.Hash<string, long>("large").Set($"b:{i}", 1_000);
        }

        using var stop = new CancellationTokenSource();
        Task writer = Task.Run(
            () =>
            {
                var random = new Random(1);
                while (!stop.IsCancellationRequested)
                {
                    int pair = random.Next(300), by = random.Next(-50, 50);
                    cache.Transact([$"a:{pair}", $"b:{pair}", "large"], tx =>
                    {
                        tx.Strings.Increment($"a:{pair}", by);
                        tx.Strings.Increment($"b:{pair}", -by);
                        tx.Hash<string, long>("large").Increment($"a:{pair}", by);
                        tx.Hash<string, long>("large").Increment($"b:{pair}", -by);
                    });
                }
            },
            Token);
        int snapshots = LongRun.Count("ELASTICACHE_SNAPSHOTS", 30);
        for (int snapshot = 0; snapshot < snapshots; snapshot++)
        {
            await cache.ExportAsync(_folder["moment.rdb"], Token);
            await using var seen = new EmbeddedCache();
            await seen.ImportAsync(_folder["moment.rdb"], cancellationToken: Token);
            for (int i = 0; i < 300; i++)
            {
                Assert.Equal(2_000, seen.Strings.Get<long>($"a:{i}") + seen.Strings.Get<long>($"b:{i}"));
                Assert.Equal(seen.Strings.Get<long>($"a:{i}"), seen.Hash<string, long>("large").Get($"a:{i}"));
                Assert.Equal(seen.Strings.Get<long>($"b:{i}"), seen.Hash<string, long>("large").Get($"b:{i}"));
            }
        }

        await stop.CancelAsync();
        await writer;
    }

    [Fact]
    public async Task An_import_says_what_it_does_with_keys_that_are_there_and_is_in_the_log()
    {
        await using (var cache = new EmbeddedCache())
        {
            cache.Strings.Set("both", "file");
            cache.SortedSet<string>("board").Add("ada", 1.5);
            await cache.ExportAsync(_folder["some.rdb"], Token);
        }

        await using (EmbeddedCache durable = await EmbeddedCache.OpenAsync(_folder["cache"], Token))
        {
            durable.Strings.Set("both", "cache");
            await Assert.ThrowsAsync<InvalidOperationException>(() => durable.ImportAsync(_folder["some.rdb"], cancellationToken: Token));
            Assert.Equal(new ImportReport(1, 0, 1), await durable.ImportAsync(_folder["some.rdb"], ImportMode.Keep, Token));
            Assert.Equal("cache", durable.Strings.GetString("both"));
            Assert.Equal(new ImportReport(2, 0, 0), await durable.ImportAsync(_folder["some.rdb"], ImportMode.Replace, Token));
        }

        await using (EmbeddedCache again = await EmbeddedCache.OpenAsync(_folder["cache"], Token))
        {
            Assert.Equal("file", again.Strings.GetString("both"));
            Assert.Equal(1.5, again.SortedSet<string>("board").Score("ada"));
        }
    }

    [Fact]
    public async Task What_RDB_has_no_place_for_comes_back_too_and_redis_passes_over_it()
    {
        var deadline = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UnixEpoch.AddYears(100).ToUnixTimeMilliseconds());
        await using (var cache = new EmbeddedCache())
        {
            cache.Strings.Set("flagged", "text", new SetOptions { Flags = 0xDEADBEEF });
            CacheHash<string, string> small = cache.Hash<string, string>("small");
            small.Set("stays", "1");
            small.Set("goes", "2");
            small.ExpireAt("goes", deadline);
            CacheHash<string, string> large = cache.Hash<string, string>("large");
            for (int i = 0; i < 5_000; i++)
            {
                large.Set($"field {i}", $"{i}");
                large.ExpireAt($"field {i}", deadline.AddMilliseconds(i));
            }

            cache.Keys.SetPriority("flagged", EvictionPriority.High);
            cache.Keys.SetPriority("small", EvictionPriority.Low);
            cache.Keys.SetPriority("large", EvictionPriority.NeverRemove);
            cache.Set<string>("plain").Add("a");
            cache.Keys.SetPriority("plain", EvictionPriority.High);
            await cache.ExportAsync(_folder["notes.rdb"], Token);
        }

        using (RealRedis redis = RealRedis.Start("--dir", _folder[""], "--dbfilename", "notes.rdb"))
        {
            Assert.Equal(4, redis.Execute("DBSIZE").Number);
            Assert.Equal(5_000, redis.Execute("HLEN", "large").Number);
        }

        await using (EmbeddedCache durable = await EmbeddedCache.OpenAsync(_folder["cache"], Token))
        {
            await durable.ImportAsync(_folder["notes.rdb"], cancellationToken: Token);
            AssertNotes(durable);
        }

        await using EmbeddedCache again = await EmbeddedCache.OpenAsync(_folder["cache"], Token);
        AssertNotes(again);

        void AssertNotes(EmbeddedCache cache)
        {
            Assert.True(cache.Strings.TryGetVersioned("flagged", out Versioned<string> flagged));
            Assert.Equal(0xDEADBEEF, flagged.Flags);
            Assert.Equal(EvictionPriority.High, cache.Keys.Priority("flagged"));
            Assert.Equal(EvictionPriority.Low, cache.Keys.Priority("small"));
            Assert.Equal(EvictionPriority.NeverRemove, cache.Keys.Priority("large"));
            Assert.Equal(EvictionPriority.High, cache.Keys.Priority("plain"));
            Assert.Null(cache.Hash<string, string>("small").ExpiresAt("stays"));
            Assert.Equal(deadline, cache.Hash<string, string>("small").ExpiresAt("goes"));
            for (int i = 0; i < 5_000; i++)
            {
                Assert.Equal(deadline.AddMilliseconds(i), cache.Hash<string, string>("large").ExpiresAt($"field {i}"));
            }
        }
    }

    [Fact]
    public async Task Every_byte_that_changes_is_noticed_and_every_file_that_ends_early()
    {
        using var session = new CommandSession();
        foreach (string command in (string[])["SET s hello", "SET i 12345", "RPUSH l a b 3", "HSET h f v g w", "SADD t 1 2 3", "ZADD z 1.5 a 2 b", "XADD x 1-1 f v", "SETEX e 1000 v"])
        {
            session.Execute([.. command.Split(' ').Select(Encoding.ASCII.GetBytes)]);
        }

        await session.Cache.ExportAsync(_folder["whole.rdb"], Token);
        byte[] whole = await File.ReadAllBytesAsync(_folder["whole.rdb"], Token);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] flipped = [.. whole];
            flipped[i] ^= (byte)(1 << (i % 8));
            await AssertRefusedAsync(flipped, $"bit {i % 8} of byte {i} flipped");
            await AssertRefusedAsync(whole[..i], $"cut at {i}");
        }

        await AssertRefusedAsync([], "nothing");
        await AssertRefusedAsync("REDIS9999"u8.ToArray(), "a version to come");
        await AssertRefusedAsync([.. "REDIS0010"u8, 0, 1, (byte)'k', 0x81, 0x7F, 255, 255, 255, 255, 255, 255, 255], "a value of petabytes");
        await Assert.ThrowsAsync<FileNotFoundException>(() => session.Cache.ImportAsync(_folder["absent.rdb"], ImportMode.Keep, Token));
    }

    [Fact]
    public async Task An_export_that_is_given_up_leaves_the_old_file_and_the_next_one_is_whole()
    {
        await using var cache = new EmbeddedCache();
        for (int i = 0; i < 20_000; i++)
        {
            cache.Strings.Set($"key:{i}", i);
            cache.Set<int>("large").Add(i);
        }

        await cache.ExportAsync(_folder["dump.rdb"], Token);
        byte[] before = await File.ReadAllBytesAsync(_folder["dump.rdb"], Token);
        using var cancelled = new CancellationTokenSource();
        Task<long> givenUp = cache.ExportAsync(_folder["dump.rdb"], cancelled.Token);
        await cancelled.CancelAsync();
        try
        {
            await givenUp;
        }
        catch (OperationCanceledException)
        {
            Assert.Equal(before, await File.ReadAllBytesAsync(_folder["dump.rdb"], Token));
        }

        Assert.Equal(20_001, await cache.ExportAsync(_folder["dump.rdb"], Token));
        await using var back = new EmbeddedCache();
        Assert.Equal(20_001, (await back.ImportAsync(_folder["dump.rdb"], cancellationToken: Token)).Imported);
        Assert.Equal(20_000, back.Set<int>("large").Count());
        Assert.Equal(["dump.rdb"], Directory.GetFiles(_folder[""]).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Fields_whose_time_has_come_are_not_in_the_file_and_a_hash_of_such_alone_neither()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
        await using var cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time });
        foreach (string key in (string[])["some", "none"])
        {
            cache.Hash<string, int>(key).Set("gone", 1);
            cache.Hash<string, int>(key).Expire("gone", TimeSpan.FromSeconds(1));
        }

        cache.Hash<string, int>("some").Set("stays", 2);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, await cache.ExportAsync(_folder["fields.rdb"], Token));

        await using var back = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time });
        await back.ImportAsync(_folder["fields.rdb"], cancellationToken: Token);
        Assert.Equal((1, 2), (back.Hash<string, int>("some").Count(), back.Hash<string, int>("some").Get("stays")));
        Assert.False(back.Keys.Exists("none"));
    }

    private async Task GoThroughRedisAsync(int seed)
    {
        using var session = new CommandSession();
        EmbeddedCache cache = session.Cache;
        CacheContents.Fill(session, seed);

        long written = await cache.ExportAsync(_folder["dump.rdb"], Token);

        Assert.Contains("RDB looks OK", Run("redis-check-rdb", _folder["dump.rdb"]), StringComparison.Ordinal);
        using RealRedis redis = RealRedis.Start("--dir", _folder[""], "--dbfilename", "dump.rdb", "--enable-debug-command", "yes");
        long total = 0;
        for (int database = 0; database < 16; database++)
        {
            redis.Execute("SELECT", $"{database}");
            long keys = redis.Execute("DBSIZE").Number!.Value;
            Assert.Equal(cache.Store.Count(database), keys);
            total += keys;
        }

        Assert.Equal(written, total);
        Assert.Equal("OK", redis.Execute("SAVE").Text);

        await using var back = new EmbeddedCache();
        ImportReport report = await back.ImportAsync(_folder["dump.rdb"], cancellationToken: Token);

        Assert.Equal(new ImportReport(written, 0, 0), report);
        CacheContents.AssertSame(cache, back);
    }

    private async Task AssertRefusedAsync(byte[] bytes, string what)
    {
        await File.WriteAllBytesAsync(_folder["damaged.rdb"], bytes, Token);
        await using var cache = new EmbeddedCache();
        try
        {
            await cache.ImportAsync(_folder["damaged.rdb"], cancellationToken: Token);
            Assert.Fail($"{what}: imported without an error");
        }
        catch (RdbFileException e)
        {
            Assert.InRange(e.Offset, 0, bytes.Length);
        }
    }

    private static string Run(string program, string argument)
    {
        using Process process = Process.Start(new ProcessStartInfo(Peer.Find(program), [argument]) { RedirectStandardOutput = true })!;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return printed;
    }
}
