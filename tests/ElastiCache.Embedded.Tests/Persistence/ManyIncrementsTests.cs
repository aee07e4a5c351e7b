using System.Globalization;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Tests.Crash;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>In an envelope each opening begins an increment; they do not become ever more.</summary>
public sealed class ManyIncrementsTests
{
    private readonly Dictionary<(int, string), string> _state = [];
    private readonly LogUnderTest _test = new() { Envelope = ChildProcess.Envelope };

    public ManyIncrementsTests() => _test.Source = new ModelSource(() => _state);

    private LogRewriter Rewriter => _test.Log.Rewriter!;

    private int Increments => _test.Log.Chain.Manifest.Increments.Count();

    [Fact]
    public void A_log_of_many_increments_is_rewritten_by_itself_within_a_second()
    {
        _test.Options = _test.Options with { RewriteGrowthPercent = 1_000_000 };
        OpenAndClose(LogRewriter.ManyIncrements - 1);
        _test.Open();
        _test.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((LogRewriter.ManyIncrements, false), (Increments, Rewriter.IsRunning));

        _test.Reopen();
        _test.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Rewriter.IsRunning);
        _test.Log.RunCycle();
        Assert.True(Rewriter.RunBackground());

        Assert.Equal((1, 1L), (Increments, Rewriter.Rewrites));
        _test.Reopen();
        Assert.Equal(_state, _test.Store.Entries);
        Assert.Equal(2, _test.Report.Files);
    }

    [Fact]
    public void Where_the_log_is_never_to_be_rewritten_by_itself_it_is_not_because_of_its_increments()
    {
        OpenAndClose(LogRewriter.ManyIncrements + 10);
        _test.Open();
        _test.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(Rewriter.IsRunning);
        Assert.Equal(_state, _test.Store.Entries);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Processes_too_short_lived_for_a_rewrite_in_the_background_leave_a_folder_that_can_be_opened_all_the_same(int growthPercent)
    {
        var disk = new SimulatedDisk();
        var options = new EmbeddedCacheOptions
        {
            Folder = "disk", Shards = 1, TimeProvider = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60)), Envelope = ChildProcess.Envelope, LogRewriteGrowthPercent = growthPercent,
        };
        int most = 0;
        int rewritten = 0;
        for (int i = 0; i < LogRewriter.TooManyIncrements + 40; i++)
        {
            using EmbeddedCache cache = EmbeddedCache.Open(options, disk);
            Assert.Equal(i, cache.Keys.Count);
            cache.Strings.Set(string.Create(CultureInfo.InvariantCulture, $"key:{i}"), "value"u8);
            most = Math.Max(most, cache.Log!.Chain.Manifest.Increments.Count());
            rewritten += (int)cache.Log.Rewriter!.Rewrites;
        }

        Assert.Equal((LogRewriter.TooManyIncrements, 1), (most, rewritten));
    }

    [Fact]
    public void A_disk_too_full_for_the_rewrite_that_is_due_at_an_opening_keeps_nobody_out()
    {
        OpenAndClose(LogRewriter.TooManyIncrements);
        var failures = new List<Exception>();
        _test.Options = _test.Options with { RewriteFailed = failures.Add, StartThread = true };
        _test.Open();
        _test.Disk.FailAfter(0, DiskFault.NoSpace);

        Rewriter.RewriteIfOverdue();

        Assert.Single(failures);
        _test.Set(0, "after", "value");
        _test.Log.Flush();
        _state[(0, "after")] = "value";
        _test.Options = _test.Options with { StartThread = false };
        _test.Reopen();
        Assert.Equal(_state, _test.Store.Entries);
    }

    private void OpenAndClose(int times)
    {
        for (int i = 0; i < times; i++)
        {
            string value = string.Create(CultureInfo.InvariantCulture, $"{i}");
            _test.Open();
            Assert.Equal(i + 1, Increments);
            _test.Set(0, value, value);
            _state[(0, value)] = value;
            _test.Log.Close();
        }
    }
}
