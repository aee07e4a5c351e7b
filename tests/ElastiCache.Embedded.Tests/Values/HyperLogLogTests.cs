using System.Text;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

public class HyperLogLogTests
{
    private const int Seed = 20260201;
    private const int MostSparseBytes = 3000;

    [Fact]
    public void An_empty_value_is_one_run_of_zeros_and_counts_nothing()
    {
        byte[] buffer = new byte[HyperLogLogValue.BufferBytes(0)];

        int length = HyperLogLogValue.WriteEmpty(buffer);

        Assert.Equal("48594C4C010000000000000000000000" + "7FFF", Convert.ToHexString(buffer, 0, length));
        Assert.True(HyperLogLogFormat.TryGetCount(buffer, out long stored));
        Assert.Equal(0, stored);
        Assert.True(HyperLogLogValue.TryCount(buffer.AsSpan(0, length), out long count));
        Assert.Equal(0, count);
    }

    [Fact]
    public void An_element_that_was_seen_changes_nothing()
    {
        var counter = new Counter();

        bool first = counter.Add("a");
        bool second = counter.Add("a");

        Assert.True(first);
        Assert.False(second);
        Assert.Equal(1, counter.Count());
    }

    [Fact]
    public void The_estimate_is_within_two_percent_from_ten_to_a_million_elements()
    {
        var counter = new Counter();
        int added = 0;
        foreach (int elements in (int[])[10, 100, 1000, 10_000, 100_000, 1_000_000])
        {
            for (; added < elements; added++)
            {
                counter.Add($"element {added}");
            }

            Assert.InRange(counter.Count(), elements * 0.98, elements * 1.02);
        }
    }

    [Fact]
    public void The_sparse_and_the_dense_form_of_the_same_elements_have_the_same_count_and_the_same_union()
    {
        var random = new Random(Seed);
        for (int round = 0; round < 20; round++)
        {
            var sparse = new Counter();
            for (int i = random.Next(400); i > 0; i--)
            {
                sparse.Add($"{random.Next()}");
            }

            var dense = new Counter(sparse);
            dense.MakeDense();

            Assert.Equal(sparse.Count(), dense.Count());
            Assert.Equal(sparse.Union(), dense.Union());
            Assert.Equal(sparse.Count(), HyperLogLogValue.Count(dense.Union()));
        }
    }

    [Fact]
    public void A_union_counts_what_either_has_seen()
    {
        var left = new Counter();
        var right = new Counter();
        var both = new Counter();
        for (int i = 0; i < 5000; i++)
        {
            (i % 3 == 0 ? right : left).Add($"{i}");
            both.Add($"{i}");
        }

        byte[] union = left.Union();
        HyperLogLogValue.TryMergeInto(right.Value, union);
        var merged = new Counter();
        merged.AddUnion(union);

        Assert.Equal(both.Count(), HyperLogLogValue.Count(union));
        Assert.Equal(both.Count(), merged.Count());
        Assert.Equal(both.Union(), merged.Union());
    }

    [Fact]
    public void A_sparse_value_never_exceeds_its_limit_and_turns_dense_instead()
    {
        var counter = new Counter();
        int longest = 0;
        for (int i = 0; !HyperLogLogFormat.IsDense(counter.Value); i++)
        {
            longest = counter.Value.Length;
            counter.Add($"{i}");
        }

        Assert.InRange(longest, MostSparseBytes - 3, MostSparseBytes);
        Assert.Equal(HyperLogLogFormat.DenseBytes, counter.Value.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("48594C4C0100000000000000000000")]
    [InlineData("68796C6C010000000000000000000000" + "7FFF")]
    [InlineData("48594C4C020000000000000000000000" + "7FFF")]
    [InlineData("48594C4C000000000000000000000000" + "7FFF")]
    public void What_has_not_the_shape_of_a_HyperLogLog_is_refused(string value) =>
        Assert.False(HyperLogLogFormat.IsValid(Convert.FromHexString(value)));

    [Theory]
    [InlineData("")]
    [InlineData("7FFE")]
    [InlineData("7FFF00")]
    [InlineData("7FFF80")]
    [InlineData("7FFE40")]
    [InlineData("7F")]
    public void Runs_that_do_not_cover_the_registers_exactly_are_refused(string runs)
    {
        byte[] value = Convert.FromHexString("48594C4C010000000000000000000000" + runs);
        byte[] buffer = [.. value, .. new byte[HyperLogLogFormat.LongestSparseBytes]];
        int length = value.Length;

        Assert.True(HyperLogLogFormat.IsValid(value));
        Assert.False(HyperLogLogValue.TryCount(value, out _));
        Assert.False(HyperLogLogValue.TryMergeInto(value, new byte[HyperLogLogFormat.Registers]));
        Assert.False(HyperLogLogValue.TryMakeDense(buffer, ref length));
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_counted_but_never_read_beyond()
    {
        var random = new Random(Seed);
        for (int round = 0; round < 3000; round++)
        {
            byte[] runs = new byte[random.Next(60)];
            random.NextBytes(runs);
            byte[] value = [.. Convert.FromHexString("48594C4C010000000000000000000000"), .. runs];
            byte[] buffer = new byte[HyperLogLogValue.BufferBytes(value.Length)];
            value.CopyTo(buffer, 0);
            int length = value.Length;

            HyperLogLogValue.TryCount(value, out _);
            HyperLogLogValue.TryMergeInto(value, new byte[HyperLogLogFormat.Registers]);
            HyperLogLogValue.Describe(value);
            for (int i = 0; i < 20 && HyperLogLogValue.TryAdd(buffer, ref length, MostSparseBytes, Encoding.ASCII.GetBytes($"{round} {i}"), out _); i++)
            {
                Assert.True(HyperLogLogFormat.IsValid(buffer.AsSpan(0, length)), $"seed {Seed}, round {round}");
            }
        }
    }

    /// <summary>A value in its buffer.</summary>
    private sealed class Counter
    {
        private readonly byte[] _buffer = new byte[HyperLogLogValue.BufferBytes(0)];
        private int _length;

        public Counter()
        {
            _length = HyperLogLogValue.WriteEmpty(_buffer);
        }

        public Counter(Counter other)
        {
            other._buffer.CopyTo(_buffer, 0);
            _length = other._length;
        }

        public ReadOnlySpan<byte> Value => _buffer.AsSpan(0, _length);

        public bool Add(string element)
        {
            Assert.True(HyperLogLogValue.TryAdd(_buffer, ref _length, MostSparseBytes, Encoding.UTF8.GetBytes(element), out bool changed));
            return changed;
        }

        public void AddUnion(byte[] union) => Assert.True(HyperLogLogValue.TryAddUnion(_buffer, ref _length, MostSparseBytes, union));

        public void MakeDense() => Assert.True(HyperLogLogValue.TryMakeDense(_buffer, ref _length));

        public long Count()
        {
            Assert.True(HyperLogLogValue.TryCount(Value, out long count));
            return count;
        }

        public byte[] Union()
        {
            byte[] union = new byte[HyperLogLogFormat.Registers];
            Assert.True(HyperLogLogValue.TryMergeInto(Value, union));
            return union;
        }
    }
}
