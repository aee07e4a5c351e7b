using System.Diagnostics;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;
using ElastiCache.Embedded.Benchmarks.Subjects;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Writes acknowledged after their fdatasync, by 1 to 2,048 callers at a time, beside the bare fdatasync.</summary>
/// <remarks>
/// Wall time, because waiting for the disk is the point. The bare sync appends as many bytes as one batch of all
/// callers has, to a file in the same folder, in turns with us. Acknowledged writes per sync are counted where the
/// other side counts its syncs; else they are the time of a bare sync over the time of an acknowledged write.
/// </remarks>
internal sealed class GroupCommit(RunSettings settings)
{
    private const string Raw = "bare fdatasync", Plain = "plain group commit", Sqlite = "SQLite, synchronous = FULL";
    private const int Rounds = 3;
    private const int RecordBytes = 151; // SET with our keys and values as Redis writes it to its log
    private static readonly int[] CallerCounts = [1, 16, 256, 2048];

    public async Task<List<Comparison>> RunAsync()
    {
        List<Comparison> result = [];
        foreach (int callers in CallerCounts.Where(c => settings.Wants($"group-commit-{c}")))
        {
            if (!DataSync.IsSupported)
            {
                Progress.Report("group commit skipped: it needs fdatasync or fsync");
                break;
            }

            Progress.Report($"group commit, {callers} callers");
            result.AddRange(await CompareAsync(callers));
        }

        return result;
    }

    private async Task<List<Comparison>> CompareAsync(int callers)
    {
        string folder = Directory.CreateDirectory(Path.Combine(settings.Folder, $"group-commit-{callers}")).FullName;
        List<Rate> ours = [], raw = [], plain = [], sqlite = [];
        string subjectFolder = Directory.CreateDirectory(Path.Combine(folder, "subject")).FullName;
        await using (IDurableWrites subject = await EmbeddedSubject.OpenDurableAsync(subjectFolder))
        await using (var plainCommit = new PlainGroupCommit(folder))
        using (var bareFile = new DataSync(folder))
        {
            await WriteAsync(subject, callers, 0.1);
            await WriteAsync(plainCommit, callers, 0.1);
            for (int round = 0; round < Rounds; round++)
            {
                ours.Add(await WriteAsync(subject, callers, settings.GroupCommitSeconds));
                raw.Add(SyncBarely(bareFile, callers * RecordBytes, settings.GroupCommitSeconds));
                plain.Add(await WriteAsync(plainCommit, callers, settings.GroupCommitSeconds));
                if (callers == 1)
                {
                    sqlite.Add(CommitBySqlite(folder, settings.GroupCommitSeconds));
                }
            }
        }

        Directory.Delete(folder, recursive: true);
        double rawNanoseconds = Median.Of(raw.Select(r => r.NanosecondsAWrite));
        List<Comparison> result = [Line(callers, Raw, ours, raw, rawNanoseconds), Line(callers, Plain, ours, plain, rawNanoseconds)];
        if (sqlite.Count > 0)
        {
            result.Add(Line(callers, Sqlite, ours, sqlite, rawNanoseconds));
        }

        return result;
    }

    private static Comparison Line(int callers, string peer, List<Rate> ours, List<Rate> theirs, double rawNanoseconds)
    {
        (double perSync, bool counted) = WritesPerSync(ours, rawNanoseconds);
        double ourNanoseconds = Median.Of(ours.Select(r => r.NanosecondsAWrite));
        double theirNanoseconds = Median.Of(theirs.Select(r => r.NanosecondsAWrite));
        return new Comparison(
            $"group-commit-{callers}", Roster.Subject.Name, peer,
            Median.Of(ours.Zip(theirs, (a, b) => a.NanosecondsAWrite / b.NanosecondsAWrite)),
            ourNanoseconds, theirNanoseconds, null, null, Rounds)
        {
            Goal = callers == 256 && peer == Raw ? Goal.AtLeast(perSync, 60, "a sync") : null,
            Note = $"{1e9 / ourNanoseconds:N0} : {1e9 / theirNanoseconds:N0} a second; ours {perSync:0.#} a sync "
                + (counted ? "(counted)" : "(by the time of a bare one)")
                + (peer == Plain ? $", peer {WritesPerSync(theirs, rawNanoseconds).PerSync:0.#}" : ""),
        };
    }

    private static (double PerSync, bool Counted) WritesPerSync(List<Rate> rates, double rawNanoseconds) =>
        rates.TrueForAll(r => r.Syncs > 0)
            ? (Median.Of(rates.Select(r => (double)r.Writes / r.Syncs!.Value)), true)
            : (rawNanoseconds / Median.Of(rates.Select(r => r.NanosecondsAWrite)), false);

    private static async Task<Rate> WriteAsync(IDurableWrites durable, int callers, double seconds)
    {
        long? syncsBefore = durable.Syncs;
        long begin = Stopwatch.GetTimestamp();
        long deadline = begin + (long)(seconds * Stopwatch.Frequency);
        long[] writes = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(caller))));
        long nanoseconds = Clocks.ToNanoseconds(Stopwatch.GetTimestamp() - begin);
        return new Rate(writes.Sum(), nanoseconds, durable.Syncs - syncsBefore);

        async Task<long> CallAsync(int caller)
        {
            string[] keys = [.. Enumerable.Range(caller * 16, 16).Select(i => TestKeys.Create(i))];
            byte[] value = TestValues.NewBuffer().ToArray();
            long acknowledged = 0;
            while (Stopwatch.GetTimestamp() < deadline)
            {
                await durable.SetAsync(keys[acknowledged & 15], value);
                acknowledged++;
            }

            return acknowledged;
        }
    }

    private static Rate SyncBarely(DataSync file, int bytes, double seconds)
    {
        byte[] block = new byte[bytes];
        return Repeat(seconds, () => file.AppendAndSync(block));
    }

    private static Rate CommitBySqlite(string folder, double seconds)
    {
        using var sqlite = new SqlitePeer(folder, syncEveryCommit: true);
        using Player player = sqlite.NewPlayer();
        OperationStream stream = OperationStream.EachOnce(1024, RunSettings.Seed);
        int next = 0;
        return Repeat(seconds, () => player.Set(stream.Part(next++, 1, 0, 1)));
    }

    private static Rate Repeat(double seconds, Action write)
    {
        long begin = Stopwatch.GetTimestamp(), deadline = begin + (long)(seconds * Stopwatch.Frequency);
        long writes = 0;
        do
        {
            write();
            writes++;
        }
        while (Stopwatch.GetTimestamp() < deadline);
        return new Rate(writes, Clocks.ToNanoseconds(Stopwatch.GetTimestamp() - begin), null);
    }

    private readonly record struct Rate(long Writes, long Nanoseconds, long? Syncs)
    {
        public double NanosecondsAWrite => (double)Nanoseconds / Math.Max(1, Writes);
    }
}
