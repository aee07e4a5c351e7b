using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>When entries were last used: exactly where a key has a cell, and never above the truth.</summary>
public sealed class IdleTimeTrackerTests(ITestOutputHelper output)
{
    [Fact]
    public void Reads_and_writes_are_uses_of_their_key_and_of_no_other()
    {
        using var store = new StoreFixture(tracksAccess: true);
        store.Set("read", "value"u8);
        store.Set("overwritten", "value"u8);
        store.Set("replaced", "value"u8);
        store.Set("edited", "value"u8);
        store.Set("found", "value"u8);
        store.Set("left", "value"u8);
        store.Time.Advance(TimeSpan.FromSeconds(100.9));

        store.Get("read");
        store.Set("overwritten", "other"u8);
        store.Set("replaced", new byte[1000]);
        store.Edit("edited", 2, "x"u8);
        store.Find("found");
        store.Get("absent");
        store.Set("new", "value"u8);
        store.Time.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal([7, 7, 7, 7, 7, 107, 7], Ages(store, "read", "overwritten", "replaced", "edited", "found", "left", "new"));
    }

    [Fact]
    public void A_key_that_comes_back_is_new_and_the_cell_that_it_had_is_free()
    {
        using var store = new StoreFixture(tracksAccess: true);
        store.Set("k", "value"u8);
        store.Time.Advance(TimeSpan.FromSeconds(50));

        store.Delete("k");
        long withoutCell = AgeOf(store, "k");
        store.Set("k", "value"u8);

        Assert.Equal(0, withoutCell);
        Assert.Equal(0, AgeOf(store, "k"));
    }

    [Fact]
    public void A_key_that_is_evicted_or_expires_gives_its_cell_up()
    {
        using var store = new StoreFixture(tracksAccess: true);
        store.Set("k", "value"u8, deadline: store.Now + 1000);

        store.Pass(TimeSpan.FromSeconds(20));

        Assert.Null(store.Get("k"));
        Assert.Equal(0, AgeOf(store, "k"));
    }

    [Fact]
    public void A_database_has_times_of_its_own_and_takes_them_along_when_it_is_swapped()
    {
        using var store = new StoreFixture(tracksAccess: true);
        store.Set("k", "value"u8);
        store.Time.Advance(TimeSpan.FromSeconds(10));
        store.Set("k", "value"u8, database: 3);
        store.Time.Advance(TimeSpan.FromSeconds(10));

        long[] before = [AgeOf(store, "k"), AgeOf(store, "k", 3)];
        store.Swap(0, 3);
        store.Swap(3, 5);

        Assert.Equal([20, 10], before);
        Assert.Equal([10, 20], [AgeOf(store, "k"), AgeOf(store, "k", 5)]);
    }

    [Theory]
    [InlineData(0x69FFFFF0, 30)]            // the clock of 24 bits begins anew meanwhile
    [InlineData(0x69000000, 0xFF_0000)]     // 193 days
    public void Time_goes_on_where_the_clock_of_24_bits_begins_anew(long unixSeconds, int seconds)
    {
        using var store = new StoreFixture(new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(unixSeconds)), tracksAccess: true);
        store.Set("k", "value"u8);

