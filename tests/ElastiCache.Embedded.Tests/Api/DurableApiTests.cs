using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>What the typed API promises of a durable cache: everything it did is there again, and writes wait as they should.</summary>
public sealed class DurableApiTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SimulatedDisk _disk = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Everything_that_was_done_is_there_after_a_restart()
    {
        List<string> before;
        using (EmbeddedCache cache = Open(DurabilityMode.EverySecond))
        {
            cache.Strings.Set("set", "v");
            cache.Strings.Set("expiring", 1, TimeSpan.FromMinutes(1));
            cache.Strings.Increment("counter", 5);
            cache.Strings.Increment("float", 0.1);
            cache.Strings.Append("appended", "a");
            cache.Strings.Append("appended", "b");
            cache.Strings.SetRange("ranged", 3, "x"u8);
            cache.Strings.SetMany(("m1", 1), ("m2", 2));
            cache.Strings.GetAndDelete<int>("m1");
            cache.Strings.GetAndExpire<int>("m2", TimeSpan.FromMinutes(2));
            cache.Bits.SetBit("bits", 9, true);
            cache.Bits.Combine(BitOperator.Or, "combined", "bits", "set");
            cache.Bits.Fields("fields", BitFieldOperation.Set(true, 16, 1000, -5));
            cache.Keys.Rename("appended", "renamed");
            cache.Keys.Copy("set", "copy", database: 1);
            cache.Keys.Move("counter", 2);
            cache.Keys.Expire("set", TimeSpan.FromMinutes(3));
            cache.Keys.Persist("expiring");
            cache.Strings.Set("deleted", 1);
            cache.Keys.Delete(["deleted"]);
            cache.SwapDatabases(1, 3);
            cache.Database(4).Strings.Set("flushed", 1);
            cache.Database(4).Keys.Flush();
            before = Contents(cache);
        }

        using EmbeddedCache again = Open(DurabilityMode.EverySecond);

        Assert.Equal(before, Contents(again));
        Assert.True(before.Count > 10);
    }

    [Fact]
    public async Task With_Always_a_write_completes_when_it_is_on_disk()
    {
        await using EmbeddedCache cache = Open(DurabilityMode.Always);
        using var atDisk = new SemaphoreSlim(0);
        using var diskGoesOn = new SemaphoreSlim(0);
        _disk.OnSync = () =>
        {
            atDisk.Release();
            diskGoesOn.Wait();
        };

        ValueTask written = cache.Strings.SetAsync("k", "v"u8, Token);
        Assert.True(await atDisk.WaitAsync(TimeSpan.FromSeconds(30), Token));
        Assert.False(written.IsCompleted);
        Assert.Equal("v", cache.Strings.GetString("k"));
        using var impatient = new CancellationTokenSource();
        ValueTask<bool> second = cache.Keys.DeleteAsync("absent", impatient.Token);
        ValueTask<bool> third = cache.Strings.SetAsync("k", "w"u8, new SetOptions { Condition = SetCondition.IfPresent }, impatient.Token);
        await impatient.CancelAsync();

        Assert.True(second.IsCompletedSuccessfully);      // nothing was there, so nothing has to reach the disk
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third.AsTask());
        Assert.Equal("w", cache.Strings.GetString("k"));
        _disk.OnSync = null;
        diskGoesOn.Release(10);
        await written;
    }

    private EmbeddedCache Open(DurabilityMode mode) => CacheFixture.OpenOn(_disk, _time, mode);

    private static List<string> Contents(EmbeddedCache cache)
    {
        var contents = new List<string>();
        for (int database = 0; database < 16; database++)
        {
            CacheDatabase db = cache.Database(database);
            contents.AddRange(db.Keys.Match().Order()
                .Select(key => $"{database} {key} = {Convert.ToHexString(db.Strings.GetBytes(key)!)} until {db.Keys.ExpiresAt(key):O}"));
        }

        return contents;
    }
}
