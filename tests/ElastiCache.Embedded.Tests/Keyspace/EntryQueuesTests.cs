using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The evictor's queues against plain lists, by random operations. A failure names seed and step.</summary>
public sealed class EntryQueuesTests
{
    private const int Steps = 20_000;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, (1u << 26) - 300_000)]       // ranks begin again on the way
    [InlineData(3, uint.MaxValue - 300_000)]
    public void The_oldest_of_the_queue_with_the_least_rank_comes_first(int seed, uint floor)
    {
        var arena = new Arena(64 << 20);
        var allocator = new BlockAllocator(arena);
        var queues = new EntryQueues(arena, allocator);
        var model = new Model(queues, new Random(seed));
        model.RaiseTo(floor);
        for (int step = 0; step < Steps; step++)
        {
            model.Step($"seed {seed}, floor {floor}, step {step}");
            Assert.True(allocator.AllocatedBytes == queues.Bytes, $"seed {seed}, step {step}: {allocator.AllocatedBytes} bytes allocated, {queues.Bytes} counted");
        }

        while (queues.Nodes > 0)
        {
            model.Take($"seed {seed}, end");
        }

        Assert.Equal(0, queues.Bytes);
    }

    [Fact]
    public void Nodes_follow_their_databases_when_those_are_exchanged()
    {
        var arena = new Arena(16 << 20);
        var queues = new EntryQueues(arena, new BlockAllocator(arena));
        queues.Add(0, 1, 3, 0);
        queues.SwapDatabases(3, 7);
        queues.Add(0, 2, 3, 0);

        Assert.True(queues.TryTake(out QueuedEntry first));
        Assert.True(queues.TryTake(out QueuedEntry second));

        Assert.Equal((1u, 7), (first.Hash, first.Database));
        Assert.Equal((2u, 3), (second.Hash, second.Database));
    }

    [Fact]
    public void Among_equal_ranks_what_was_used_more_often_gives_way()
    {
        var arena = new Arena(16 << 20);
        var queues = new EntryQueues(arena, new BlockAllocator(arena));
        int[] uses = [1, 15, 3, 4];
        foreach (int count in uses)
        {
            queues.Add(EntryQueues.QueueOf(100, count), (uint)count, 0, 50);
        }

        List<uint> order = [];
        while (queues.TryTake(out QueuedEntry taken))
        {
            order.Add(taken.Hash);
        }

        Assert.Equal([15u, 4, 3, 1], order);
    }

    private sealed class Model(EntryQueues queues, Random random)
    {
        private readonly List<(uint Hash, uint Tag, long Rank)>[] _expected = [.. Enumerable.Range(0, EntryQueues.SizeClasses * EntryQueues.FrequencyClasses).Select(_ => new List<(uint, uint, long)>())];
        private long _floor;
        private uint _nextHash = 1;

        private int Count => _expected.Sum(queue => queue.Count);

        public void RaiseTo(uint floor)
        {
            while (_floor < floor)
            {
                uint ahead = (uint)Math.Min(EntryQueues.MostAhead, floor - _floor);
                queues.Add(0, 0, 0, ahead);
                Assert.True(queues.TryTake(out QueuedEntry taken));
                queues.RaiseFloor(taken);
                _floor += ahead;
            }

            Assert.Equal(floor, queues.Floor);
        }

        public void Step(string where)
        {
            switch (random.Next(100))
            {
                case < 50:
                    Add();
                    break;
                case < 96:
                    Take(where);
                    break;
                default:
                    Clean(random.Next(1, 20));
                    break;
            }

            Assert.True(queues.Nodes == Count, $"{where}: {queues.Nodes} nodes, {Count} expected");
            long weight = _expected.Select((nodes, queue) => nodes.Count * (1L << (queue / EntryQueues.FrequencyClasses))).Sum();
            Assert.True(queues.Weight == weight, $"{where}: weight {queues.Weight}, {weight} expected");
        }

        public void Take(string where)
        {
            bool hasShown = queues.TryPeek(out QueuedEntry shown);
            bool hasAny = queues.TryTake(out QueuedEntry taken);
            Assert.True((hasShown, shown) == (hasAny, taken), $"{where}: {shown} was shown, {taken} taken");
            Assert.True(hasAny == (Count > 0), where);
            if (!hasAny)
            {
                return;
            }

            long least = _expected.Where(queue => queue.Count > 0).Min(queue => queue[0].Rank);
            int from = Array.FindIndex(_expected, queue => queue.Count > 0 && queue[0].Hash == taken.Hash);
            Assert.True(from >= 0 && _expected[from][0].Rank == least && _expected[from][0].Tag == taken.Tag, $"{where}: took {taken}");
            Assert.True((uint)(least & ((1 << 26) - 1)) == taken.Rank, $"{where}: rank {taken.Rank} for {least}");
            _expected[from].RemoveAt(0);
            if (random.Next(2) == 0)
            {
                queues.RaiseFloor(taken);
                _floor = Math.Max(_floor, least);
            }
        }

        private void Add()
        {
            // Few queues and few ranks, so that there are chains and ties.
            int queue = random.Next(4) == 0 ? random.Next(_expected.Length) : random.Next(6);
            uint ahead = random.Next(8) == 0 ? (uint)random.Next((int)EntryQueues.MostAhead) : (uint)random.Next(10) * 1000;
            uint hash = _nextHash++;
            uint tag = queues.Add(queue, hash, random.Next(16), ahead);
            Assert.InRange(tag, 1u, 3u);
            _expected[queue].Add((hash, tag, _floor + ahead));
        }

        private void Clean(int chunks)
        {
            var cleaner = new Drops([]);
            queues.BeginCleaning();
            for (int i = 0; i < chunks && queues.Clean(ref cleaner); i++)
            {
            }

            foreach (List<(uint Hash, uint Tag, long Rank)> queue in _expected)
            {
                queue.RemoveAll(node => cleaner.Dropped.Contains(node.Hash));
            }
        }
    }

    // Every third entry is gone.
    private readonly struct Drops(HashSet<uint> dropped) : IQueueCleaner
    {
        public HashSet<uint> Dropped => dropped;

        public bool Keep(in QueuedEntry entry)
        {
            if (entry.Hash % 3 == 0)
            {
                dropped.Add(entry.Hash);
            }

            return entry.Hash % 3 != 0;
        }
    }
}
