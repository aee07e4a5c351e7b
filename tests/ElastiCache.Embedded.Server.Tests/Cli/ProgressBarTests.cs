using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Server.Cli;
using ElastiCache.Embedded.Tests.Crash;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ElastiCache.Embedded.Server.Tests.Cli;

/// <summary>How far the reading of a file is, and the line that tells it.</summary>
public sealed class ProgressBarTests
{
    [Fact]
    public void The_line_tells_bytes_rate_and_what_is_left()
    {
        Assert.Equal(
            "[#####---------------]  25 %  256 MB of 1.0 GB, 64 MB/s, 0:12 left",
            ProgressBar.Line(new ReadProgress(256L << 20, 1L << 30), TimeSpan.FromSeconds(4)));
        Assert.Equal(
            "[--------------------]   0 %  0 KB of 10.0 GB, 0 KB/s, ? left",
            ProgressBar.Line(new ReadProgress(0, 10L << 30), TimeSpan.Zero));
    }

    [Fact]
    public void It_is_drawn_ten_times_a_second_at_most_and_erased_at_the_end()
    {
        var time = new FakeTimeProvider();
        var output = new StringWriter();
        using (var bar = new ProgressBar(output, time))
        {
            for (int i = 1; i <= 100; i++)
            {
                bar.Report(new ReadProgress(i, 100));
                time.Advance(TimeSpan.FromMilliseconds(10));
            }
        }

        Assert.Equal(10, output.ToString().Split('[').Length - 1 - 11);     // of the brackets 11 are those of the erasing sequence
        Assert.EndsWith("\r\e[K", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bar_that_was_never_drawn_leaves_no_trace()
    {
        var output = new StringWriter();
        new ProgressBar(output, TimeProvider.System).Dispose();

        Assert.Equal("", output.ToString());
    }

    [Fact]
    public async Task A_file_that_is_imported_is_reported_each_megabyte_and_to_its_end()
    {
        using var folder = new TemporaryFolder();
        string file = folder["large.rdb"];
        var random = new Random(1);
        await using (var full = new EmbeddedCache())
        {
            byte[] value = new byte[100_000];
            for (int i = 0; i < 50; i++)
            {
                random.NextBytes(value);
                full.Strings.Set($"key:{i}", value);
            }

            await full.ExportAsync(file, TestContext.Current.CancellationToken);
        }

        var reports = new Reports();
        await using var cache = new EmbeddedCache();
        await cache.ImportMeteredAsync(file, ImportMode.IntoEmpty, reports, TestContext.Current.CancellationToken);

        long length = new FileInfo(file).Length;
        Assert.InRange(reports.Count, 3, (int)(length >> 20));
        Assert.All(reports, report => Assert.Equal(length, report.Total));
        Assert.Equal(reports.OrderBy(report => report.Done), reports);
        Assert.InRange(reports[^1].Done, length - (2 << 20), length);
    }

    // Progress<T> would report on another thread, some time.
    private sealed class Reports : List<ReadProgress>, IProgress<ReadProgress>
    {
        public void Report(ReadProgress value) => Add(value);
    }
}
