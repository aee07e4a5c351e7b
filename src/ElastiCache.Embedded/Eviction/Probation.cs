using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>The entries of a shard that are new: a seventh of the bytes, in two halves. What a new entry was read for in the first half doesn't count.</summary>
/// <remarks>
/// Most keys are read again at once or never, so the first reads tell little (2Q's correlated references, Johnson and Shasha 1994). An entry therefore loses its bit in the middle of its probation; if it is read
/// in the second half it goes on to the main queues, otherwise it is judged (<see cref="ReturnRates"/>). S3-FIFO (Yang et al. 2023) asks for two reads instead, which would take a second bit.
/// <para>
/// Each half is Greedy-Dual by itself: large entries pass through quickly. Figures: docs/eviction.md.
/// </para>
/// </remarks>
internal sealed class Probation(Shard shard)
{
    // Of all queued entries, by EntryQueues.Weight.
    private const int SharePercent = 15;

    // As long as the cache grows nothing is judged, and what exceeds the share by so much goes to the main queues as it is.
    private const int MostPercent = SharePercent * 5 / 4;

    private const int Batch = 8;

    private readonly EntryQueues _first = new(shard.Arena, shard.Allocator, queuesOfSize: 1);
    private readonly EntryQueues _second = new(shard.Arena, shard.Allocator, queuesOfSize: 1);
    private int _added;

    /// <summary>Nodes held, those left behind included.</summary>
    public long Nodes => _first.Nodes + _second.Nodes;

    /// <summary>See <see cref="EntryQueues.NodesAfterCleaning"/>.</summary>
    public long NodesAfterCleaning => _first.NodesAfterCleaning + _second.NodesAfterCleaning;

    /// <summary>Native bytes held.</summary>
    public long Bytes => _first.Bytes + _second.Bytes;

    private long Weight => _first.Weight + _second.Weight;

    /// <summary>Puts a new entry into the first half.</summary>
    /// <returns>The tag for its slot.</returns>
    public uint Add(int database, uint hash, long bytes) => AddTo(_first, database, hash, bytes);

    /// <summary>Lets entries go on to the second half, several at a time, because each is a cache miss. Before an entry is added: it must find all in the table.</summary>
    public void MoveOn(EntryQueues main)
    {
        if (++_added % Batch != 0)
        {
            return;
        }

        long half = (Weight + main.Weight) * SharePercent / 200;
        if (_first.Weight <= half)
        {
            return;
        }

        for (int i = 0; i < Batch * 2 && _first.Weight > half && _first.TryTake(out QueuedEntry next); i++)
        {
            _first.RaiseFloor(next);
            if (shard.TableOf(next.Database) is { } table && table.TryFindTagged(next.Hash, next.Tag, out SlotPosition position))
            {
                // The middle of its size class, or its record would be read for this.
                EntryAccess.TakeUse(position);
                EntryAccess.SetTag(position, AddTo(_second, next.Database, next.Hash, EntryQueues.MiddleOf(next.Queue)));
            }
        }

        PrefetchNext();
    }

    /// <summary>Whether new entries take more than their share, or so much more that the cache must be growing.</summary>
    public bool IsFull(EntryQueues main, bool grows) => Weight * 100 > (Weight + main.Weight) * (grows ? MostPercent : SharePercent);

    /// <summary>Takes out whose probation is over first.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryTake(out QueuedEntry oldest)
    {
        EntryQueues half = _second.Nodes > 0 ? _second : _first;
        if (!half.TryTake(out oldest))
        {
            return false;
        }

        half.RaiseFloor(oldest);
        return true;
    }

    /// <summary>See <see cref="EntryQueues.Peek"/>.</summary>
    public int Peek(int skipped, Span<QueuedEntry> next) => (_second.Nodes > 0 ? _second : _first).Peek(skipped, next);

    /// <summary>See <see cref="EntryQueues.BeginCleaning"/>.</summary>
    public void BeginCleaning()
    {
        _first.BeginCleaning();
        _second.BeginCleaning();
    }

    /// <summary>See <see cref="EntryQueues.Clean"/>.</summary>
    public bool Clean<TCleaner>(ref TCleaner cleaner)
        where TCleaner : struct, IQueueCleaner => _first.Clean(ref cleaner) || _second.Clean(ref cleaner);

    /// <summary>Exchanges two databases.</summary>
    public void SwapDatabases(int a, int b)
    {
        _first.SwapDatabases(a, b);
        _second.SwapDatabases(a, b);
    }

    private static uint AddTo(EntryQueues half, int database, uint hash, long bytes) =>
        half.Add(EntryQueues.SizeClassOf(bytes), hash, database, GreedyDual.Worth(bytes, 1));

    // They have come by the time that this many have been added.
    private void PrefetchNext()
    {
        Span<QueuedEntry> next = stackalloc QueuedEntry[Batch];
        next = next[.._first.Peek(0, next)];
        foreach (ref readonly QueuedEntry entry in next)
        {
            if (shard.TableOf(entry.Database) is { Count: > 0 } table)
            {
                EntryAccess.PrefetchHome(table, entry.Hash);
            }
        }
    }
}
