using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The order in which a shard's entries are to be evicted: first-in-first-out queues of 8-byte nodes, and the least rank among their oldest.</summary>
/// <remarks>
/// A node is a word. Nothing in it points to a record, because records move and are freed, and no record points to it:
/// <code>
///   63 ........... 32 31 ........ 6 5 .... 2 1  0       chunk, 128 bytes:  0  u32  the next newer chunk of the queue
///   slot hash of key  rank mod 2^26 database tag                           4  u16  nodes already taken
///                                                                          6  u16  nodes ever put in, 1..15
///                                                                          8       15 nodes
/// </code>
/// <b>Tags.</b> DEL, expiry and FLUSHDB leave an entry's node behind. To tell it from the node of a key that was set again, node and slot bear
/// the same tag, 1 to 3, new with each node; a slot with tag 0 is in no queue. A node whose slot isn't found with this tag is dropped when its turn comes,
/// and <see cref="Clean"/> drops it earlier once there are too many. One in three nodes left behind by a key that came back agrees by chance; it costs that key its place in the order.
/// <para>
/// <b>Ranks</b> grow for ever, so only 26 bits of one are kept and compared by their distance from <see cref="Floor"/>; a rank is never further than 2^25 from it.
/// The least is found by one vector pass over the ranks of the oldest nodes. Among equals the queue with the highest <see cref="FrequencyClasses">frequency class</see>
/// gives way, which matters: the entry that was used more often has had its time.
/// </para>
/// <para>Guarded by the shard's lock. Only queues up to the last that was ever used are looked at. Memory is fixed blocks of the shard.</para>
/// </remarks>
internal sealed unsafe class EntryQueues
{
    /// <summary>Queues of each size, for entries used once, up to 3 times, up to 7 times, and more often.</summary>
    public const int FrequencyClasses = 4;

    /// <summary>Sizes told apart: powers of two from 16 bytes on.</summary>
    public const int SizeClasses = 26;

    /// <summary>The queue of what goes before all others: add to it with no distance from the floor.</summary>
    public const int LowPriority = SizeClasses * FrequencyClasses;

    /// <summary>The queue of what goes after all others: add to it with <see cref="MostAhead"/>.</summary>
    public const int HighPriority = LowPriority + 1;

    /// <summary>A rank may be so far beyond the floor.</summary>
    public const uint MostAhead = 1 << 24;

    private const int Queues = (HighPriority + 8) / 8 * 8;       // whole vectors
    private const int NodesOfChunk = 15;
    private const int RankBits = 26;
    private const int RankShift = 32 - RankBits;
    private const uint TagMask = 3;
    private const int Unknown = -2;

    private readonly Memory.Arena _arena;
    private readonly Memory.BlockAllocator _allocator;
    private readonly uint[] _oldest = new uint[Queues];         // chunks
    private readonly uint[] _newest = new uint[Queues];
    private readonly uint[] _ranks = new uint[Queues];          // of the oldest nodes, in the upper 26 bits
    private readonly int[] _least = new int[Queues];            // what a distance is raised to: MaxValue while a queue is empty
    private readonly uint[] _order = new uint[Queues];          // who gives way among equals: the less, the sooner
    private readonly int _queuesOfSize;
    private DatabasePermutation _databases = new();
    private int _inUse = 8;                                     // queues beyond were never used; whole vectors
    private long _chunks;
    private uint _lastTag;
    private int _leastQueue = Unknown;                          // -1: there is no node

    // Where Clean is: a queue, the chunk before the next one to look at (0 = the queue's oldest is next).
    private int _cleanedQueue = Queues;
    private uint _cleanedChunk;

    /// <param name="arena">Of the shard.</param>
    /// <param name="allocator">Where its memory is from.</param>
    /// <param name="queuesOfSize">How many queues share a size, for <see cref="Weight"/>.</param>
    public EntryQueues(Memory.Arena arena, Memory.BlockAllocator allocator, int queuesOfSize = FrequencyClasses)
    {
        (_arena, _allocator, _queuesOfSize) = (arena, allocator, queuesOfSize);
        for (int i = 0; i < Queues; i++)
        {
            _least[i] = int.MaxValue;
            _order[i] = (uint)(FrequencyClasses - (i % FrequencyClasses));
        }

        _order[LowPriority] = 0;
    }

