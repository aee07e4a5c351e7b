using System.Text;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A snapshot holds every key exactly once, as it was when the snapshot began, whatever writers do in the meantime.</summary>
public sealed class SnapshotHandOverTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Changes_between_any_two_slices_of_the_walk_are_not_in_the_snapshot(int seed)
    {
        using var fixture = new StoreFixture(shards: 4, databases: 4);
        var random = new Random(seed);
        for (int i = 0; i < 2_000; i++)
        {
            Change(fixture, random);
        }

        for (int round = 0; round < 25; round++)
        {
            string where = $"seed {seed}, round {round}";
            Dictionary<string, (byte[] Value, long Deadline)> before = Contents(fixture);
            var taken = new Taken();

            fixture.Store.BeginSnapshot(taken);
            for (int i = 0; i < 100; i++)
            {
                Change(fixture, random);
            }

            // One thread plays both parts: the walk, slice by slice, and the writers between two slices.
            WalkWith(fixture, () => Change(fixture, random));
            fixture.Store.FinishSnapshot();

            taken.AssertIs(before, where);
            fixture.VerifyAccounts(where);
        }
    }

    [Fact]
    public void Databases_swapped_during_a_snapshot_are_in_it_under_their_old_numbers()
    {
        using var fixture = new StoreFixture(databases: 4);
        for (int i = 0; i < 300; i++)
        {
            fixture.Set($"zero:{i}", "0"u8, database: 0);
            fixture.Set($"one:{i}", "1"u8, database: 1);
        }

        for (int round = 0; round < 3; round++)
        {
            Dictionary<string, (byte[] Value, long Deadline)> before = Contents(fixture);
            var taken = new Taken();
            fixture.Store.BeginSnapshot(taken);
            int slices = 0;
            WalkWith(fixture, () =>
            {
                if (++slices % 7 == 0)
                {
                    fixture.Swap(slices % 3, 3);
                    fixture.Swap(0, 1);
                }
            });
            fixture.Store.FinishSnapshot();

            taken.AssertIs(before, $"round {round}");
        }
    }

    [Fact]
    public void Pairs_with_a_constant_sum_are_never_broken_while_another_thread_moves_between_them()
    {
        const int pairs = 400;
        using var fixture = new StoreFixture(shards: 4);
        for (int i = 0; i < pairs; i++)
        {
            fixture.Add($"a:{i}", 1_000);
            fixture.Add($"b:{i}", 1_000);
        }

        using var stop = new CancellationTokenSource();
        using var writer = new Background(() => MoveBetweenPairs(fixture, pairs, stop.Token));
        for (int snapshot = 0; snapshot < 150; snapshot++)
        {
            var taken = new Taken();
            fixture.Store.BeginSnapshot(taken);
            fixture.Store.FinishSnapshot();

            Assert.Equal(2 * pairs, taken.Entries.Count);
            for (int i = 0; i < pairs; i++)
            {
                long sum = BitConverter.ToInt64(taken.Entries[$"0 a:{i}"].Value) + BitConverter.ToInt64(taken.Entries[$"0 b:{i}"].Value);
                Assert.True(sum == 2_000, $"snapshot {snapshot}, pair {i}: {sum}");
            }
        }

        stop.Cancel();
        writer.Join();
    }

    [Fact]
    public void Evicted_and_expired_entries_are_in_the_snapshot_that_began_before()
    {
        using var fixture = new StoreFixture(shards: 2, budget: 4 << 20);
        for (int i = 0; i < 3_000; i++)
        {
            fixture.Set($"key:{i}", new byte[200], deadline: i % 3 == 0 ? fixture.Now + 1_000 + i : long.MaxValue);
        }

        for (int round = 0; round < 5; round++)
        {
            Dictionary<string, (byte[] Value, long Deadline)> before = Contents(fixture);
            var taken = new Taken();
            long evicted = fixture.Evicted;

            fixture.Store.BeginSnapshot(taken);
            fixture.Pass(TimeSpan.FromSeconds(2));
            for (int i = 0; i < 6_000; i++)
            {
                fixture.Set($"new:{round}:{i}", new byte[1_500]);
            }

            fixture.Store.FinishSnapshot();

            Assert.True(fixture.Evicted > evicted + 1_000);
            taken.AssertIs(before, $"round {round}");
        }
    }

    private static void MoveBetweenPairs(StoreFixture fixture, int pairs, CancellationToken stop)
    {
        var random = new Random(5);
        while (!stop.IsCancellationRequested)
        {
            int pair = random.Next(pairs);
            int by = random.Next(-50, 50);
            fixture.AddToBoth($"a:{pair}", by, $"b:{pair}", -by);
        }
    }

    private static void WalkWith(StoreFixture fixture, Action between)
    {
        for (int shard = 0; shard < fixture.Store.ShardCount; shard++)
        {
            for (int database = 0; database < fixture.Store.DatabaseCount; database++)
            {
                uint position = 0;
                do
                {
                    fixture.Store.ShardAt(shard).Enter();
                    position = fixture.Store.ShardAt(shard).Snapshot.HandOverSlice(database, position);
                    fixture.Store.ShardAt(shard).Exit();
                    between();
                }
                while (position != 0);
            }
        }
    }

    private static void Change(StoreFixture fixture, Random random)
    {
        int database = random.Next(4);
        string key = $"key:{random.Next(400)}";
        byte[] value = new byte[random.Next(20) == 0 ? random.Next(2_000, 6_000) : random.Next(1, 60)];
        random.NextBytes(value);
        switch (random.Next(200))
        {
            case 0:
                fixture.Flush(database);
                break;
            case < 3:
                fixture.Swap(database, random.Next(4));
                break;
            case < 6:
                fixture.Pass(TimeSpan.FromMilliseconds(random.Next(1, 300)));
                break;
            case < 100:
                fixture.Set(key, value, database, random.Next(3) == 0 ? fixture.Now + random.Next(1, 3_000) : long.MaxValue);
                break;
            case < 140:
                fixture.Delete(key, database);
                break;
            case < 160:
                fixture.SetDeadline(key, random.Next(3) == 0 ? long.MaxValue : fixture.Now + random.Next(1, 3_000), database);
                break;
            default:
                fixture.Edit(key, random.Next(10), value, database);
                break;
        }
    }

    private static Dictionary<string, (byte[] Value, long Deadline)> Contents(StoreFixture fixture)
    {
        var contents = new Dictionary<string, (byte[] Value, long Deadline)>();
        for (int database = 0; database < fixture.Store.DatabaseCount; database++)
        {
            // What has expired and waits for the sweeper belongs to the state too, deadline and all.
            foreach (byte[] key in fixture.Keys(database, livingAt: 0))
            {
                contents.Add($"{database} {Encoding.ASCII.GetString(key)}", fixture.Peek(key, database));
            }
        }

        return contents;
    }

    private sealed class Taken : ISnapshotObserver
    {
        private string? _twice;

        public Dictionary<string, (byte[] Value, long Deadline)> Entries { get; } = [];

        public void HandOver(int shard, int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, CollectionSnapshot? collection, KnownUse use)
        {
            string name = $"{database} {Encoding.ASCII.GetString(key)}";
            lock (Entries)
            {
                if (!Entries.TryAdd(name, (value.ToArray(), extras.Deadline)))
                {
                    _twice = name;
                }
            }
        }

        public void Fail(Exception cause) => _twice ??= cause.Message;

        public void AssertIs(Dictionary<string, (byte[] Value, long Deadline)> expected, string where)
        {
            Assert.True(_twice == null, $"{where}: '{_twice}' was handed over twice");
            foreach ((string name, (byte[] value, long deadline)) in expected)
            {
                Assert.True(Entries.TryGetValue(name, out var taken), $"{where}: '{name}' is missing");
                Assert.True(taken.Value.AsSpan().SequenceEqual(value) && taken.Deadline == deadline, $"{where}: '{name}' is not as it was");
            }

            Assert.True(Entries.Count == expected.Count, $"{where}: {Entries.Count} entries, {expected.Count} expected");
        }
    }
}
