using System.Diagnostics;
using System.Numerics;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The memory half of the log: gathers effects of all shards and hands them over, a cycle at a time, in an order that holds.</summary>
/// <remarks>
/// The writer works in numbered cycles: take what there is, write it as one batch, sync it if need be, begin again.
/// <code>
///   shard 0  [ SET a 1 | SET a 2 ] ──┐ the writer takes a dirty shard's bytes    ┌──────────────┐
///   shard 1  [ ]                     ├─ under that shard's lock ───────────────► │ central queue│ ──► batch of cycle n
///   shard 2  [ DEL k ] ──────────────┘                                           │  (own lock)  │
///   a block over shards 0 and 2: takes their bytes, then adds itself ──────────► └──────────────┘
/// </code>
/// Lock order: shards, then the queue. Three invariants:
/// <list type="number">
/// <item>One key's effects keep their order. They lie in one buffer in the order of its shard's lock, buffers enter the queue
/// under that lock, and a block enters it with all its shards locked, behind what they had pending.</item>
/// <item>A batch is a consistent cut of history: if a write is in batch n, whatever was complete before it began is in batch n or
/// earlier. Taking shards one after the other would break this: a write to shard 0 just after it was taken, then one to shard 2 just
/// before. So the batch of a write is fixed when it completes: it reads the number of the cycle that began last, and belongs to
/// the next. That number only grows, so a later write never belongs to an earlier batch. Where one buffer holds
/// the ends of two cycles it is split when it is taken, and the queue keeps what belongs to the next one.</item>
/// <item>Cycle n takes all that belongs to it. A lane marks itself dirty (a full fence) before it reads the number; the writer
/// raises the number (a full fence) before it collects the marks. A write that read n−1 has therefore left a mark that cycle n
/// finds, and its lane can't be taken before the write leaves the shard's lock. The mark is tested before it is set: if it is set
/// already, the cycle that will clear it has not collected yet.</item>
/// </list>
/// What this costs a write is <see cref="Complete"/>: a few fields of its own lane, and one read of a shared number which changes
/// once a cycle. The mark costs an interlocked operation, once a lane and cycle.
/// </remarks>
internal sealed class EffectLanes
{
    // A mark word stands on a cache line of its own: 8 words of 8 bytes.
    private const int WordStride = 8;

    private readonly IShardLocks _locks;
    private readonly Lane[] _lanes;
    private readonly ulong[] _dirty;
    private readonly Lock _queueLock = new();
    private readonly List<QueuedChunk> _queue = [];
    private readonly Stack<EffectBuffer> _blocks = [];
    private long _cycle;
    private long _queuedBytes;

    public EffectLanes(IShardLocks locks)
    {
        _locks = locks;
        _lanes = new Lane[locks.Count];
        for (int i = 0; i < _lanes.Length; i++)
        {
            _lanes[i] = new Lane();
        }

        _dirty = new ulong[(((locks.Count + 63) / 64) + 1) * WordStride];
    }

    /// <summary>The cycle that began last.</summary>
    public long Cycle => Volatile.Read(ref _cycle);

    /// <summary>Bytes in the queue: of blocks, and of what stood before them.</summary>
    public long QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>About how many bytes of memory all that waits takes. O(shards), without a lock.</summary>
    public long HeldBytes => QueuedBytes + _lanes.Sum(static lane => (long)lane.Buffer.HeldBytes);

    /// <summary>Whether there is nothing to take. Exact only for writes that are complete.</summary>
    public bool IsEmpty => QueuedBytes == 0 && !_dirty.AsSpan().ContainsAnyExcept(0UL);

    /// <summary>The buffer of a shard, whose lock is held.</summary>
    public EffectBuffer this[int shard] => _lanes[shard].Buffer;

    /// <summary>Ends the effects of one operation. The shard's lock is held.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="isFirst">Whether the lane was empty: the writer may be asleep.</param>
    /// <returns>The cycle that will take them; 0 if there were none.</returns>
    public long Complete(int shard, out bool isFirst)
    {
        Lane lane = _lanes[shard];
        if (!lane.Buffer.IsWhole)
        {
            lane.Buffer.CutBack(lane.CompletedLength, lane.CompletedDatabase);
        }

        int length = lane.Buffer.Length;
        isFirst = lane.FirstCycle == 0;
        if (length == lane.CompletedLength)
        {
            return 0;
        }

        if (isFirst)
        {
            Mark(shard);
        }

        long cycle = Volatile.Read(ref _cycle) + 1;
        if (isFirst)
        {
            lane.FirstCycle = cycle;
        }
        else if (cycle != lane.FirstCycle && lane.SplitLength == 0)
        {
            Debug.Assert(cycle == lane.FirstCycle + 1, "cycle FirstCycle takes the lane before another can begin");
            lane.SplitLength = lane.CompletedLength;
            lane.SplitDatabase = lane.CompletedDatabase;
        }

        lane.CompletedLength = length;
        lane.CompletedDatabase = lane.Buffer.LastDatabase;
        return cycle;
    }

    /// <summary>Begins a block over several shards, whose locks are all held until <see cref="CompleteBlock"/> has returned.</summary>
    public EffectBuffer BeginBlock(ReadOnlySpan<int> shards)
    {
        lock (_queueLock)
        {
            foreach (int shard in shards)
            {
                Enqueue(_lanes[shard]);
            }

            return _blocks.TryPop(out EffectBuffer? block) ? block : new EffectBuffer();
        }
    }

