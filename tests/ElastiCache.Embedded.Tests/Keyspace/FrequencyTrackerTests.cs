using System.Globalization;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>How often entries were used: exactly where a key has a cell, and never below the truth.</summary>
public sealed class FrequencyTrackerTests(ITestOutputHelper output)
{
    [Fact]
    public void Reads_and_writes_are_uses_of_their_key_and_a_new_key_has_none()
    {
        using StoreFixture store = New();
        foreach (string key in (string[])["read", "overwritten", "replaced", "found", "left"])
        {
            store.Set(key, "value"u8);
        }

        store.Get("read");
        store.Get("read");
        store.Set("overwritten", "other"u8);
        store.Set("replaced", new byte[1000]);
        store.Find("found");
        store.Get("absent");

        Assert.Equal([7, 6, 6, 6, 5], Counts(store, "read", "overwritten", "replaced", "found", "left"));
    }

    [Fact]
    public void A_key_that_comes_back_is_new_whether_it_was_deleted_or_its_database_emptied()
    {
        using StoreFixture store = New();
        foreach (string key in (string[])["deleted", "flushed", "stays"])
        {
            store.Set(key, "value"u8, database: key == "flushed" ? 1 : 0);
            store.Get(key, key == "flushed" ? 1 : 0);
        }

        store.Delete("deleted");
        store.Flush(1);
        store.Set("deleted", "value"u8);
        store.Set("flushed", "value"u8, database: 1);

        Assert.Equal([5, 5, 6], [CountOf(store, "deleted"), CountOf(store, "flushed", 1), CountOf(store, "stays")]);
    }

    // While a shard's entries come and go their number stays, so nothing is ever brought over to other cells that would begin empty.
    [Fact]
    public void Keys_that_are_gone_leave_nothing_behind_that_new_ones_could_be_taken_for()
    {
        const int Keys = 500, Rounds = 40;
        using StoreFixture store = New();
        for (int i = 0; i < Keys * Rounds; i++)
        {
            store.Set($"key:{i}", "value"u8);
            for (int use = 0; use < 20; use++)
            {
                store.Get($"key:{i}");
            }

            store.Delete($"key:{i - Keys}");
        }

        int exact = 0;
        for (int i = 0; i < Keys; i++)
        {
            store.Delete($"key:{(Keys * (Rounds - 1)) + i}");
            store.Set($"new:{i}", "value"u8);
            exact += CountOf(store, $"new:{i}") == 5 ? 1 : 0;
        }

        output.WriteLine($"{exact} of {Keys} exact");
        Assert.InRange(exact, Keys * 88 / 100, Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void No_answer_is_ever_below_the_truth(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using StoreFixture store = New(decayMinutes: 1);
        var known = new Dictionary<(int Database, string Key), (int Counter, long Minute)>();
        int exact = 0, asked = 0;
        for (int step = 0; step < 60_000; step++)
        {
            (int Database, string Key) entry = (random.Next(2), string.Create(CultureInfo.InvariantCulture, $"key:{(int)(3_000 * Math.Pow(random.NextDouble(), 3))}"));
            long minute = store.Now / 60_000;
            int Left((int Counter, long Minute) use) => (int)Math.Max(0, use.Counter - (minute - use.Minute));
            void Use() => known[entry] = known.TryGetValue(entry, out (int, long) use) ? (Math.Min(255, Left(use) + 1), minute) : (5, minute);
            switch (random.Next(100))
            {
                case < 20:
                    store.Set(entry.Key, "value"u8, entry.Database);
                    Use();
                    break;
                case < 50:
                    if (store.Get(entry.Key, entry.Database) != null)
                    {
                        Use();
                    }

                    break;
                case < 55:
                    store.Delete(entry.Key, entry.Database);
                    known.Remove(entry);
                    break;
                case < 58 when known.ContainsKey(entry):
                    byte counter = (byte)random.Next(20);
                    store.InShard(entry.Key, (shard, hash) => shard.Tracker!.Begin(entry.Database, hash, KnownUse.OfFrequency(counter)));
                    known[entry] = (counter, minute);
                    break;
                case 58 when random.Next(5) == 0:
                    store.Time.Advance(TimeSpan.FromSeconds(random.Next(1, 100)));
                    break;
                case 66 when random.Next(100) == 0:
                    store.Swap(0, 1);
                    known = known.ToDictionary(pair => (1 - pair.Key.Database, pair.Key.Key), pair => pair.Value);
                    break;
                case 67 when random.Next(200) == 0:
                    store.Flush(entry.Database);
                    known = known.Where(pair => pair.Key.Database != entry.Database).ToDictionary();
                    break;
                case 68:
                    store.Store.Sweep();
                    break;
                default:
                    if (known.TryGetValue(entry, out (int, long) truth))
                    {
                        long answer = CountOf(store, entry.Key, entry.Database);
                        Assert.True(answer >= Left(truth), $"step {step}, {entry}: {answer}, and it is {Left(truth)}");
                        exact += answer == Left(truth) ? 1 : 0;
                        asked++;
                    }

                    break;
            }
        }

        output.WriteLine($"{exact} of {asked} exact");
        Assert.InRange(exact, asked * 85 / 100, asked);
    }

    [Fact]
    public void As_a_shard_grows_and_shrinks_nearly_all_keys_keep_their_counters_and_none_sinks()
    {
        const int Keys = 20_000, Kept = 2_000;
        using StoreFixture store = New();
        for (int i = 0; i < Keys; i++)
        {
            store.Set($"key:{i}", "value"u8);
            for (int use = 0; use < i % 10; use++)
            {
                store.Get($"key:{i}");
            }
        }

        int grown = Exact(Keys);
        for (int i = Kept; i < Keys; i++)
        {
            store.Delete($"key:{i}");
        }

        store.Store.Sweep();
        int shrunk = Exact(Kept);

        output.WriteLine($"{grown} of {Keys} exact, then {shrunk} of {Kept}");
        Assert.InRange(grown, Keys * 87 / 100, Keys);
        Assert.InRange(shrunk, Kept * 75 / 100, Kept);

        int Exact(int keys)
        {
            int exact = 0;
            for (int i = 0; i < keys; i++)
            {
                long count = CountOf(store, $"key:{i}");
                Assert.True(count >= 5 + (i % 10), $"key {i}: {count}");
                exact += count == 5 + (i % 10) ? 1 : 0;
            }

            return exact;
        }
    }

    [Fact]
    public void A_use_that_is_noted_in_cells_that_were_just_replaced_is_counted_once()
    {
        using StoreFixture store = New();
        store.Set("k", "value"u8);
        long before = store.Store.ShardAt(0).Tracker!.Bytes;

        // A reader has the cells in hand and asks for chance. Meanwhile writers add keys, and all entries are brought over to other cells.
        store.Store.Frequencies.LogFactor = 1;
        var chance = new InterruptingChance();
        store.Store.Frequencies.Random = chance;
        store.Get("k");
        chance.Interruption = () =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                store.Set($"more:{i}", "value"u8);
            }

            store.Store.Sweep();
        };
        store.Get("k");

        Assert.Null(chance.Interruption);
        Assert.InRange(store.Store.ShardAt(0).Tracker!.Bytes, before + 1, long.MaxValue);
        Assert.Equal(7, CountOf(store, "k"));
    }

