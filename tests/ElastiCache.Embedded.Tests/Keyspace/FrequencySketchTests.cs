using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed class FrequencySketchTests
{
    private readonly BlockAllocator _allocator = new(new Arena(64 << 20));

    [Fact]
    public void A_key_counts_to_fifteen()
    {
        var sketch = new FrequencySketch(_allocator, 1_000);

        int[] counts = [.. Enumerable.Range(0, 20).Select(_ => sketch.Add(77))];

        Assert.Equal([.. Enumerable.Range(1, 15), 15, 15, 15, 15, 15], counts);
        Assert.Equal(15, sketch.Estimate(77));
        Assert.Equal(0, sketch.Estimate(78));
    }

    [Fact]
    public void No_key_is_counted_too_low_and_few_too_high()
    {
        var sketch = new FrequencySketch(_allocator, 8_192);
        var random = new Random(3);
        var exact = new Dictionary<uint, int>();
        for (int i = 0; i < 20_000; i++)
        {
            uint key = (uint)(random.Next(8_000) * random.NextDouble()) * 0x9E37_79B1;
            exact[key] = exact.GetValueOrDefault(key) + 1;
            sketch.Add(key);
        }

        Assert.All(exact, pair => Assert.True(sketch.Estimate(pair.Key) >= Math.Min(15, pair.Value), $"key {pair.Key}"));
        int tooHigh = exact.Count(pair => sketch.Estimate(pair.Key) > pair.Value);
        Assert.True(tooHigh < exact.Count / 10, $"{tooHigh} of {exact.Count} keys are counted too high");
    }

    [Fact]
    public void Growing_changes_nothing_that_it_says_and_shrinking_lowers_nothing()
    {
        var sketch = new FrequencySketch(_allocator, 2_000);
        uint[] keys = [.. Enumerable.Range(0, 1_000).Select(i => (uint)i * 0x85EB_CA6B)];
        for (int i = 0; i < keys.Length; i++)
        {
            for (int uses = 0; uses <= i % 9; uses++)
            {
                sketch.Add(keys[i]);
            }
        }

        int[] before = [.. keys.Select(sketch.Estimate)];
        long entries = sketch.Entries;
        sketch.Grow();
        Assert.Equal(entries * 2, sketch.Entries);
        Assert.Equal(before, keys.Select(sketch.Estimate));

        sketch.Shrink();
        sketch.Shrink();
        Assert.Equal(entries / 2, sketch.Entries);
        Assert.All(keys.Zip(before), pair => Assert.True(sketch.Estimate(pair.First) >= pair.Second));
    }

    [Fact]
    public void What_was_used_long_ago_is_forgotten()
    {
        var sketch = new FrequencySketch(_allocator, 256);
        for (int i = 0; i < 15; i++)
        {
            sketch.Add(5);
        }

        for (uint i = 0; i < 10 * 256; i++)
        {
            sketch.Add(1_000_000 + (i * 7919));
        }

        Assert.InRange(sketch.Estimate(5), 5, 12);
        for (uint i = 0; i < 40 * 256; i++)
        {
            sketch.Add(100_000_000 + (i * 7919));
        }

        Assert.Equal(0, sketch.Estimate(5));
    }

    [Fact]
    public void A_long_scan_looks_new_to_the_end()
    {
        var sketch = new FrequencySketch(_allocator, 1_000);
        int known = 0;
        for (uint i = 0; i < 50_000; i++)
        {
            known += sketch.Add(i * 0x9E37_79B1) > 1 ? 1 : 0;
        }

        Assert.InRange(known, 0, 50_000 / 100);
    }

    [Fact]
    public void The_latest_keys_are_known_though_each_came_once()
    {
        var sketch = new FrequencySketch(_allocator, 1_000);
        for (uint i = 0; i < 20_000; i++)
        {
            sketch.Add(i * 0x9E37_79B1);
        }

        int known = Enumerable.Range(19_000, 1_000).Count(i => sketch.Estimate((uint)i * 0x9E37_79B1) > 0);
        Assert.True(known > 980, $"{known} of the last 1000");
    }

    [Fact]
    public void It_takes_four_bytes_an_entry_and_gives_them_back()
    {
        var sketch = new FrequencySketch(_allocator, 1 << 16);
        Assert.Equal(4 << 16, sketch.Bytes);
        Assert.Equal(sketch.Bytes, _allocator.AllocatedBytes);

        sketch.Free();
        Assert.Equal(0, _allocator.AllocatedBytes);
    }
}
