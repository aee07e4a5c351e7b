using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Memory;

public sealed unsafe class ArenaTests
{
    private const long Megabyte = 1 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Spans_never_overlap_keep_their_bytes_and_are_counted_to_the_unit(int seed)
    {
        var random = new Random(seed);
        var arena = new Arena(512 * Megabyte);
        var live = new List<Span>();
        long usedUnits = 0;
        byte nextFill = 0;

        for (int step = 0; step < 20_000; step++)
        {
            string where = $"seed {seed}, step {step}";
            bool grows = step / 4_000 % 2 == 0;
            if (live.Count == 0 || random.Next(100) < (grows ? 60 : 40))
            {
                int units = random.Next(20) switch { 0 => random.Next(65, 600), < 4 => random.Next(5, 65), _ => random.Next(1, 5) };
                byte* address = arena.TryAllocate(units, long.MaxValue);
                Assert.True(address != null, where);
                var span = new Span((nint)address, units, ++nextFill);
                span.Fill();
                live.Add(span);
                usedUnits += units;
            }
            else
            {
                int i = random.Next(live.Count);
                Assert.True(live[i].IsIntact(), where);
                arena.Free((byte*)live[i].Address, live[i].Units);
                usedUnits -= live[i].Units;
                live[i] = live[^1];
                live.RemoveAt(live.Count - 1);
            }

            Assert.True(arena.UsedBytes == usedUnits * Arena.UnitBytes, where);
        }

        Assert.All(live, span => Assert.True(span.IsIntact(), $"seed {seed}"));
        AssertDisjoint(live);
        foreach (Span span in live)
        {
            arena.Free((byte*)span.Address, span.Units);
        }

        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void Freed_neighbours_join_so_that_a_span_of_all_of_them_fits()
    {
        var arena = new Arena(64 * Megabyte);
        var spans = new List<nint>();
        while (arena.TryAllocate(7, long.MaxValue) is var span && span != null)
        {
            spans.Add((nint)span);
        }

        // Evens first, so that each odd one joins on both sides.
        foreach (nint span in spans.Where((_, i) => i % 2 == 0).Concat(spans.Where((_, i) => i % 2 == 1)))
        {
            arena.Free((byte*)span, 7);
        }

        Assert.Equal(0, arena.UsedBytes);
        Assert.True(arena.TryAllocate(spans.Count * 7, long.MaxValue) == (byte*)spans.Min());
        Assert.True(arena.TryAllocate(7, long.MaxValue) == null);
    }

    [Fact]
    public void The_limit_holds_to_the_unit()
    {
        var arena = new Arena(64 * Megabyte);

        byte* first = arena.TryAllocate(6, 10 * Arena.UnitBytes);
        Assert.True(first != null);
        Assert.True(arena.TryAllocate(5, 10 * Arena.UnitBytes) == null);
        Assert.True(arena.TryAllocate(4, 10 * Arena.UnitBytes) != null);
        Assert.True(arena.TryAllocate(1, 10 * Arena.UnitBytes) == null);
        Assert.True(arena.TryAllocate(1, (11 * Arena.UnitBytes) - 1) == null);
        Assert.True(arena.TryAllocate(1, long.MaxValue) != null);
        arena.Free(first, 6);

        Assert.Equal(5 * Arena.UnitBytes, arena.UsedBytes);
    }

    [Fact]
    public void Idle_memory_is_given_back_beyond_what_is_retained_and_live_spans_keep_their_bytes()
    {
        var arena = new Arena(256 * Megabyte);
        Span[] spans = [.. Enumerable.Range(0, 400).Select(i => new Span((nint)arena.TryAllocate(16, long.MaxValue), 16, (byte)(i + 1)))];
        Array.ForEach(spans, span => span.Fill());

        for (int i = 0; i < spans.Length; i++)
        {
            if (i % 4 != 0)
            {
                arena.Free((byte*)spans[i].Address, 16);
            }
        }

        // By a thread of the pool, when no more has been freed for a moment.
        SpinWait.SpinUntil(() => arena.IdleBytes <= 2 * Megabyte);

        Assert.All(spans.Where((_, i) => i % 4 == 0), span => Assert.True(span.IsIntact()));
        Assert.Equal(100 * 16 * Arena.UnitBytes, arena.UsedBytes);

        // What was given back reads as zeros, so the count of idle bytes is no invention.
        Assert.True(spans.Where((_, i) => i % 4 != 0).Count(span => span.IsZero()) * 16L * Arena.UnitBytes
            >= (300 * 16 * Arena.UnitBytes) - arena.IdleBytes);
    }

    [Fact]
    public void Pages_that_wait_to_be_given_back_make_the_process_no_larger_than_it_has_been()
    {
        var arena = new Arena(1024 * Megabyte);
        nint[] spans = [.. Enumerable.Range(0, 4_000).Select(_ => (nint)arena.TryAllocate(16, long.MaxValue))];
        long most = arena.UsedBytes;
        for (int i = 0; i < spans.Length; i += 2)
        {
            arena.Free((byte*)spans[i], 16);
        }

        // None of the holes is long enough for these.
        for (int i = 0; i < 1_000; i++)
        {
            arena.TryAllocate(20, long.MaxValue);
            Assert.InRange(arena.UsedBytes + arena.IdleBytes, 0, most + (most / 32));
        }

        Assert.True(arena.UsedBytes > most / 2);
    }

    [Fact]
    public void Idle_bytes_return_to_zero_when_everything_is_in_use_again()
    {
        var arena = new Arena(64 * Megabyte);
        var spans = Enumerable.Range(0, 32).Select(_ => (nint)arena.TryAllocate(8, long.MaxValue)).ToList();
        spans.ForEach(span => arena.Free((byte*)span, 8));
        Assert.Equal(32 * 8 * Arena.UnitBytes, arena.IdleBytes);

        for (int i = 0; i < 32 * 8 / 2; i++)
        {
            arena.TryAllocate(2, long.MaxValue);
        }

        Assert.Equal(0, arena.IdleBytes);
    }

    [Fact]
    public void After_DiscardAll_every_address_reads_as_zero_and_nothing_is_handed_out()
    {
        var arena = new Arena(64 * Megabyte);
        var span = new Span((nint)arena.TryAllocate(16, long.MaxValue), 16, 7);
        span.Fill();

        arena.DiscardAll();

        Assert.True(span.IsZero());
        Assert.Equal(0, arena.UsedBytes);
        Assert.True(arena.TryAllocate(1, long.MaxValue) == null);
    }

    [Theory]
    [InlineData(64L << 20, 8)]
    [InlineData(32L << 30, 8)]
    [InlineData((32L << 30) + 1, 16)]
    [InlineData(65L << 30, 32)]
    public void References_reach_the_whole_range_and_lead_back_to_their_addresses(long bytes, int granule)
    {
        var arena = new Arena(bytes);

        byte* first = arena.TryAllocate(1, long.MaxValue);

        Assert.Equal(granule, arena.GranuleBytes);
        Assert.NotEqual(0u, arena.ReferenceOf(first));
        Assert.True(arena.At(arena.ReferenceOf(first + granule)) == first + granule);
        byte* last = arena.Base + (bytes & -Arena.UnitBytes) - granule;
        Assert.True(arena.At(arena.ReferenceOf(last)) == last);
    }

    [Fact]
    public void A_range_that_the_system_refuses_is_an_error_that_tells_the_way_out_and_a_finalizer_that_harms_nothing()
    {
        // More than any 64-bit system maps for a process.
        var refused = Assert.Throws<InsufficientMemoryException>(() => new Arena(1L << 56));

        Assert.Contains("MaxMemory", refused.Message, StringComparison.Ordinal);
        VirtualMemory.Release(null, 1L << 40);
    }

    private static void AssertDisjoint(List<Span> spans)
    {
        spans.Sort((a, b) => a.Address.CompareTo(b.Address));
        for (int i = 1; i < spans.Count; i++)
        {
            Assert.True(spans[i - 1].Address + (spans[i - 1].Units * Arena.UnitBytes) <= spans[i].Address);
        }
    }

    private readonly record struct Span(nint Address, int Units, byte Pattern)
    {
        private Span<byte> Bytes => new((void*)Address, Units * Arena.UnitBytes);

        public void Fill() => Bytes.Fill(Pattern);

        public bool IsIntact() => Bytes.IndexOfAnyExcept(Pattern) < 0;

        public bool IsZero() => Bytes.IndexOfAnyExcept((byte)0) < 0;
    }
}