    /// <summary>Nodes held, those left behind included.</summary>
    public long Nodes { get; private set; }

    /// <summary>Nodes that were left when <see cref="Clean"/> last came to its end: what it could not drop.</summary>
    public long NodesAfterCleaning { get; private set; }

    /// <summary>About how much the entries take that have a node, in units of 16 to 32 bytes, each counted as the least of its size; priority queues aren't counted.</summary>
    public long Weight { get; private set; }

    /// <summary>Native bytes held: 128 a chunk.</summary>
    public long Bytes => _chunks * sizeof(Chunk);

    /// <summary>The rank of the last victim, from which new ones are counted (L of Greedy-Dual).</summary>
    public uint Floor { get; private set; }

    /// <summary>The queue for entries of a size and a number of uses.</summary>
    public static int QueueOf(long bytes, int uses) => (SizeClassOf(bytes) * FrequencyClasses) + ClassOf(uses);

    /// <summary>The size class of an entry, 0 to <see cref="SizeClasses"/> - 1.</summary>
    public static int SizeClassOf(long bytes) => Math.Clamp(BitOperations.Log2((ulong)bytes) - 4, 0, SizeClasses - 1);

    /// <summary>The middle of a size class, in bytes.</summary>
    public static long MiddleOf(int sizeClass) => 24L << sizeClass;

    /// <summary>The frequency class of a number of uses.</summary>
    public static int ClassOf(int uses) => uses <= 1 ? 0 : Math.Min(BitOperations.Log2((uint)uses), FrequencyClasses - 1);

    /// <summary>Puts an entry last into a queue. O(1); may take a chunk of memory, and changes nothing if that fails.</summary>
    /// <param name="queue">See <see cref="QueueOf"/>.</param>
    /// <param name="hash">The entry's slot hash.</param>
    /// <param name="database">Its database.</param>
    /// <param name="ahead">How far its rank is beyond the floor, at most <see cref="MostAhead"/>.</param>
    /// <returns>The tag to keep in the entry's slot.</returns>
    public uint Add(int queue, uint hash, int database, uint ahead)
    {
        uint newest = _newest[queue];
        Chunk* chunk = newest == 0 ? null : At(newest);
        if (chunk == null || chunk->End == NodesOfChunk)
        {
            Chunk* added = (Chunk*)_allocator.AllocateFixed(sizeof(Chunk));
            *added = default;
            _chunks++;
            uint reference = _arena.ReferenceOf((byte*)added);
            if (chunk == null)
            {
                _oldest[queue] = reference;
            }
            else
            {
                chunk->Next = reference;
            }

            _newest[queue] = reference;
            chunk = added;
            if (queue >= _inUse)
            {
                _inUse = (queue + 8) / 8 * 8;
            }
        }

        uint tag = _lastTag = (_lastTag % TagMask) + 1;
        uint rank = (Floor + Math.Min(ahead, MostAhead)) << RankShift;
        chunk->Nodes[chunk->End++] = ((ulong)hash << 32) | rank | ((uint)_databases.Stored(database) << 2) | tag;
        Nodes++;
        Weight += WeightOf(queue);
        if (_least[queue] == int.MaxValue)
        {
            Show(queue);
        }

        return tag;
    }

    /// <summary>Takes the node with the least rank out.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryTake(out QueuedEntry taken)
    {
        if (!TryPeek(out taken))
        {
            return false;
        }

        Take(taken.Queue);
        return true;
    }

    /// <summary>Shows the node with the least rank, which stays.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryPeek(out QueuedEntry next)
    {
        int queue = QueueWithLeast();
        if (queue < 0)
        {
            next = default;
            return false;
        }

        Chunk* chunk = At(_oldest[queue]);
        next = EntryOf(queue, chunk->Nodes[chunk->First]);
        return true;
    }

