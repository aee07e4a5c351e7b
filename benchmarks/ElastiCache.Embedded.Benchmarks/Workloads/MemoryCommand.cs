using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>The <c>memory</c> command: what becomes of memory over time, of a budget that is lowered under load, and of keys that expire all at once.</summary>
internal static class MemoryCommand
{
    public const string Usage = """
        memory [--only soak,steps,lower,expire,limit] [--minutes 5] [--shards 0] [--from 4096] [--to 1024] [--keys 5000000]

          soak      values of 16 bytes to 64 KB come and go within a budget of 512 MB: resident bytes / counted bytes, every ten seconds
          steps     the same two in CPU time, which neighbours on the machine don't change: how long a shard is locked for one step, and what an entry costs
          lower     a full budget of --from megabytes is lowered to --to while a thread reads and writes: how long it takes, and that thread's longest operation
          expire    --keys keys expire in the same second: how long until their memory is free, and the longest operation of a thread meanwhile
          limit     a full cache of --keys entries is read and written for --minutes: the longest operation of one thread
        """;

    private const long Mega = 1L << 20;
    private const int Stay = 100_000;
    private static readonly string[] All = ["soak", "steps", "lower", "expire", "limit"];

    public static async Task<int> RunAsync(string[] arguments)
    {
        string[] only = All;
        double minutes = 5;
        long from = 4096, to = 1024;
        int keys = 5_000_000;
        int shards = 0;
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : throw new ArgumentException($"'{arguments[i]}' needs a value. Usage:\n{Usage}");
            switch (arguments[i])
            {
                case "--only":
                    only = value.Split(',');
                    break;
                case "--minutes":
                    minutes = double.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--shards":
                    shards = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--from":
                    from = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--to":
                    to = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--keys":
                    keys = int.Parse(value, CultureInfo.InvariantCulture);
                    break;
                default:
                    throw new ArgumentException($"'memory' does not understand '{arguments[i]}'. Usage:\n{Usage}");
            }
        }

        if (only.Contains("soak"))
        {
            await SoakAsync(TimeSpan.FromMinutes(minutes), shards);
        }

        if (only.Contains("steps"))
        {
            LowerInSteps(from / 4 * Mega, to / 4 * Mega);
            ExpireInSteps(keys / 4);
        }

        if (only.Contains("lower"))
        {
            await LowerAsync(from * Mega, to * Mega);
        }

        if (only.Contains("expire"))
        {
            await ExpireAsync(keys);
        }

        if (only.Contains("limit"))
        {
            await LimitAsync(keys, TimeSpan.FromMinutes(minutes));
        }

