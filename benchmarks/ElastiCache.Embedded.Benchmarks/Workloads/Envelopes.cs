using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>What an envelope costs: saving and loading a snapshot encrypted (AES-256-GCM) or compressed (LZ4), over the same without, in turns, by the wall clock.</summary>
/// <remarks>Three caches hold the same strings, text of some 100 bytes. Loading begins with emptying the cache. Times are an entry.</remarks>
internal sealed class Envelopes(RunSettings settings)
{
    private const double Goal = 1.3;
    private const string Plain = "without an envelope";

    public async Task<List<Comparison>> RunAsync()
    {
        string[] forms = [.. ((string[])["aes", "lz4"]).Where(form => settings.Wants($"envelope-load-{form}") || settings.Wants($"envelope-save-{form}"))];
        if (forms.Length == 0)
        {
            return [];
        }

        Progress.Report("Snapshots in envelopes");
        await using Subject plain = Fill(new EmbeddedCacheOptions(), "plain");
        List<Comparison> result = [];
        foreach (string form in forms)
        {
            EncryptionKey key = EncryptionKey.Generate("benchmark");
            EnvelopeOptions envelope = form == "aes"
                ? new EnvelopeOptions { Keys = KeyProvider.FromCallback(() => key, id => id == key.Id ? key : null) }
                : new EnvelopeOptions { Compresses = true };
            await using Subject subject = Fill(new EmbeddedCacheOptions { Envelope = envelope }, form);
            result.AddRange(await CompareAsync(form, subject, plain));
        }

        return [.. result.Where(c => settings.Wants(c.Workload))];
    }

    private async Task<List<Comparison>> CompareAsync(string form, Subject subject, Subject plain)
    {
        PairedTimes saves = new(), loads = new();
        for (int round = 0; round <= settings.WriteRounds; round++)
        {
            (double plainSave, double plainLoad) = await plain.SaveAndLoadAsync();
            (double ourSave, double ourLoad) = await subject.SaveAndLoadAsync();
            saves.Add(ourSave, plainSave);
            loads.Add(ourLoad, plainLoad);
        }

        string note = string.Create(CultureInfo.InvariantCulture, $"wall clock; {subject.FileBytes / 1e6:0} : {plain.FileBytes / 1e6:0} MB");
        return [Line($"envelope-save-{form}", saves), Line($"envelope-load-{form}", loads)];

        Comparison Line(string workload, PairedTimes times) => times.Compare(workload, Plain, settings.Entries) with
        {
            Goal = form == "aes" ? Report.Goal.AtMost(times.Ratio, Goal, "") : null,
            Note = note,
        };
    }

    private Subject Fill(EmbeddedCacheOptions options, string name)
    {
        var cache = new EmbeddedCache(options);
        for (int i = 0; i < settings.Entries; i++)
        {
            cache.Strings.Set(TestKeys.Create(i), Documents.Create(i));
        }

        return new Subject(cache, Path.Combine(settings.Folder, $"envelope-{name}.rdb"));
    }

    private sealed class Subject(EmbeddedCache cache, string path) : IAsyncDisposable
    {
        public long FileBytes => new FileInfo(path).Length;

        public async Task<(double Save, double Load)> SaveAndLoadAsync()
        {
            long started = Stopwatch.GetTimestamp();
            await cache.SnapshotAsync(path);
            double save = Stopwatch.GetElapsedTime(started).TotalNanoseconds;
            cache.FlushAll();
            started = Stopwatch.GetTimestamp();
            await cache.ImportAsync(path);
            return (save, Stopwatch.GetElapsedTime(started).TotalNanoseconds);
        }

        public ValueTask DisposeAsync() => cache.DisposeAsync();
    }
}
