using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;
using ElastiCache.Embedded.Benchmarks.Subjects;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>What eviction costs: a GET under the default policy, and a SET that evicts, beside ours without eviction and beside peers that are full.</summary>
/// <remarks>
/// A full cache is written twice as many keys as it holds, in a circle: by the time that a key comes again it is gone, so every SET adds one entry and evicts one.
/// Between the laps some of the keys are read, or policies that look at uses would have none to look at.
/// </remarks>
internal sealed class AtTheLimit(RunSettings settings)
{
    private const string Reads = "limit-get-1t", Writes = "limit-set-1t";
    private const string Unlimited = "ours, noeviction", Overwriting = "ours, overwriting below the limit", Adding = "ours, adding below the limit";

    private readonly int _entries = settings.Entries / 4;

    public IEnumerable<Comparison> Run()
    {
        if (settings.Wants(Reads))
        {
            yield return CompareReads();
        }

        if (!settings.Wants(Writes))
        {
            yield break;
        }

        yield return CompareWrites(Overwriting, 1.5, () => EmbeddedSubject.Create(Unbounded()), overwrites: true);
        yield return CompareWrites(Adding, null, () => EmbeddedSubject.Create(Unbounded()), overwrites: false);
        yield return CompareWrites(Roster.BitFasterLru, 0.4, () => BitFasterPeer.LruAtCapacity(_entries), overwrites: false);
        yield return CompareWrites(Roster.MemoryCache, 0.25, () => new MemoryCachePeer(_entries), overwrites: false);
    }

    private static EmbeddedCacheOptions Unbounded() => new() { EvictionPolicy = EvictionPolicy.NoEviction };

    // Room for a third more, so that everything stays and yet uses are noted.
    private EmbeddedCacheOptions Roomy(EvictionPolicy policy) => new() { MaxMemory = BytesFor(_entries + (_entries / 3)), EvictionPolicy = policy };

    private static long BytesFor(int entries) => entries * 160L;

    private Comparison CompareReads()
    {
        Progress.Report("GET under the default policy and without eviction");
        using CacheUnderTest evicting = EmbeddedSubject.Create(Roomy(new EmbeddedCacheOptions().EvictionPolicy));
        using CacheUnderTest unlimited = EmbeddedSubject.Create(Roomy(EvictionPolicy.NoEviction));
        evicting.Fill(_entries);
        unlimited.Fill(_entries);
        OperationStream stream = OperationStream.Zipf(_entries, settings.StreamLength, RunSettings.Seed);
        using Player ours = evicting.NewPlayer(), theirs = unlimited.NewPlayer();
        using var team = new WorkerTeam(1);
        for (int round = 0; round < 8; round++)
        {
            Lap(ours, round);
            Lap(theirs, round);
        }

        var rounds = PairedRounds.Run(settings.ReadRounds, round => Lap(ours, round), round => Lap(theirs, round));
        return Of(Reads, Unlimited, 1.05, rounds) with { Note = rounds.SubjectHits == rounds.PeerHits ? "" : $"hits {rounds.SubjectHits} : {rounds.PeerHits}" };

        Lap Lap(Player player, int round) => team.Run(thread =>
        {
            OperationStream.Slice slice = stream.Part(round, settings.ReadsPerLap, thread, 1);
            return (slice.Length, player.Get(slice));
        });
    }

    private Comparison CompareWrites(string peer, double? limit, Func<CacheUnderTest> create, bool overwrites)
    {
        Progress.Report($"SET at the limit against {peer}");
        using CacheUnderTest full = EmbeddedSubject.Create(new EmbeddedCacheOptions { MaxMemory = BytesFor(_entries) }), other = create();
        int operations = _entries / 8;
        OperationStream circle = OperationStream.EachOnce(_entries * 4, RunSettings.Seed);
        using Player ours = full.NewPlayer(), theirs = other.NewPlayer();
        using var team = new WorkerTeam(1);
        int ourRound = 0, theirRound = 0;
        for (int round = 0; round < 24; round++)
        {
            Lap(ours, ref ourRound, true);
            Lap(theirs, ref theirRound, !overwrites);
        }

        var rounds = PairedRounds.Run(settings.WriteRounds * 2, _ => Lap(ours, ref ourRound, true), _ => Lap(theirs, ref theirRound, !overwrites));
        return Of(Writes, peer, limit, rounds);

        Lap Lap(Player player, ref int round, bool movesOn)
        {
            // A quarter of what was written last is read again, some of it often; not timed.
            int part = movesOn ? round : round % 8;
            for (int again = 0; again < 3; again++)
            {
                player.Get(circle.Part(Math.Max(0, part - 1), operations / (4 << again), 0, 1));
            }

            round++;
            return team.Run(thread =>
            {
                OperationStream.Slice slice = circle.Part(part, operations, thread, 1);
                return (slice.Length, player.Set(slice));
            });
        }
    }

    private static Comparison Of(string workload, string peer, double? limit, PairedRounds rounds) => new(
        workload, Roster.Subject.Name, peer, rounds.Ratio, rounds.SubjectNanoseconds, rounds.PeerNanoseconds, rounds.SubjectBytes, rounds.PeerBytes, rounds.Count)
    {
        Goal = limit is { } most ? Goal.AtMost(rounds.Ratio, most, "") : null,
    };
}
