using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;
using ElastiCache.Embedded.Benchmarks.Subjects;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Writes that go into a log synced once a second beside the same writes into one that is never synced, as many a second as either takes.</summary>
/// <remarks>
/// By the wall clock, because it is the disk that may hold writers up. Laps are of seconds, so that each holds several syncs, and between two the log is rewritten: no lap begins with
/// bytes that the one before has left to the disk, and files stay small. The ratio is that of times a write, so its inverse is that of writes a second.
/// </remarks>
internal sealed class EverySecondThroughput(RunSettings settings)
{
    private const string Workload = "every-second", Unsynced = "the same, never synced";
    private const double ThroughputGoal = 0.9;
    private const int Entries = 100_000;
    private const int StreamLength = 400_000;
    private static readonly int[] WriterCounts = [1, 4];

    private double SecondsALap => settings.Quick ? 2.2 : 4.2;

    public async Task<List<Comparison>> RunAsync()
    {
        List<Comparison> result = [];
        foreach (int writers in WriterCounts.Where(writers => settings.Wants($"{Workload}-{writers}w")))
        {
            Progress.Report($"a log synced every second and one never synced, writers: {writers}");
            result.Add(await CompareAsync(writers));
        }

        return result;
    }

    private async Task<Comparison> CompareAsync(int writers)
    {
        string folder = Directory.CreateDirectory(Path.Combine(settings.Folder, Workload)).FullName;
        OperationStream stream = OperationStream.Zipf(Entries, StreamLength, RunSettings.Seed);
        PairedRounds rounds;
        await using (EmbeddedCache synced = await EmbeddedSubject.OpenUnrewrittenAsync(Entries, Path.Combine(folder, "synced"), DurabilityMode.EverySecond))
        await using (EmbeddedCache unsynced = await EmbeddedSubject.OpenUnrewrittenAsync(Entries, Path.Combine(folder, "unsynced"), DurabilityMode.No))
        {
            Lap(synced);
            Lap(unsynced);
            rounds = PairedRounds.Run(settings.WriteRounds, _ => Lap(synced), _ => Lap(unsynced));
        }

        Directory.Delete(folder, recursive: true);
        return Comparison.Of($"{Workload}-{writers}w", Roster.Subject.Name, Unsynced, rounds.SubjectNanoseconds, rounds.PeerNanoseconds, rounds: rounds.Count) with
        {
            Ratio = rounds.Ratio,
            Goal = Goal.AtLeast(1 / rounds.Ratio, ThroughputGoal, "of the throughput"),
            Note = string.Create(CultureInfo.InvariantCulture, $"wall clock; {1e9 / rounds.SubjectNanoseconds:N0} : {1e9 / rounds.PeerNanoseconds:N0} writes a second, {1 / rounds.Ratio:0.00}"),
        };

        Lap Lap(EmbeddedCache cache)
        {
            cache.RewriteLogAsync().GetAwaiter().GetResult();
            Player[] players = [.. Enumerable.Range(0, writers).Select(_ => EmbeddedSubject.NewPlayer(cache))];
            long began = Stopwatch.GetTimestamp();
            long deadline = began + (long)(SecondsALap * Stopwatch.Frequency);
            long[] written = new long[writers];
            Thread[] threads = [.. Enumerable.Range(0, writers).Select(writer => new Thread(() => written[writer] = Write(players[writer], writer, deadline)))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            long nanoseconds = Clocks.ToNanoseconds(Stopwatch.GetTimestamp() - began);
            Array.ForEach(players, player => player.Dispose());
            return new Lap(written.Sum(), nanoseconds, 0, 0);
        }

        long Write(Player player, int writer, long deadline)
        {
            const int WritesALook = 2_000;
            long written = 0;
            for (int part = writer * StreamLength / writers / WritesALook; Stopwatch.GetTimestamp() < deadline; part++)
            {
                OperationStream.Slice slice = stream.Part(part, WritesALook, 0, 1);
                player.Set(slice);
                written += slice.Length;
            }

            return written;
        }
    }
}
