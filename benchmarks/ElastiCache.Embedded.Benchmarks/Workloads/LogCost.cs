using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;
using ElastiCache.Embedded.Benchmarks.Subjects;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>A SET that goes into a log synced once a second against the same SET without a log.</summary>
/// <remarks>
/// The caller's own CPU time is one line. Most of the log's work is another thread's, so a second line compares the
/// CPU time of the whole process, from the first write until the log has settled.
/// </remarks>
internal sealed class LogCost(RunSettings settings)
{
    private const string Caller = "log-everysecond-caller", Process = "log-everysecond-process", NotLogged = "not logged";
    private const double LimitNanoseconds = 130;

    public async Task<List<Comparison>> RunAsync()
    {
        List<Comparison> result = [];
        if (!settings.Wants(Caller + "-1t") && !settings.Wants(Caller + "-2t") && !settings.Wants(Process))
        {
            return result;
        }

        Progress.Report("SET with a log synced every second, and without");
        string folder = Directory.CreateDirectory(Path.Combine(settings.Folder, "log-cost")).FullName;
        OperationStream stream = OperationStream.Zipf(settings.Entries, settings.StreamLength, RunSettings.Seed);
        using (CacheUnderTest logged = await EmbeddedSubject.OpenLoggedAsync(settings.Entries, folder))
        using (CacheUnderTest unlogged = Roster.Subject.Create(settings.Entries, settings.Folder))
        {
            logged.Fill(settings.Entries);
            unlogged.Fill(settings.Entries);
            for (int threads = 1; threads <= 2; threads++)
            {
                if (settings.Wants($"{Caller}-{threads}t"))
                {
                    result.Add(OfTheCaller(threads, logged, unlogged, stream));
                }
            }

            if (settings.Wants(Process))
            {
                result.Add(await OfTheProcessAsync(logged, unlogged, stream));
            }
        }

        Directory.Delete(folder, recursive: true);
        return result;
    }

    private Comparison OfTheCaller(int threads, CacheUnderTest logged, CacheUnderTest unlogged, OperationStream stream)
    {
        using var team = new WorkerTeam(threads);
        Player[] ours = [.. Enumerable.Range(0, threads).Select(_ => logged.NewPlayer())];
        Player[] theirs = [.. Enumerable.Range(0, threads).Select(_ => unlogged.NewPlayer())];
        for (int round = 0; round < 3; round++)
        {
            Set(ours, round);
            Set(theirs, round);
        }

        var rounds = PairedRounds.Run(settings.WriteRounds, round => Set(ours, round), round => Set(theirs, round));
        Array.ForEach([.. ours, .. theirs], player => player.Dispose());
        return new Comparison(
            $"{Caller}-{threads}t", Roster.Subject.Name, NotLogged, rounds.Ratio, rounds.SubjectNanoseconds,
            rounds.PeerNanoseconds, rounds.SubjectBytes, rounds.PeerBytes, rounds.Count)
        {
            Goal = Goal.AtMost(rounds.Difference, LimitNanoseconds, "ns more"),
            Note = $"{rounds.Difference:+0;-0} ns a SET",
        };

        Lap Set(Player[] players, int round) => team.Run(thread =>
        {
            OperationStream.Slice slice = stream.Part(round, settings.WritesPerLap, thread, threads);
            players[thread].Set(slice);
            return (slice.Length, 0);
        });
    }

    private static async Task<Comparison> OfTheProcessAsync(CacheUnderTest logged, CacheUnderTest unlogged, OperationStream stream)
    {
        const int Rounds = 3;
        List<double> ours = [], theirs = [];
        using Player loggedPlayer = logged.NewPlayer(), unloggedPlayer = unlogged.NewPlayer();
        for (int round = 0; round < Rounds; round++)
        {
            ours.Add(await ProcessNanosecondsASetAsync(loggedPlayer, stream));
            theirs.Add(await ProcessNanosecondsASetAsync(unloggedPlayer, stream));
        }

        double difference = Median.Of(ours.Zip(theirs, (a, b) => a - b));
        return new Comparison(
            Process, Roster.Subject.Name, NotLogged, Median.Of(ours.Zip(theirs, (a, b) => a / b)), Median.Of(ours),
            Median.Of(theirs), null, null, Rounds)
        {
            Goal = Goal.AtMost(difference, LimitNanoseconds, "ns more"),
            Note = $"{difference:+0;-0} ns a SET, the log's thread included",
        };
    }

    private static async Task<double> ProcessNanosecondsASetAsync(Player player, OperationStream stream)
    {
        // Two laps of the log's once-a-second work: what came before has settled, and what we cause will have.
        var settling = TimeSpan.FromSeconds(1.2);
        await Task.Delay(settling);
        OperationStream.Slice everything = stream.Part(0, stream.Length, 0, 1);
        long begin = Clocks.ProcessNanoseconds;
        player.Set(everything);
        await Task.Delay(settling);
        return (double)(Clocks.ProcessNanoseconds - begin) / everything.Length;
    }
}