    [Fact]
    public void A_snapshot_is_told_how_an_entry_was_used_that_a_writer_hands_over_and_one_that_none_does()
    {
        using StoreFixture store = New();
        foreach (string key in (string[])["deleted", "stays"])
        {
            store.Set(key, "value"u8);
            store.Get(key);
        }

        var taken = new Uses();
        store.Store.BeginSnapshot(taken);
        store.Delete("deleted");            // which looks it up first
        store.Store.FinishSnapshot();

        Assert.Equal([("deleted", 7), ("stays", 6)], taken.All.Order());
    }

    private static StoreFixture New(int decayMinutes = 0)
    {
        var store = new StoreFixture(databases: 3, policy: EvictionPolicy.AllKeysLfu, tracksAccess: true);
        (store.Store.Frequencies.LogFactor, store.Store.Frequencies.DecayMinutes) = (0, decayMinutes);
        return store;
    }

    private static long[] Counts(StoreFixture store, params string[] keys) => [.. keys.Select(key => CountOf(store, key))];

    private static long CountOf(StoreFixture store, string key, int database = 0)
    {
        long count = 0;
        store.InShard(key, (shard, hash) => count = shard.Tracker!.UseOf(database, hash).Frequency!.Value);
        return count;
    }

    // Lets every use count, and runs something when it is asked.
    private sealed class InterruptingChance : Random
    {
        public Action? Interruption { get; set; }

        public override long NextInt64(long maxValue)
        {
            Action? interruption = Interruption;
            Interruption = null;
            interruption?.Invoke();
            return 0;
        }
    }

    private sealed class Uses : ISnapshotObserver
    {
        public List<(string Key, int Count)> All { get; } = [];

        public void HandOver(int shard, int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, CollectionSnapshot? collection, KnownUse use) =>
            All.Add((System.Text.Encoding.ASCII.GetString(key), use.Frequency!.Value));

        public void Fail(Exception cause) => throw cause;
    }
}
