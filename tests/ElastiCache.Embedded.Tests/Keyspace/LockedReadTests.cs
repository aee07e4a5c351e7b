using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A reader that was disturbed eight times takes the lock.</summary>
public sealed unsafe class LockedReadTests
{
    [Fact]
    public void A_bucket_that_stays_odd_is_read_under_the_lock()
    {
        using var fixture = new StoreFixture();
        fixture.Set("k", "v"u8);
        BeginChange(fixture, "k"u8);

        Assert.Equal("v"u8.ToArray(), fixture.Get("k"));
        Assert.Equal((1L, 0L), fixture.Store.Accesses.Sum());
        AssertUnlocked(fixture);
    }

    [Fact]
    public void A_reader_that_fails_under_the_lock_leaves_it_unlocked()
    {
        using var fixture = new StoreFixture();
        fixture.Set("k", "v"u8);
        BeginChange(fixture, "k"u8);
        KeyProbe.Create("k"u8, out KeyProbe probe);
        var failing = default(Failing);
        bool failed = false;

        try
        {
            fixture.Store.Read(0, probe, ref failing);
        }
        catch (InsufficientMemoryException)
        {
            failed = true;
        }

        Assert.True(failed);
        AssertUnlocked(fixture);
    }

    [Fact]
    public void A_snapshot_whose_observer_fails_leaves_the_shard_unlocked()
    {
        using var fixture = new StoreFixture();
        fixture.Set("k", "v"u8);
        fixture.Store.BeginSnapshot(new FailingObserver());

        Assert.Throws<InvalidOperationException>(fixture.Store.FinishSnapshot);

        AssertUnlocked(fixture);
    }

    private static void AssertUnlocked(StoreFixture fixture)
    {
        Assert.True(fixture.Store.ShardAt(0).TryEnter(), "the shard is still locked");
        fixture.Store.ShardAt(0).Exit();
    }

    private static void BeginChange(StoreFixture fixture, ReadOnlySpan<byte> key)
    {
        KeyProbe.Create(key, out KeyProbe probe);
        Bucket.BeginChange(fixture.Store.ShardAt(0).TableOf(0)!.HomeOf(probe.SlotHash));
    }

    private readonly struct Failing : IValueReader
    {
        public void Read(ReadOnlySpan<byte> value, RecordView record) => throw new InsufficientMemoryException();
    }

    private sealed class FailingObserver : ISnapshotObserver
    {
        public void HandOver(int shard, int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, CollectionSnapshot? collection, KnownUse use) =>
            throw new InvalidOperationException();

        public void Fail(Exception cause)
        {
        }
    }
}