    /// <summary>Takes the oldest node of a queue out, which has one.</summary>
    public void Take(int queue)
    {
        Chunk* chunk = At(_oldest[queue]);
        chunk->First++;
        Nodes--;
        Weight -= WeightOf(queue);
        if (chunk->First == chunk->End)
        {
            FreeOldest(queue, chunk);
        }

        Show(queue);
    }

    /// <summary>Shows some of the next nodes of the queue that the next one will be taken from.</summary>
    /// <param name="skipped">How many of them not.</param>
    /// <param name="next">Those after them.</param>
    /// <returns>How many.</returns>
    public int Peek(int skipped, Span<QueuedEntry> next)
    {
        int queue = QueueWithLeast();
        int count = 0;
        for (uint reference = queue < 0 ? 0 : _oldest[queue]; reference != 0 && count < next.Length; reference = At(reference)->Next)
        {
            Chunk* chunk = At(reference);
            int first = Math.Min(chunk->First + skipped, chunk->End);
            skipped -= first - chunk->First;
            for (int i = first; i < chunk->End && count < next.Length; i++)
            {
                next[count++] = EntryOf(queue, chunk->Nodes[i]);
            }
        }

        return count;
    }

    /// <summary>Lets new ranks be counted from an evicted entry's, unless that lies behind.</summary>
    public void RaiseFloor(in QueuedEntry evicted)
    {
        uint ahead = (evicted.Rank - Floor) & ((1u << RankBits) - 1);
        if (ahead <= MostAhead)
        {
            Floor += ahead;
        }
    }

    /// <summary>Begins to look at all nodes, unless that is under way.</summary>
    public void BeginCleaning()
    {
        if (_cleanedQueue == Queues)
        {
            (_cleanedQueue, _cleanedChunk) = (0, 0);
        }
    }

    /// <summary>Looks at the nodes of one chunk and drops those that nobody wants. O(1).</summary>
    /// <returns>False if cleaning is not under way.</returns>
    public bool Clean<TCleaner>(ref TCleaner cleaner)
        where TCleaner : struct, IQueueCleaner
    {
        while (_cleanedQueue < Queues)
        {
            // The chunk that cleaning had come to may have been emptied since: then the queue is begun again, which only costs time.
            uint before = _cleanedChunk;
            uint reference = before == 0 ? _oldest[_cleanedQueue] : At(before)->Next;
            if (reference == 0)
            {
                (_cleanedQueue, _cleanedChunk) = (_cleanedQueue + 1, 0);
                NodesAfterCleaning = Nodes;
                continue;
            }

            Drop(_cleanedQueue, before, reference, ref cleaner);
            return true;
        }

        return false;
    }

    /// <summary>Exchanges two databases.</summary>
    public void SwapDatabases(int a, int b) => _databases.Swap(a, b);

    private QueuedEntry EntryOf(int queue, ulong node) =>
        new(queue, (uint)(node >> 32), _databases.Meant((int)((uint)node >> 2) & 0xF), (uint)node & TagMask, (uint)node >> RankShift);

    private long WeightOf(int queue) => queue >= LowPriority ? 0 : 1L << (queue / _queuesOfSize);

    private Chunk* At(uint reference) => (Chunk*)_arena.At(reference);

    private void Drop<TCleaner>(int queue, uint before, uint reference, ref TCleaner cleaner)
        where TCleaner : struct, IQueueCleaner
    {
        Chunk* chunk = At(reference);
        int kept = 0;
        for (int i = chunk->First; i < chunk->End; i++)
        {
            ulong node = chunk->Nodes[i];
            if (cleaner.Keep(EntryOf(queue, node)))
            {
                chunk->Nodes[kept++] = node;
            }
        }

        int dropped = chunk->End - chunk->First - kept;
        Nodes -= dropped;
        Weight -= dropped * WeightOf(queue);
        (chunk->First, chunk->End) = (0, (ushort)kept);

        // What is left of two neighbours goes into the older one if there is room.
        Chunk* older = before == 0 ? null : At(before);
        if (older != null && older->End + kept <= NodesOfChunk)
        {
            Buffer.MemoryCopy(chunk->Nodes, older->Nodes + older->End, kept * sizeof(ulong), kept * sizeof(ulong));
            older->End += (ushort)kept;
            kept = 0;
        }

        if (kept > 0)
        {
            _cleanedChunk = reference;
        }
        else
        {
            Unlink(queue, older, chunk, reference);
        }

        Show(queue);
    }

