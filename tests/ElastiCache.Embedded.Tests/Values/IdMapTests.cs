using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

public class IdMapTests
{
    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 3_000)]
    [InlineData(3, 100_000)]
    public void It_does_what_a_sorted_dictionary_does_and_gives_all_memory_back(int seed, int range)
    {
        var random = new Random(seed);
        var allocator = new BlockAllocator(new Arena(256L << 20));
        var map = new IdMap<long>(allocator);
        var model = new SortedDictionary<StreamId, long>();
        for (int step = 0; step < 30_000; step++)
        {
            // Mostly what streams do: add at the end, take from the beginning; and now and then the opposite.
            StreamId id = random.Next(3) == 0 ? new StreamId((ulong)random.Next(range), (ulong)random.Next(3)) : new StreamId((ulong)(range + (step / 4)), (ulong)(step % 4));
            bool removes = random.Next(5) < (step / 6000 % 2 == 0 ? 1 : 3);
            if (removes && model.Count > 0)
            {
                id = random.Next(2) == 0 ? model.First().Key : id;
                Assert.Equal(model.Remove(id), map.Remove(id));
            }
            else if (!model.ContainsKey(id))
            {
                model.Add(id, step);
                map.Add(id) = step;
            }

            if (step % 1500 == 0)
            {
                AssertSame(model, map, random, range);
            }
        }

        AssertSame(model, map, random, range);
        IdMap<long> copy = map.CopyTo(allocator);
        AssertSame(model, copy, random, range);
        while (map.FreeSlice(1) | copy.FreeSlice(1000))
        {
        }

        Assert.Equal(0, map.NativeBytes);
        Assert.Equal(0, allocator.AllocatedBytes);
    }

    [Fact]
    public void Entries_that_come_and_go_in_order_do_not_make_it_grow()
    {
        var allocator = new BlockAllocator(new Arena(256L << 20));
        var map = new IdMap<NoValue>(allocator);
        for (ulong i = 0; i < 200_000; i++)
        {
            map.Add(new StreamId(i, 0));
            if (i >= 1000)
            {
                Assert.True(map.Remove(new StreamId(i - 1000, 0)));
            }
        }

        Assert.Equal(1000, map.Count);
        Assert.InRange(map.NativeBytes, 16_000, 64_000);
    }

    private static void AssertSame(SortedDictionary<StreamId, long> model, IdMap<long> map, Random random, int range)
    {
        Assert.Equal(model.Count, map.Count);
        var forward = new List<(StreamId, long)>();
        for (IdPosition i = map.First; map.IsValid(i); i = map.Next(i))
        {
            forward.Add((map.IdAt(i), map.ValueAt(i)));
        }

        var backward = new List<StreamId>();
        for (IdPosition i = map.Last; map.IsValid(i); i = map.Previous(i))
        {
            backward.Add(map.IdAt(i));
        }

        Assert.Equal(model.Select(pair => (pair.Key, pair.Value)), forward);
        Assert.Equal(model.Keys.Reverse(), backward);
        StreamId[] keys = [.. model.Keys];
        for (int i = 0; i < 50; i++)
        {
            var id = new StreamId((ulong)random.Next(2 * range), (ulong)random.Next(4));
            IdPosition from = map.Seek(id), to = map.SeekBack(id);
            Assert.Equal(keys.Where(key => key >= id).Cast<StreamId?>().FirstOrDefault(), map.IsValid(from) ? map.IdAt(from) : null);
            Assert.Equal(keys.Where(key => key <= id).Cast<StreamId?>().LastOrDefault(), map.IsValid(to) ? map.IdAt(to) : null);
            Assert.Equal(model.ContainsKey(id), map.TryFind(id, out _));
        }
    }
}
