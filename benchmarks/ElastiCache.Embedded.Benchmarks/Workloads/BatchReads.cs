using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>Sixteen keys in one MGET against sixteen GETs, both ours. Times are those of one key.</summary>
internal sealed class BatchReads(RunSettings settings)
{
    public const string Singles = "sixteen single GETs";
    private const int BatchSize = 16;

    public IEnumerable<Comparison> Run()
    {
        (string Name, Func<Streams, OperationStream> Stream)[] kinds = [("mget-16-zipf", s => s.Zipf), ("mget-16-uniform", s => s.Uniform)];
        if (!kinds.Any(k => settings.Wants(k.Name + "-1t") || settings.Wants(k.Name + "-2t")))
        {
            yield break;
        }

        Progress.Report("MGET of 16");
        using CacheUnderTest cache = Roster.Subject.Create(settings.Entries, settings.Folder);
        if (cache.GetMany is not { } getMany)
        {
            Progress.Report("  skipped: the subject reads no batches");
            yield break;
        }

        cache.Fill(settings.Entries);
        var streams = Streams.For(settings);
        foreach ((string name, Func<Streams, OperationStream> stream) in kinds)
        {
            for (int threads = 1; threads <= 2; threads++)
            {
                if (settings.Wants($"{name}-{threads}t"))
                {
                    yield return Compare($"{name}-{threads}t", cache, getMany, stream(streams), threads);
                }
            }
        }
    }

    private Comparison Compare(string workload, CacheUnderTest cache, BatchGet getMany, OperationStream stream, int threads)
    {
        using var team = new WorkerTeam(threads);
        Player[] players = [.. Enumerable.Range(0, threads).Select(_ => cache.NewPlayer())];
        long enough = Clocks.WallNanoseconds + 250_000_000;
        for (int round = 0; Clocks.WallNanoseconds < enough; round++)
        {
            Batches(round);
            OneByOne(round);
        }

        var rounds = PairedRounds.Run(settings.ReadRounds, Batches, OneByOne);
        Array.ForEach(players, player => player.Dispose());
        return new Comparison(
            workload, Roster.Subject.Name, Singles, rounds.Ratio, rounds.SubjectNanoseconds, rounds.PeerNanoseconds,
            rounds.SubjectBytes, rounds.PeerBytes, rounds.Count)
        {
            Goal = Goal.ForOperation(workload, Singles, rounds.Ratio, rounds.SubjectBytes),
            Note = rounds.SubjectHits == rounds.PeerHits ? "" : $"MGET found {rounds.SubjectHits}, GETs {rounds.PeerHits}",
        };

        Lap Batches(int round) => team.Run(thread =>
            ReadBatches(getMany, stream.Part(round, settings.ReadsPerLap, thread, threads)));

        Lap OneByOne(int round) => team.Run(thread =>
        {
            OperationStream.Slice slice = stream.Part(round, settings.ReadsPerLap, thread, threads);
            return (slice.Length, players[thread].Get(slice));
        });
    }

    private static (long Operations, long Hits) ReadBatches(BatchGet getMany, OperationStream.Slice slice)
    {
        const int BatchesPerPiece = 16;
        Span<byte> destination = stackalloc byte[BatchSize * 128];
        long hits = 0;
        for (int begin = 0; begin < slice.Length; begin += BatchSize * BatchesPerPiece)
        {
            int count = Math.Min(BatchSize * BatchesPerPiece, slice.Length - begin);
            hits += ReadPiece(getMany, slice.Keys.Span.Slice(begin, count), destination);
        }

        return (slice.Length, hits);
    }

    private static long ReadPiece(BatchGet getMany, ReadOnlySpan<string> keys, Span<byte> destination)
    {
        Span<int> lengths = stackalloc int[BatchSize];
        long hits = 0;
        for (int begin = 0; begin < keys.Length; begin += BatchSize)
        {
            int count = Math.Min(BatchSize, keys.Length - begin);
            getMany(keys.Slice(begin, count), destination, lengths[..count]);
            for (int i = 0; i < count; i++)
            {
                hits += lengths[i] >= 0 ? 1 : 0;
            }
        }

        return hits;
    }
}
