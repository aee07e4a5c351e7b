using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Memory;

/// <summary>Which pages are touched ahead. The pool has no part in it: the test runs what it would run.</summary>
public sealed unsafe class PagesAheadTests
{
    private const long Megabyte = 1 << 20;
    private const long Everything = 400 * Megabyte;

    private readonly Arena _arena = new(512 * Megabyte);
    private readonly PagesAhead _pages;

    public PagesAheadTests() => _pages = new PagesAhead(_arena);

    [Fact]
    public void A_quarter_of_what_is_handed_out_is_touched_and_anew_when_half_of_that_is_used()
    {
        Assert.False(_pages.HasWork(2 * Megabyte - 1, Everything));
        Assert.True(_pages.HasWork(40 * Megabyte, Everything));
        Touch();

        Assert.False(_pages.HasWork(44 * Megabyte, Everything));
        Assert.True(_pages.HasWork(46 * Megabyte, Everything));
        Touch();
        Assert.Equal(46 * Megabyte * 5 / 4, _pages.Stop());
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(100, 116)]
    public void At_least_two_and_at_most_sixteen_megabytes_are_touched(int handedOut, int touched)
    {
        Assert.True(_pages.HasWork(handedOut * Megabyte, Everything));
        Touch();
        Assert.Equal(touched * Megabyte, _pages.Stop());
    }

    [Fact]
    public void Nothing_beyond_the_budget_is_touched_nor_anything_after_the_end()
    {
        Assert.True(_pages.HasWork(40 * Megabyte, 41 * Megabyte));
        Touch();
        Assert.False(_pages.HasWork(41 * Megabyte, 41 * Megabyte));

        Assert.True(_pages.HasWork(48 * Megabyte, Everything));
        Assert.Equal(41 * Megabyte, _pages.Stop());
        Touch();
        Assert.Equal(41 * Megabyte, _pages.Stop());
    }

    [Fact]
    public void Somebody_who_asks_while_it_runs_does_not_start_another()
    {
        Assert.True(_pages.HasWork(40 * Megabyte, Everything));
        Assert.False(_pages.HasWork(60 * Megabyte, Everything));
        Touch();
        Assert.Equal(75 * Megabyte, _pages.Stop());
    }

    [Fact]
    public void What_was_not_handed_out_can_be_given_back_and_is_touched_anew()
    {
        Assert.True(_pages.HasWork(40 * Megabyte, Everything));
        Touch();
        *(_arena.Base + (45 * Megabyte)) = 1;
        *(_arena.Base + (42 * Megabyte) - 1) = 1;

        _pages.GiveBack(42 * Megabyte);

        Assert.Equal((0, 1), (*(_arena.Base + (45 * Megabyte)), *(_arena.Base + (42 * Megabyte) - 1)));
        Touch();
        Assert.True(_pages.HasWork(42 * Megabyte, Everything));
        Touch();
        Assert.Equal(42 * Megabyte * 5 / 4, _pages.Stop());
    }

    [Fact]
    public void What_is_in_the_pages_stays()
    {
        var bytes = new Span<byte>(_arena.Base + (40 * Megabyte), (int)(4 * Megabyte));
        bytes.Fill(0xA5);

        Assert.True(_pages.HasWork(40 * Megabyte, Everything));
        Touch();

        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0xA5));
    }

    private void Touch() => ((IThreadPoolWorkItem)_pages).Execute();
}
