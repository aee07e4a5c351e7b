using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Rdb;
using ElastiCache.Embedded.Tests.Keyspace;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>There is no memory for the old state of an entry that a writer is about to change: the snapshot fails and says so, and the writer, the store and the next snapshot are well.</summary>
/// <remarks>
/// The exception used to go up through the writer, in the midst of its change: the new record was armed in the expiry wheel and in no table, the old one no longer counted.
/// Half of the old entry could stay in the snapshot's buffer and get into the file; and a member of a large collection that was marked as seen and not copied let the
/// end of the snapshot wait for it for ever, with the shard locked. Missed because every test had memory enough.
/// </remarks>
public sealed class SnapshotMemoryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_writer_whose_old_entry_finds_no_memory_in_the_snapshot_makes_its_change_and_leaves_no_trace(int seed)
    {
        using var fixture = new StoreFixture(shards: 2, databases: 2);
        var random = new Random(seed);
        for (int i = 0; i < 1_000; i++)
        {
            Change(fixture, random, expected: null);
        }

        for (int round = 0; round < 20; round++)
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, round {round}");
            Dictionary<string, byte[]> expected = Contents(fixture);
            var poor = new PoorObserver(random.Next(1, 40));
            fixture.Store.BeginSnapshot(poor);
            for (int i = 0; i < 200; i++)
            {
                Change(fixture, random, expected);
            }

            fixture.Store.FinishSnapshot();

            Assert.True(poor.Failures > 0, $"{where}: nothing was refused");
            AssertHolds(fixture, expected, where);
            fixture.VerifyAccounts(where);
            var whole = new PoorObserver(int.MaxValue);
            fixture.Store.BeginSnapshot(whole);
            fixture.Store.FinishSnapshot();
            Assert.True(expected.Count == whole.Taken, $"{where}: the next snapshot has {whole.Taken} of {expected.Count} entries");
        }
    }

    [Fact]
    public void A_snapshot_that_could_not_take_an_entry_is_refused_and_the_next_one_is_whole()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 2 });
        Fill(cache);
        bool isPoor = true;
        RdbSnapshot snapshot = RdbSnapshot.Begin(cache.Store, wants: _ => isPoor ? throw new InsufficientMemoryException("simulated") : true);
        cache.Strings.Set("key:1", "changed");
        Assert.True(cache.Keys.Delete("key:2"));
        cache.Hash<string, string>("hash").Set("field:7", "changed");
        isPoor = false;

        Assert.Throws<InsufficientMemoryException>(() => snapshot.Write(NewFile(), CancellationToken.None));

        Assert.Equal("changed", cache.Strings.GetString("key:1"));
        Assert.Equal("changed", cache.Hash<string, string>("hash").Get("field:7"));
        AssertNextIsWhole(cache);
    }

    [Fact]
    public void A_member_that_could_not_be_copied_fails_the_snapshot_and_holds_up_nobody()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });
        Fill(cache);
        CacheHash<string, string> hash = cache.Hash<string, string>("hash");
        RdbSnapshot snapshot = RdbSnapshot.Begin(cache.Store);
        hash.Set("field:1", "changed"); // the first change begins the snapshot of the fields
        Assert.NotNull(MembersOf(cache, "hash"));
        MembersOf(cache, "hash")!.OnCopy = () => throw new InsufficientMemoryException("simulated");
        hash.Set("field:2", "changed");
        Assert.True(hash.Remove("field:3"));

        Assert.Throws<InsufficientMemoryException>(() => snapshot.Write(NewFile(), CancellationToken.None));

        Assert.Equal((299, "changed", null), (hash.Count(), hash.Get("field:2"), hash.Get("field:3")));
        AssertNextIsWhole(cache);
    }

    [Fact]
    public void A_walk_that_finds_no_memory_for_a_member_comes_to_its_end_all_the_same()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });
        Fill(cache);
        Shard shard = cache.Store.ShardAt(0);
        shard.Enter();
        try
        {
            var snapshot = (MemberSnapshot)shard.Collections[0].BeginSnapshot();
            var poor = new Sink { Room = 10 };
            Assert.Throws<InsufficientMemoryException>(() => snapshot.Read(500, ref poor));

            var rich = new Sink { Room = int.MaxValue };
            snapshot.Read(500, ref rich);

            Assert.True(snapshot.IsDone); // or its end would wait for ever
            shard.Collections.EndSnapshot(snapshot.Owner);
        }
        finally
        {
            shard.Exit();
        }
    }

    [Fact]
    public void A_rewrite_without_memory_is_a_failed_rewrite_of_a_log_that_goes_on()
    {
        var failures = new List<Exception>();
        var source = new PoorSource();
        var test = new LogUnderTest { Source = source };
        test.Options = test.Options with { RewriteGrowthPercent = 1, RewriteMinBytes = 0, RewriteFailed = failures.Add };
        test.Open();
        test.WriteBatches("one");
        test.Time.Advance(TimeSpan.FromSeconds(1));
        test.Log.RunCycle();
        test.Log.Rewriter!.RunBackground();

        Assert.IsType<InsufficientMemoryException>(Assert.IsType<LogRewriteException>(Assert.Single(failures)).InnerException);
        test.WriteBatches("two");
        test.Time.Advance(TimeSpan.FromSeconds(30)); // it gets its minute, as the disk would
        Assert.False(test.Log.Rewriter.IsRunning);
        test.Reopen();
        Assert.Equal(["key:one", "key:two"], test.Store.Entries.Keys.Select(key => key.Key).Order());
    }

    private static void Fill(EmbeddedCache cache)
    {
        for (int i = 0; i < 300; i++)
        {
            cache.Strings.Set($"key:{i}", $"value {i}");
            cache.Hash<string, string>("hash").Set($"field:{i}", new string('x', 80));
        }
    }

    private static void AssertNextIsWhole(EmbeddedCache cache) =>
        Assert.Equal(cache.Keys.Count, RdbSnapshot.Begin(cache.Store).Write(NewFile(), CancellationToken.None));

    private static RdbFileWriter NewFile() => new(new MemoryFile(), nowUnixMs: 0);

    private static MemberSnapshot? MembersOf(EmbeddedCache cache, string key)
    {
        KeyProbe.Create(Encoding.ASCII.GetBytes(key), out KeyProbe probe);
        Shard shard = cache.Store.ShardAt(0);
        shard.Enter();
        try
        {
            Assert.True(shard.TryFind(0, probe, out Entry entry));
            return (MemberSnapshot?)shard.ShellOf(entry)!.Snapshot;
        }
        finally
        {
            shard.Exit();
        }
    }

    private static void Change(StoreFixture fixture, Random random, Dictionary<string, byte[]>? expected)
    {
        int database = random.Next(2);
        string key = $"key:{random.Next(200)}";
        string name = $"{database} {key}";
        byte[] value = new byte[random.Next(1, 60)];
        random.NextBytes(value);
        switch (random.Next(10))
        {
            case < 6:
                fixture.Set(key, value, database, random.Next(3) == 0 ? fixture.Now + 1_000_000 : long.MaxValue);
                expected?[name] = value;
                break;
            case < 9:
                fixture.Delete(key, database);
                expected?.Remove(name);
                break;
            default:
                fixture.SetDeadline(key, random.Next(2) == 0 ? long.MaxValue : fixture.Now + 1_000_000, database);
                break;
        }
    }

    private static Dictionary<string, byte[]> Contents(StoreFixture fixture)
    {
        var contents = new Dictionary<string, byte[]>();
        for (int database = 0; database < 2; database++)
        {
            foreach (byte[] key in fixture.Keys(database, livingAt: 0))
            {
                contents.Add($"{database} {Encoding.ASCII.GetString(key)}", fixture.Peek(key, database).Value);
            }
        }

        return contents;
    }

    private static void AssertHolds(StoreFixture fixture, Dictionary<string, byte[]> expected, string where)
    {
        Dictionary<string, byte[]> found = Contents(fixture);
        Assert.True(
            found.Count == expected.Count && expected.All(entry => found.TryGetValue(entry.Key, out byte[]? value) && value.AsSpan().SequenceEqual(entry.Value)),
            $"{where}: the store does not hold what was written");
    }

    private struct Sink : IMemberSink
    {
        public int Room { get; set; }

        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, long deadline)
        {
            if (Room-- == 0)
            {
                throw new InsufficientMemoryException("simulated");
            }
        }
    }

    /// <summary>Takes some entries, and has memory for no more.</summary>
    private sealed class PoorObserver(int room) : ISnapshotObserver
    {
        private int _taken;
        private int _failures;

        public int Taken => _taken;

        public int Failures => _failures;

        public void HandOver(int shard, int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, CollectionSnapshot? collection, KnownUse use)
        {
            if (_taken == room)
            {
                throw new InsufficientMemoryException("simulated");
            }

            _taken++;
        }

        public void Fail(Exception cause) => _failures++;
    }

    /// <summary>A store whose state can't be written for want of memory.</summary>
    private sealed class PoorSource : IRewriteSource, IStoreMoment
    {
        public IStoreMoment? TryBegin(Action atMoment)
        {
            atMoment();
            return this;
        }

        public long Write(RdbFileWriter file, CancellationToken cancellationToken) => throw new InsufficientMemoryException("simulated");

        public void Discard()
        {
        }
    }
}