        store.Time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(seconds, AgeOf(store, "k"));
    }

    [Fact]
    public void As_a_shard_grows_nearly_all_keys_keep_their_times_and_none_becomes_older()
    {
        const int Batches = 20, KeysABatch = 1_000;
        using var store = new StoreFixture(tracksAccess: true);
        for (int batch = 0; batch < Batches; batch++)
        {
            for (int i = 0; i < KeysABatch; i++)
            {
                store.Set($"key:{batch}:{i}", "value"u8);
            }

            store.Time.Advance(TimeSpan.FromSeconds(10));
        }

        int exact = 0;
        for (int batch = 0; batch < Batches; batch++)
        {
            for (int i = 0; i < KeysABatch; i++)
            {
                long age = AgeOf(store, $"key:{batch}:{i}");
                Assert.InRange(age, 0, 10 * (Batches - batch));
                exact += age == 10 * (Batches - batch) ? 1 : 0;
            }
        }

        long bytes = store.Store.ShardAt(0).Tracker!.Bytes;
        output.WriteLine($"{exact} of {Batches * KeysABatch} exact, {(double)bytes / (Batches * KeysABatch):f1} bytes a key");
        Assert.InRange(exact, Batches * KeysABatch * 93 / 100, Batches * KeysABatch);
        Assert.InRange(bytes, 8 * Batches * KeysABatch, 17 * Batches * KeysABatch);
    }

    [Fact]
    public void What_a_shard_no_longer_needs_is_given_back_by_the_sweeper_and_times_stay()
    {
        using var store = new StoreFixture(tracksAccess: true);
        store.Set("stays", "value"u8);
        store.Time.Advance(TimeSpan.FromSeconds(5));
        for (int i = 0; i < 20_000; i++)
        {
            store.Set($"key:{i}", "value"u8, database: 1);
        }

        store.Store.Sweep();
        long full = store.Store.ShardAt(0).Tracker!.Bytes;
        store.Flush(1);
        store.Store.Sweep();
        store.Store.Sweep();

        Assert.InRange(full, 160_000, 350_000);
        Assert.InRange(store.Store.ShardAt(0).Tracker!.Bytes, 1024, 1200);
        Assert.InRange(AgeOf(store, "stays"), 0, 5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void No_answer_is_ever_above_the_truth(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var store = new StoreFixture(tracksAccess: true, databases: 3);
        var used = new Dictionary<(int Database, string Key), DateTimeOffset>();
        int exact = 0, asked = 0;
        for (int step = 0; step < 60_000; step++)
        {
            (int Database, string Key) entry = (random.Next(2), string.Create(CultureInfo.InvariantCulture, $"key:{random.Next(3_000)}"));
            switch (random.Next(100))
            {
                case < 30:
                    store.Set(entry.Key, "value"u8, entry.Database);
                    used[entry] = store.Time.GetUtcNow();
                    break;
                case < 50:
                    if (store.Get(entry.Key, entry.Database) != null)
                    {
                        used[entry] = store.Time.GetUtcNow();
                    }

                    break;
                case < 60:
                    store.Delete(entry.Key, entry.Database);
                    used.Remove(entry);
                    break;
                case < 63 when used.ContainsKey(entry):
                    int seconds = random.Next(100);
                    store.InShard(entry.Key, (shard, hash) => shard.Tracker!.Begin(entry.Database, hash, KnownUse.Idle(seconds)));
                    used[entry] = store.Time.GetUtcNow() - TimeSpan.FromSeconds(seconds);
                    break;
                case < 66:
                    store.Time.Advance(TimeSpan.FromSeconds(random.Next(1, 5)));
                    break;
                case 66 when random.Next(100) == 0:
                    store.Swap(0, 1);
                    used = used.ToDictionary(pair => (1 - pair.Key.Database, pair.Key.Key), pair => pair.Value);
                    break;
                case 67 when random.Next(200) == 0:
                    store.Flush(entry.Database);
                    used = used.Where(pair => pair.Key.Database != entry.Database).ToDictionary();
                    break;
                case 68:
                    store.Store.Sweep();
                    break;
                default:
                    if (used.TryGetValue(entry, out DateTimeOffset last))
                    {
                        long truth = (long)(store.Time.GetUtcNow() - last).TotalSeconds;
                        long age = AgeOf(store, entry.Key, entry.Database);
                        Assert.True(age <= truth, $"step {step}, {entry}: {age} s, and it was used {truth} s ago");
                        exact += age == truth ? 1 : 0;
                        asked++;
                    }

                    break;
            }
        }

        output.WriteLine($"{exact} of {asked} exact");
        Assert.InRange(exact, asked * 85 / 100, asked);
    }

    [Fact]
    public void No_use_is_lost_where_threads_share_sets_and_the_cells_are_replaced()
    {
        const int Rounds = 40, Threads = 4, Keys = 2_000;
        using var store = new StoreFixture(tracksAccess: true);
        string[] keys = [.. Enumerable.Range(0, Keys).Select(i => $"key:{i}")];
        foreach (string key in keys)
        {
            store.Set(key, "value"u8);
        }

        for (int round = 0; round < Rounds; round++)
        {
            store.Time.Advance(TimeSpan.FromSeconds(1));
            int number = round;
            List<Background> threads = [.. Enumerable.Range(0, Threads).Select(thread => new Background(() => Read(thread))), new Background(() => Write(number))];
            threads.ForEach(static thread => thread.Join());

            foreach (string key in keys)
            {
                Assert.Equal(0, AgeOf(store, key));
            }
        }

        void Read(int thread)
        {
            for (int i = thread; i < Keys; i += Threads)
            {
                store.Get(keys[i]);
            }
        }

        // What is added makes the cells grow, and what is flushed makes them small again.
        void Write(int round)
        {
            for (int i = 0; i < Keys; i++)
            {
                store.Set($"more:{round}:{i}", "value"u8, database: 1);
            }

            if (round % 4 == 3)
            {
                store.Flush(1);
                store.Store.Sweep();
            }
        }
    }

    [Fact]
    public void A_use_that_is_noted_in_cells_that_were_just_replaced_is_not_lost()
    {
        var time = new InterruptingTime();
        using var store = new StoreFixture(time, tracksAccess: true);
        store.Set("k", "value"u8);
        time.Seconds = 10;
        AccessTracker tracker = store.Store.ShardAt(0).Tracker!;
        long before = tracker.Bytes;

        // A reader has the cells in hand and asks for the time. Meanwhile writers add keys, and all entries are brought over to other cells.
        time.Interruption = () =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                store.Set($"more:{i}", "value"u8);
            }

            store.Store.Sweep();
        };
        store.Get("k");

        Assert.InRange(tracker.Bytes, before + 1, long.MaxValue);
        Assert.Equal(0, AgeOf(store, "k"));
    }

    private static long[] Ages(StoreFixture store, params string[] keys) => [.. keys.Select(key => AgeOf(store, key))];

    private static long AgeOf(StoreFixture store, string key, int database = 0)
    {
        long age = 0;
        store.InShard(key, (shard, hash) => age = shard.Tracker!.UseOf(database, hash).IdleSeconds!.Value);
        return age;
    }

    // Runs something when it is asked for the time.
    private sealed class InterruptingTime : TimeProvider
    {
        public int Seconds { get; set; }

        public Action? Interruption { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            Action? interruption = Interruption;
            Interruption = null;
            interruption?.Invoke();
            return DateTimeOffset.UnixEpoch.AddYears(50).AddSeconds(Seconds);
        }
    }
}
