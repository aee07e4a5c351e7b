using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed class DeadlineHeapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Deadlines_come_out_in_their_order(int seed)
    {
        var arena = new Arena(1L << 26);
        var allocator = new BlockAllocator(arena);
        var heap = new DeadlineHeap(allocator);
        var model = new PriorityQueue<uint, long>();
        var random = new Random(seed);

        for (int step = 0; step < 20_000; step++)
        {
            if (random.Next(5) < (step < 10_000 ? 3 : 1))
            {
                long deadline = random.NextInt64(1, 1_000_000);
                heap.Add(deadline, (uint)step);
                model.Enqueue((uint)step, deadline);
            }
            else if (model.Count > 0)
            {
                model.TryDequeue(out _, out long deadline);
                Assert.Equal(deadline, heap.First);
                heap.RemoveFirst();
            }

            Assert.Equal(model.Count, heap.Count);
        }

        while (model.TryDequeue(out _, out long deadline))
        {
            Assert.Equal(deadline, heap.First);
            heap.RemoveFirst();
        }

        Assert.Equal(long.MaxValue, heap.First);
        Assert.Equal(0, allocator.AllocatedBytes);
        GC.KeepAlive(arena);
    }

    [Fact]
    public void Items_without_an_owner_are_dropped_and_doubles_too()
    {
        var arena = new Arena(1L << 26);
        var heap = new DeadlineHeap(new BlockAllocator(arena));
        for (uint i = 0; i < 1_000; i++)
        {
            heap.Add((i * 7_919) % 1_000, i % 500);
            heap.Add((i * 7_919) % 1_000, i % 500);
        }

        var owner = new EvenDeadlines();
        heap.Retain(ref owner);

        Assert.Equal(500, heap.Count);
        long before = -1;
        while (heap.Count > 0)
        {
            Assert.True(heap.First % 2 == 0 && heap.First >= before);
            before = heap.First;
            heap.RemoveFirst();
        }

        GC.KeepAlive(arena);
    }

    private readonly struct EvenDeadlines : IDeadlineOwner
    {
        public bool Has(long deadline, uint hash) => deadline % 2 == 0;
    }
}