    private void Unlink(int queue, Chunk* older, Chunk* chunk, uint reference)
    {
        if (older == null)
        {
            _oldest[queue] = chunk->Next;
        }
        else
        {
            older->Next = chunk->Next;
        }

        if (_newest[queue] == reference)
        {
            _newest[queue] = older == null ? 0 : _arena.ReferenceOf((byte*)older);
        }

        _allocator.Free((byte*)chunk);
        _chunks--;
    }

    private void FreeOldest(int queue, Chunk* chunk)
    {
        uint reference = _oldest[queue];
        if (_cleanedQueue == queue && _cleanedChunk == reference)
        {
            _cleanedChunk = 0;
        }

        Unlink(queue, null, chunk, reference);
    }

    private void Show(int queue)
    {
        uint oldest = _oldest[queue];
        _leastQueue = Unknown;
        _least[queue] = oldest == 0 ? int.MaxValue : int.MinValue;
        if (oldest != 0)
        {
            Chunk* chunk = At(oldest);
            _ranks[queue] = (uint)chunk->Nodes[chunk->First] & ~((1u << RankShift) - 1);
        }
    }

    // A higher floor is nearer to all ranks alike, so only another oldest node makes another queue the one.
    private int QueueWithLeast() => _leastQueue == Unknown ? _leastQueue = FindQueueWithLeast() : _leastQueue;

    private int FindQueueWithLeast()
    {
        ref uint ranks = ref MemoryMarshal.GetArrayDataReference(_ranks);
        ref int least = ref MemoryMarshal.GetArrayDataReference(_least);
        ref uint order = ref MemoryMarshal.GetArrayDataReference(_order);
        Vector256<uint> floor = Vector256.Create(Floor << RankShift);
        Vector256<int> minimum = Vector256.Create(int.MaxValue);
        for (nuint i = 0; i < (nuint)_inUse; i += (nuint)Vector256<int>.Count)
        {
            minimum = Vector256.Min(minimum, Distances(ref ranks, ref least, ref order, floor, i));
        }

        Vector128<int> half = Vector128.Min(minimum.GetLower(), minimum.GetUpper());
        int smallest = Math.Min(Math.Min(half[0], half[1]), Math.Min(half[2], half[3]));
        if (smallest == int.MaxValue)
        {
            return -1;
        }

        Vector256<int> wanted = Vector256.Create(smallest);
        for (nuint i = 0; ; i += (nuint)Vector256<int>.Count)
        {
            Debug.Assert(i < (nuint)_inUse, "The minimum stands somewhere.");
            uint lanes = Vector256.Equals(wanted, Distances(ref ranks, ref least, ref order, floor, i)).ExtractMostSignificantBits();
            if (lanes != 0)
            {
                return (int)i + BitOperations.TrailingZeroCount(lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Distances(ref uint ranks, ref int least, ref uint order, Vector256<uint> floor, nuint at) => Vector256.Max(
        ((Vector256.LoadUnsafe(ref ranks, at) - floor) | Vector256.LoadUnsafe(ref order, at)).AsInt32(),
        Vector256.LoadUnsafe(ref least, at));

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Chunk
    {
        public uint Next;
        public ushort First;
        public ushort End;
        public fixed ulong Nodes[NodesOfChunk];
    }
}

/// <summary>A node taken from its queue.</summary>
/// <param name="Queue">That queue.</param>
/// <param name="Hash">The entry's slot hash.</param>
/// <param name="Database">Its database.</param>
/// <param name="Tag">What its slot must bear.</param>
/// <param name="Rank">Its rank, mod 2^26.</param>
internal readonly record struct QueuedEntry(int Queue, uint Hash, int Database, uint Tag, uint Rank);

/// <summary>Says which nodes are still wanted.</summary>
internal interface IQueueCleaner
{
    bool Keep(in QueuedEntry entry);
}
