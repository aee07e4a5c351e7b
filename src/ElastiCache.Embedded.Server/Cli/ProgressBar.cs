using System.Globalization;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary>One line that tells how far the reading of files is, drawn over itself: <c>[#####---------------]  27 %  1.2 of 4.5 GB, 310 MB/s, 0:11 left</c>.</summary>
/// <remarks>Of our own, because the packages that draw one would come with this library to everybody who embeds the server.</remarks>
internal sealed class ProgressBar(TextWriter output, TimeProvider time) : IProgress<ReadProgress>, IDisposable
{
    private const int Cells = 20;
    private const string EraseLine = "\r\e[K";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly long _began = time.GetTimestamp();
    private long _drawn = long.MinValue;

    public void Report(ReadProgress value)
    {
        lock (_lock)
        {
            if (_drawn != long.MinValue && time.GetElapsedTime(_drawn) < Period)
            {
                return;
            }

            _drawn = time.GetTimestamp();
            output.Write(EraseLine + Line(value, time.GetElapsedTime(_began)));
            output.Flush();
        }
    }

    /// <summary>Erases the line, so that what is written next stands at its beginning.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_drawn != long.MinValue)
            {
                output.Write(EraseLine);
                output.Flush();
            }
        }
    }

    /// <summary>The line.</summary>
    internal static string Line(ReadProgress progress, TimeSpan elapsed)
    {
        double share = progress.Total == 0 ? 0 : Math.Min(1, (double)progress.Done / progress.Total);
        int full = (int)(share * Cells);
        double bytesASecond = elapsed > TimeSpan.Zero ? progress.Done / elapsed.TotalSeconds : 0;
        string left = bytesASecond > 0 ? Duration(TimeSpan.FromSeconds((progress.Total - progress.Done) / bytesASecond)) : "?";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"[{new string('#', full)}{new string('-', Cells - full)}] {Math.Floor(100 * share),3} %  {Size(progress.Done)} of {Size(progress.Total)}, {Size((long)bytesASecond)}/s, {left} left");
    }

    private static string Duration(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F1} GB"),
        >= 1L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):F0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024} KB"),
    };
}