    /// <summary>Ends a block.</summary>
    /// <returns>The cycle that will take it; 0 if it is empty.</returns>
    public long CompleteBlock(EffectBuffer block)
    {
        if (!block.IsWhole)
        {
            block.CutBack(0, 0);
        }

        lock (_queueLock)
        {
            bool isEmpty = block.Length == 0;
            long cycle = isEmpty ? 0 : _cycle + 1;
            if (!isEmpty)
            {
                bool isBlock = block.Commands > 1;
                (int first, int last) = (block.FirstDatabase, block.LastDatabase);
                Enqueue(new QueuedChunk(new LogChunk(block.Take(), first, last, isBlock, OwnsArray: true), cycle));
            }

            _blocks.Push(block);
            return cycle;
        }
    }

    /// <summary>Begins the next cycle. Only the writer calls this, and <see cref="Take"/> before it is called again.</summary>
    /// <remarks>With all shards locked it is a cut through everything: what was complete before belongs to this cycle or an earlier one, the rest to a later one.</remarks>
    /// <returns>The cycle's number.</returns>
    public long BeginCycle()
    {
        long cycle = _cycle + 1;
        Interlocked.Exchange(ref _cycle, cycle);
        return cycle;
    }

    /// <summary>Takes all that belongs to the cycle that has begun.</summary>
    /// <param name="cycle">Its number.</param>
    /// <param name="taken">Receives the chunks in the order of the file.</param>
    public void Take(long cycle, List<LogChunk> taken)
    {
        for (int i = 0; i < _lanes.Length; i += 64)
        {
            ulong marks = Interlocked.Exchange(ref _dirty[WordOf(i)], 0);
            for (; marks != 0; marks &= marks - 1)
            {
                TakeLane(i + BitOperations.TrailingZeroCount(marks));
            }
        }

        lock (_queueLock)
        {
            int kept = 0;
            long keptBytes = 0;
            for (int i = 0; i < _queue.Count; i++)
            {
                QueuedChunk chunk = _queue[i];
                if (chunk.Cycle <= cycle)
                {
                    taken.Add(chunk.Chunk);
                }
                else
                {
                    _queue[kept++] = chunk;
                    keptBytes += chunk.Chunk.Bytes.Count;
                }
            }

            _queue.RemoveRange(kept, _queue.Count - kept);
            Volatile.Write(ref _queuedBytes, keptBytes);
        }
    }

    // Every 64 lanes share a word.
    private static int WordOf(int shard) => ((shard / 64) + 1) * WordStride;

    private void Mark(int shard)
    {
        ref ulong word = ref _dirty[WordOf(shard)];
        ulong bit = 1UL << (shard % 64);
        if ((Volatile.Read(ref word) & bit) == 0)
        {
            Interlocked.Or(ref word, bit);
        }
    }

    private void TakeLane(int shard)
    {
        _locks.Enter(shard);
        try
        {
            lock (_queueLock)
            {
                Enqueue(_lanes[shard]);
            }
        }
        finally
        {
            _locks.Exit(shard);
        }
    }

    private void Enqueue(Lane lane)
    {
        if (lane.FirstCycle == 0)
        {
            return; // a block took it, and the mark was left
        }

        (int first, int last) = (lane.Buffer.FirstDatabase, lane.Buffer.LastDatabase);
        ArraySegment<byte> bytes = lane.Buffer.Take();
        if (lane.SplitLength == 0)
        {
            Enqueue(new QueuedChunk(new LogChunk(bytes, first, last, IsBlock: false, OwnsArray: true), lane.FirstCycle));
        }
        else
        {
            Enqueue(new QueuedChunk(new LogChunk(bytes[..lane.SplitLength], first, lane.SplitDatabase, IsBlock: false, OwnsArray: false), lane.FirstCycle));
            Enqueue(new QueuedChunk(new LogChunk(bytes[lane.SplitLength..], lane.SplitDatabase, last, IsBlock: false, OwnsArray: true), lane.FirstCycle + 1));
        }

        lane.FirstCycle = 0;
        lane.CompletedLength = 0;
        lane.SplitLength = 0;
    }

    private void Enqueue(QueuedChunk chunk)
    {
        _queue.Add(chunk);
        Volatile.Write(ref _queuedBytes, _queuedBytes + chunk.Chunk.Bytes.Count);
    }

    private readonly record struct QueuedChunk(LogChunk Chunk, long Cycle);

    /// <summary>What belongs to one shard and is guarded by its lock.</summary>
    private sealed class Lane
    {
        public readonly EffectBuffer Buffer = new();

        /// <summary>The cycle that takes the first bytes; 0 while there are none.</summary>
        public long FirstCycle;

        /// <summary>Length of the buffer after the last complete operation.</summary>
        public int CompletedLength;

        /// <summary>The database that was selected then.</summary>
        public int CompletedDatabase;

        /// <summary>Where the bytes for the cycle after <see cref="FirstCycle"/> begin; 0 while there are none.</summary>
        public int SplitLength;

        public int SplitDatabase;
    }
}
