using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Measuring;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>A thread that reads nine times and writes once, and what each took.</summary>
internal sealed class MixedLoad
{
    private readonly LatencyHistogram _times = new();
    private long _operations;
    private long _longest;
    private long _longestOwn;
    private string _ofTheLongest = "";
    private TimeSpan _time;

    public static async Task<MixedLoad> RunAsync(EmbeddedCache cache, Func<Random, string> keyOf, Func<Task> meanwhile)
    {
        var load = new MixedLoad();
        using var stop = new CancellationTokenSource();
        Task thread = Task.Factory.StartNew(() => load.Work(cache, keyOf, stop.Token), TaskCreationOptions.LongRunning);
        await meanwhile();
        await stop.CancelAsync();
        await thread;
        return load;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_operations / _time.TotalSeconds / 1e6:F2} M/s, 99.9 % {_times.Percentile(0.999) / 1e3:F1} µs, 99.99 % {_times.Percentile(0.9999) / 1e3:F1} µs, longest {_longest / 1e6:F2} ms, {_longestOwn / 1e6:F2} ms without what the system took for other threads ({_ofTheLongest})");

    private void Work(EmbeddedCache cache, Func<Random, string> keyOf, CancellationToken stop)
    {
        var random = new Random(7);
        byte[] value = new byte[200];
        byte[] destination = new byte[256];
        var clock = Stopwatch.StartNew();
        ThreadUsage before = ThreadUsage.Read();
        while (!stop.IsCancellationRequested)
        {
            string key = keyOf(random);
            long start = Stopwatch.GetTimestamp();
            if (_operations % 10 == 0)
            {
                cache.Strings.Set(key, value);
            }
            else
            {
                cache.Strings.TryGet(key, destination, out _);
            }

            long nanoseconds = (long)((Stopwatch.GetTimestamp() - start) * (1e9 / Stopwatch.Frequency));
            _times.Record(nanoseconds);
            ThreadUsage after = ThreadUsage.Read();
            if (nanoseconds > _longest)
            {
                _longest = nanoseconds;
                _ofTheLongest = string.Create(
                    CultureInfo.InvariantCulture,
                    $"the longest was a {(_operations % 10 == 0 ? "SET" : "GET")} with {(after.CpuNanoseconds - before.CpuNanoseconds) / 1e6:F2} ms of CPU time, {after.PageFaults - before.PageFaults} page faults, {after.Preemptions - before.Preemptions} preemptions");
            }

            _longestOwn = Math.Max(_longestOwn, after.OwnOf(nanoseconds, before));
            before = after;
            _operations++;
        }

        _time = clock.Elapsed;
    }
}