        return 0;
    }

    private static async Task SoakAsync(TimeSpan time, int shards)
    {
        const long Budget = 512 * Mega;
        long before = ResidentMemory.BytesAfterCollection();
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = Budget, Shards = shards });
        var ratios = new List<double>();
        long most = 0;
        var operations = new long[2];
        using var stop = new CancellationTokenSource();
        Task[] writers = [.. Enumerable.Range(0, 2).Select(seed => Task.Factory.StartNew(() => operations[seed] = Mix(cache, seed, stop.Token), TaskCreationOptions.LongRunning))];
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < time)
        {
            await Task.Delay(TimeSpan.FromSeconds(10));
            CacheStatistics statistics = cache.GetStatistics();
            double ratio = (double)(ResidentMemory.BytesAfterCollection() - before) / statistics.UsedBytes;
            most = Math.Max(most, statistics.UsedBytes);
            ratios.Add(ratio);
            Progress.Report(string.Create(
                CultureInfo.InvariantCulture,
                $"{clock.Elapsed:mm\\:ss}  counted {statistics.UsedBytes / (double)Mega:F0} MB, resident / counted {ratio:F3}, free blocks {100.0 * statistics.FreeBlockBytes / statistics.UsedBytes:F1} %, {statistics.Entries:N0} entries, {statistics.Evicted:N0} evicted"));
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        ratios.RemoveAt(0);     // while it fills
        Print($"soak {time.TotalMinutes:F1} min, 16 B to 64 KB in 512 MB, {cache.Store.ShardCount} shards: resident / counted {ratios.Min():F3} to {ratios.Max():F3}, at the end {ratios[^1]:F3}; counted at most {100.0 * most / Budget:F1} % of the budget; {operations.Sum() / clock.Elapsed.TotalSeconds / 1e6:F2} M operations/s");
    }

    private static long Mix(EmbeddedCache cache, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        byte[] value = new byte[64 << 10];
        random.NextBytes(value);
        long operations = 0;
        while (!stop.IsCancellationRequested)
        {
            for (int i = 0; i < 1_000; i++)
            {
                // As many of each doubling from 16 bytes to 64 KB.
                int length = (int)(16 * Math.Pow(2, 12 * random.NextDouble()));
                string key = string.Create(CultureInfo.InvariantCulture, $"key:{random.Next(400_000)}");
                switch (random.Next(10))
                {
                    case 0:
                        cache.Keys.Delete(key);
                        break;
                    case 1:
                        cache.Strings.Set(key, value.AsSpan(0, length).ToArray(), TimeSpan.FromSeconds(random.Next(1, 60)));
                        break;
                    default:
                        cache.Strings.Set(key, value.AsSpan(0, length));
                        break;
                }
            }

            operations += 1_000;
        }

        return operations;
    }

    private static async Task LowerAsync(long from, long to)
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = from });
        int keys = FillUntilEvicting(cache);

        MixedLoad before = await MixedLoad.RunAsync(cache, random => Key(random.Next(keys)), static () => Task.Delay(TimeSpan.FromSeconds(5)));
        long evicted = cache.GetStatistics().Evicted;
        var clock = new Stopwatch();
        MixedLoad during = await MixedLoad.RunAsync(cache, random => Key(random.Next(keys)), async () =>
        {
            clock.Start();
            await cache.SetMaxMemoryAsync(to);
            clock.Stop();
        });
        CacheStatistics after = cache.GetStatistics();
        Print($"lower {from / Mega} MB to {to / Mega} MB under load: {clock.Elapsed.TotalSeconds:F2} s for {after.Evicted - evicted:N0} evictions, then {after.UsedBytes / Mega} MB counted");
        Print($"  operations of one thread, before: {before}");
        Print($"  operations of one thread, during: {during}");
    }

    private static void LowerInSteps(long from, long to)
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = from });
        FillUntilEvicting(cache);

        long evicted = cache.GetStatistics().Evicted;
        Store store = cache.Store;
        store.Budget.BeginLowering(to, 0, store.Arena.UsedBytes);
        Steps(
            $"lower {from / Mega} MB to {to / Mega} MB",
            store,
            static shard => shard.Room.TrimStep(),
            () => store.Arena.UsedBytes > to,
            () => cache.GetStatistics().Evicted - evicted);
    }

    private static void ExpireInSteps(int keys)
    {
        using var cache = new EmbeddedCache();
        cache.Sweeper.IsPaused = true;
        byte[] value = new byte[100];
        DateTimeOffset due = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(30);
        for (int i = 0; i < keys; i++)
        {
            cache.Strings.Set(Key(i), value, new SetOptions { ExpiresAt = due.AddMilliseconds(i % 1000) });
        }

        long later = due.AddSeconds(2).ToUnixTimeMilliseconds();
        Steps(
            $"expire {keys:N0} keys",
            cache.Store,
            shard => shard.SweepExpired(later),
            () => cache.GetStatistics().Expiring > 0,
            () => cache.GetStatistics().Expired);
    }

    private static void Steps(FormattableString name, Store store, Func<Shard, bool> step, Func<bool> goesOn, Func<long> entries)
    {
        var times = new LatencyHistogram();
        long longest = 0, count = 0, begin = Clocks.ThreadNanoseconds;
        while (goesOn())
        {
            for (int i = 0; i < store.ShardCount; i++)
            {
                Shard shard = store.ShardAt(i);
                long start = Clocks.ThreadNanoseconds;
                shard.Enter();
                step(shard);
                shard.Exit();
                long nanoseconds = Clocks.ThreadNanoseconds - start;
                times.Record(nanoseconds);
                longest = Math.Max(longest, nanoseconds);
                count++;
            }
        }

        double all = Clocks.ThreadNanoseconds - begin;
        Print($"{name.ToString(CultureInfo.InvariantCulture)} in {count:N0} steps: a shard is locked for {times.Percentile(0.5) / 1e3:F1} µs (median), {times.Percentile(0.999) / 1e3:F1} µs (99.9 %), {longest / 1e3:F0} µs (longest); {all / entries():F0} ns an entry, all in CPU time");
    }

    private static async Task ExpireAsync(int keys)
    {
        using var cache = new EmbeddedCache();
        DateTimeOffset due = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(20 + (keys / 250_000));
        byte[] value = new byte[100];
        for (int i = 0; i < Stay; i++)
        {
            cache.Strings.Set(Staying(i), value);
        }

        for (int i = 0; i < keys; i++)
        {
            cache.Strings.Set(Key(i), value, new SetOptions { ExpiresAt = due.AddMilliseconds(i % 1000) });
        }

        long full = cache.GetStatistics().UsedBytes;
        MixedLoad before = await MixedLoad.RunAsync(cache, Staying, static () => Task.Delay(TimeSpan.FromSeconds(5)));
        TimeSpan wait = due - DateTimeOffset.UtcNow;
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait);
        }

        var clock = Stopwatch.StartNew();
        MixedLoad during = await MixedLoad.RunAsync(cache, Staying, async () =>
        {
            while (cache.GetStatistics().Expiring > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5));
            }

            clock.Stop();
        });
        Print($"expire {keys:N0} keys within one second: the last is gone {clock.Elapsed.TotalSeconds:F2} s after the first was due; {full / Mega} MB counted before, {cache.GetStatistics().UsedBytes / Mega} MB after");
        Print($"  operations of one thread, before: {before}");
        Print($"  operations of one thread, during: {during}");
    }

    private static async Task LimitAsync(int keys, TimeSpan time)
    {
        // About as many entries of 200 bytes as there are keys.
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = keys * 262L });
        int written = FillUntilEvicting(cache);

        long entries = cache.GetStatistics().Entries, evicted = cache.GetStatistics().Evicted;
        MixedLoad load = await MixedLoad.RunAsync(cache, random => Key(random.Next(written * 2)), () => Task.Delay(time));
        Print($"limit, {entries:N0} entries, twice as many keys, {time.TotalMinutes:F1} min, {cache.GetStatistics().Evicted - evicted:N0} evictions");
        Print($"  operations of one thread: {load}");
    }

    // Values of 200 bytes; how many keys were written.
    private static int FillUntilEvicting(EmbeddedCache cache)
    {
        byte[] value = new byte[200];
        int keys = 0;
        while (cache.GetStatistics().Evicted == 0)
        {
            for (int end = keys + 100_000; keys < end; keys++)
            {
                cache.Strings.Set(Key(keys), value);
            }
        }

        return keys;
    }

    private static string Staying(int i) => string.Create(CultureInfo.InvariantCulture, $"stays:{i}");

    private static string Staying(Random random) => Staying(random.Next(Stay));

    private static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i:D10}");

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
