using ElastiCache.Embedded.Benchmarks.Measuring;

namespace ElastiCache.Embedded.Benchmarks.Children;

/// <summary>How much memory loading an RDB file takes at the most, and the loaded cache afterwards: beyond what the process had before.</summary>
/// <remarks>The kernel keeps the most itself (<c>VmHWM</c>, reset through <c>clear_refs</c>), so no sample can miss it. Another load before has compiled everything. Zeros elsewhere than on Linux.</remarks>
internal sealed record LoadPeak(long PeakBytes, long FinalBytes)
{
    public static Task<LoadPeak> InChildAsync(string file) => ChildProcess.MeasureAsync<LoadPeak>("rdb-peak", file);

    public static LoadPeak Measure(string file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new LoadPeak(0, 0);
        }

        Load(file).Dispose();
        ResidentMemory.BytesAfterCollection();
        long before = ResidentMemory.StatusBytes("VmRSS");
        ResidentMemory.ResetPeak();
        using EmbeddedCache cache = Load(file);
        long peak = ResidentMemory.StatusBytes("VmHWM");
        ResidentMemory.BytesAfterCollection();
        return new LoadPeak(peak - before, ResidentMemory.StatusBytes("VmRSS") - before);
    }

    private static EmbeddedCache Load(string file)
    {
        var cache = new EmbeddedCache();
        cache.ImportAsync(file).GetAwaiter().GetResult();
        return cache;
    }
}
