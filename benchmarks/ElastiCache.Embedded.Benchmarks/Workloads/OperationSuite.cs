using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Our cache against each peer in turn, at each kind of operation, on one and two threads.</summary>
/// <remarks>
/// Only two caches are alive at a time. With all of them in one heap, a peer's garbage collection would trace the
/// entries of every other peer, and the order of the tables would decide who pays.
/// </remarks>
internal sealed class OperationSuite(
    Entrant subject, IReadOnlyList<Entrant> peers, IReadOnlyList<OperationKind> kinds, RunSettings settings)
{
    private static readonly int[] ThreadCounts = [1, 2];

    // Code that has been warmed up stays warm: what ran once needs one lap more, not a quarter of a second.
    private readonly HashSet<(string, string)> _warm = [];

    private readonly Streams _streams = Streams.For(settings);
    private readonly Streams _slowStreams = Streams.ForSlowPeers(settings);

    public IEnumerable<Comparison> Run()
    {
        foreach (Entrant peer in peers.Where(settings.Wants))
        {
            foreach (Comparison comparison in Run(peer))
            {
                yield return comparison;
            }
        }
    }

    private IEnumerable<Comparison> Run(Entrant peer)
    {
        int[] threadCounts = peer.IsSlow ? [1] : ThreadCounts;
        var wanted = (from kind in kinds from threads in threadCounts where settings.Wants(Name(kind, threads)) select (kind, threads)).ToList();
        if (wanted.Count == 0)
        {
            yield break;
        }

        Progress.Report($"{subject.Name} against {peer.Name}");
        Streams streams = peer.IsSlow ? _slowStreams : _streams;
        if (wanted.Exists(w => !w.kind.StartsEmpty))
        {
            using CacheUnderTest ours = Filled(subject, streams), theirs = Filled(peer, streams);
            foreach ((OperationKind kind, int threads) in wanted.Where(w => !w.kind.StartsEmpty))
            {
                using var team = new WorkerTeam(threads);
                using var ourSide = new Side(ours, team, kind, streams);
                using var theirSide = new Side(theirs, team, kind, streams);
                WarmUp(kind, subject.Name, ourSide.Lap);
                WarmUp(kind, peer.Name, theirSide.Lap);
                var rounds = PairedRounds.Run(RoundsOf(kind, threads, peer), ourSide.Lap, theirSide.Lap);
                yield return Compare(kind, threads, peer, rounds);
            }
        }

        foreach ((OperationKind kind, int threads) in wanted.Where(w => w.kind.StartsEmpty))
        {
            using var team = new WorkerTeam(threads);
            WarmUp(kind, subject.Name, round => FillAnew(subject, team, kind, streams, round));
            WarmUp(kind, peer.Name, round => FillAnew(peer, team, kind, streams, round));
            var rounds = PairedRounds.Run(
                settings.NewRounds,
                round => FillAnew(subject, team, kind, streams, round),
                round => FillAnew(peer, team, kind, streams, round));
            yield return Compare(kind, threads, peer, rounds);
        }

        GC.Collect();
    }

    private static string Name(OperationKind kind, int threads) => $"{kind.Name}-{threads}t";

    /// <summary>Writes take long; where no goal hangs on them, three rounds will do.</summary>
    private int RoundsOf(OperationKind kind, int threads, Entrant peer) =>
        !kind.Writes ? settings.ReadRounds
        : Goal.ExistsFor(Name(kind, threads), peer.Name) ? settings.WriteRounds
        : Math.Min(3, settings.WriteRounds);

    private CacheUnderTest Filled(Entrant entrant, Streams streams)
    {
        CacheUnderTest cache = entrant.Create(streams.Entries, settings.Folder);
        cache.Fill(streams.Entries);
        GC.Collect();
        OperationStream.Slice sample = streams.Uniform.Part(0, streams.ReadsPerLap, 0, 1);
        using Player player = cache.NewPlayer();
        long correct = player.CountCorrect(sample);
        return correct == sample.Length
            ? cache
            : throw new InvalidOperationException(
                $"{entrant.Name} returned {correct} of {sample.Length} values as they were stored; it holds {streams.Entries} entries.");
    }

    private Lap FillAnew(Entrant entrant, WorkerTeam team, OperationKind kind, Streams streams, int round)
    {
        using CacheUnderTest cache = entrant.Create(kind.Stream(streams).Length, settings.Folder);
        using var side = new Side(cache, team, kind, streams);
        return side.Lap(round);
    }

    private void WarmUp(OperationKind kind, string name, Func<int, Lap> lap)
    {
        long enough = _warm.Add((kind.Name, name)) && !kind.StartsEmpty ? 250_000_000 : 0;
        long begin = Clocks.WallNanoseconds;
        int round = 0;
        do
        {
            lap(round++);
        }
        while (Clocks.WallNanoseconds - begin < enough);
    }

    private Comparison Compare(OperationKind kind, int threads, Entrant peer, PairedRounds rounds)
    {
        string workload = Name(kind, threads);
        return new Comparison(
            workload, subject.Name, peer.Name, rounds.Ratio, rounds.SubjectNanoseconds, rounds.PeerNanoseconds,
            rounds.SubjectBytes, rounds.PeerBytes, rounds.Count)
        {
            Goal = Goal.ForOperation(workload, peer.Name, rounds.Ratio, rounds.SubjectBytes),
            Note = Misses("ours", rounds.SubjectHits) + Misses("peer", rounds.PeerHits),
        };

        string Misses(string who, long hits) => kind.ExpectsHits && hits < rounds.Operations
            ? $"{who} missed {100.0 * (rounds.Operations - hits) / rounds.Operations:0.#} % "
            : "";
    }

    /// <summary>One cache with a player for each thread.</summary>
    private sealed class Side : IDisposable
    {
        private readonly WorkerTeam _team;
        private readonly OperationKind _kind;
        private readonly OperationStream _stream;
        private readonly int _operations;
        private readonly Player[] _players;
        private readonly Func<int, (long, long)> _work;
        private int _round;

        public Side(CacheUnderTest cache, WorkerTeam team, OperationKind kind, Streams streams)
        {
            (_team, _kind, _stream) = (team, kind, kind.Stream(streams));
            _operations = kind switch
            {
                { StartsEmpty: true } => _stream.Length,
                { Writes: true } => streams.WritesPerLap,
                _ => streams.ReadsPerLap,
            };
            _players = [.. Enumerable.Range(0, team.Threads).Select(_ => cache.NewPlayer())];
            _work = Work;
        }

        public Lap Lap(int round)
        {
            _round = round;
            return _team.Run(_work);
        }

        public void Dispose()
        {
            foreach (Player player in _players)
            {
                player.Dispose();
            }
        }

        private (long Operations, long Hits) Work(int thread)
        {
            OperationStream.Slice slice = _stream.Part(_round, _operations, thread, _team.Threads);
            long hits = _kind.Play(_players[thread], slice);
            return (slice.Length, hits);
        }
    }
}
