using System.Diagnostics;
using System.Numerics;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Tells which keys of a shard may have expired: a hierarchical timing wheel of 8-byte nodes.</summary>
/// <remarks>
/// <para>
/// A heap of deadlines costs O(log n) for every SET with an expiry. A timing wheel (Varghese and Lauck, "Hashed and Hierarchical
/// Timing Wheels", SOSP 1987, scheme 7) costs O(1): time is cut into ticks of 128 ms, and a deadline is thrown into the slot of
/// its tick. Five wheels, each 64 times coarser than the one before, reach half a year ahead with 272 slots:
/// <code>
///   level   a slot is   the level spans      bits of the tick
///     0      128 ms       8.2 s                0..5
///     1      8.2 s        8.7 min              6..11
///     2      8.7 min      9.3 h               12..17
///     3      9.3 h        24.9 days           18..23
///     4     24.9 days     398 days            24..27    16 slots; only half of them lie ahead
///
///   level 0  |.|.|.|x|x|.|x|..         the position stands in one slot of each level
///                   ^ position
///   level 1  |.|.|X|X|.|X|..           when it enters a slot of a higher level, that slot's nodes are thrown
///                 ^                    again, by their own ticks, into the finer slots below ("cascade")
/// </code>
/// The level of a tick is that of the highest bit in which it differs from the position. So a level holds only what lies ahead in
/// the same slot of the level above, the first occupied slot of the lowest occupied level is always the next event, and
/// one bit a slot finds it: a clock that jumps over months costs a few instructions, and not one for each tick.
/// A node is moved four times at most, then fires.
/// </para>
/// <para>
/// A node is a word: nothing in it points to a record, because records move and are freed.
/// <code>
///   63 ........... 32 31 .... 28 27 ............ 0       chunk, 128 bytes:  0  u32  next chunk of the slot
///   slot hash of key   database   tick, mod 2^28                            4  u32  nodes in this chunk, 1..15
///                                                                           8       15 nodes
/// </code>
/// A slot is a chain of chunks; only the first may have room, and nodes come and go there. A deadline is rounded up to a tick, so a
/// fired node's deadline has passed. One beyond the horizon of 2^27 ticks (199 days) is filed at the horizon and fires early.
/// </para>
/// <para>
/// <b>No way back.</b> A record does not know its node, so DEL, eviction and PERSIST leave the node behind; it is ignored when it fires.
/// Unlinking would need 8 bytes in each record and 8 in each node, and a cache miss at every overwrite. What the owner keeps instead is
/// the one byte that <see cref="Add"/> returns, the mark (the tick's low byte), in the record. The rules, all under the shard's lock:
/// <list type="bullet">
/// <item>A key gets a deadline: <c>mark = Add(…)</c>.</item>
/// <item>The deadline moves: to a sooner tick (<see cref="IsSooner"/>), <c>mark = Add(…)</c>; to a later one, nothing. Thus a
/// session that is refreshed a thousand times has one node, which fires early once in a time to live.</item>
/// <item>Due: a key that has expired goes. One that lives on and bears this mark: <c>mark = Add(…)</c> with its present deadline.
/// Any other mark belongs to a node left behind: ignore it.</item>
/// <item>Nodes exceed twice the expiring keys: a few steps of <see cref="Clean"/>, which keeps a node if its key is there with this mark.
/// </item>
/// </list>
/// Hence each key has a node that fires no later than a tick after its deadline. Without the marks, a key deleted and set a thousand
/// times would have a thousand nodes that can't be told apart, each of them re-armed for as long as the key lives. A mark that agrees by
/// chance (one in 256) costs one visit more. Several keys can share a hash: every one of them is to be looked at.
/// What Clean does not find: a key deleted and set again to the very same deadline has two equal nodes until they fire.
/// </para>
/// <para>FLUSHDB needs no call: its keys are gone, so their nodes are ignored, or dropped by Clean. Not thread-safe: the shard's lock guards it.</para>
/// </remarks>
internal sealed unsafe class ExpiryWheel<TMemory>
    where TMemory : struct, IWheelMemory
{
    /// <summary>Milliseconds a tick.</summary>
    public const int TickMilliseconds = 1 << TickBits;

    /// <summary>How far ahead a node can lie, in ticks. Half of what 28 bits tell apart, so that ahead and behind never meet.</summary>
    public const long HorizonTicks = 1L << 27;

    private const int TickBits = 7;
    private const uint TickMask = (1 << 28) - 1;
    private const int Levels = 5;
    private const int TopLevel = Levels - 1;
    private const int LevelBits = 6;
    private const int SlotsOfLevel = 1 << LevelBits;
    private const int TopLevelMask = 15;
    private const int Slots = (TopLevel * SlotsOfLevel) + TopLevelMask + 1;
    private const int NodesOfChunk = 15;

    private readonly uint[] _heads = new uint[Slots];
    private readonly ulong[] _occupied = new ulong[Levels];
    private TMemory _memory;
    private DatabasePermutation _databases = new();
    private long _chunks;

    // Invariants between calls. P = _position.
    // 1. Every node's tick T has P <= T <= P + HorizonTicks, and T = P only in a slot that Advance has not finished.
    // 2. The node is in slot SlotOf(T) as computed from the present P, or in a slot of a higher level in which P stands
    //    (Advance was interrupted in the middle of its cascade). No new node ever goes into such a slot.
    // 3. P <= _newest, and nothing is due at or before _newest if they are equal and no slot at P holds a node.
    // 4. Of a slot's chunks only the first is not full.
    private long _position;
    private long _newest;

    // Where Clean stopped; chunk 0 = before the slot that follows _handSlot.
    private int _handSlot;
    private uint _handChunk;
    private uint _handIndex;

    /// <summary>Creates an empty wheel at a time; it takes no native memory until a node is added.</summary>
    public ExpiryWheel(TMemory memory, long nowUnixMs)
    {
        _memory = memory;
        _position = _newest = nowUnixMs >> TickBits;
    }

    /// <summary>Nodes held, those left behind by deleted keys included.</summary>
    public long Nodes { get; private set; }

    /// <summary>Native bytes held: 128 a chunk.</summary>
    public long Bytes => _chunks * sizeof(Chunk);

    /// <summary>Files a key under its deadline. O(1); may take one chunk of memory, and changes nothing if that fails.</summary>
    /// <param name="hash">The 32 bits by which the owner can find the key again.</param>
    /// <param name="database">0 to 15.</param>
    /// <param name="deadlineUnixMs">Any value: what has already passed fires at the tick after the newest <see cref="Advance"/>.</param>
    /// <returns>The node's mark, for the owner to keep in the record.</returns>
    public byte Add(uint hash, int database, long deadlineUnixMs)
    {
        Debug.Assert((uint)database < DatabasePermutation.Count, "There are 16 databases.");
        uint tick = (uint)TickOf(deadlineUnixMs) & TickMask;
        Push(SlotOf(tick), ((ulong)hash << 32) | ((ulong)_databases.Stored(database) << 28) | tick);
        Nodes++;
        return (byte)tick;
    }

    /// <summary>Whether a node for <paramref name="deadlineUnixMs"/> would fire before one for <paramref name="armedUnixMs"/>.</summary>
    public bool IsSooner(long deadlineUnixMs, long armedUnixMs) => TickOf(deadlineUnixMs) < TickOf(armedUnixMs);

    /// <summary>Whether both deadlines would be filed in the same slot now.</summary>
    /// <remarks>
    /// They need not fire together: nodes of a slot above level 0 part when it cascades. To decide whether a changed deadline needs
    /// a node, use <see cref="IsSooner"/>: relying on this would let a shortened deadline fire late by up to a slot's width.
    /// </remarks>
    public bool SameSlot(long deadlineA, long deadlineB) =>
        SlotOf((uint)TickOf(deadlineA) & TickMask) == SlotOf((uint)TickOf(deadlineB) & TickMask);

    /// <summary>Follows the clock and reports each node whose tick has come.</summary>
    /// <remarks>
    /// The sink may call <see cref="Add"/>, <see cref="Clear"/> and <see cref="SwapDatabases"/>; what it adds never fires in the same
    /// call, unless the clock has jumped by more than the horizon. If it throws, the node it was given is gone and the wheel is sound.
    /// </remarks>
    /// <param name="nowUnixMs">The time. Less than at an earlier call counts as that earlier time.</param>
    /// <param name="maxNodes">How many nodes to visit at most; a visit reports a node or moves it to a finer slot.</param>
    /// <param name="sink">Is told of the due nodes, in no order within a tick.</param>
    /// <returns>Whether there is more to do at this time: call again soon.</returns>
    public bool Advance<TSink>(long nowUnixMs, int maxNodes, ref TSink sink)
        where TSink : struct, IExpirySink, allows ref struct
    {
        _newest = Math.Max(_newest, nowUnixMs >> TickBits);
        do
        {
            for (int slot = SlotAtPosition(); slot >= 0; slot = SlotAtPosition())
            {
                for (; _heads[slot] != 0; maxNodes--)
                {
                    if (maxNodes <= 0)
                    {
                        return true;
                    }

                    if (slot < SlotsOfLevel)
                    {
                        Fire(slot, ref sink);
                    }
                    else
                    {
                        MoveDown(slot);
                    }
                }
            }
        }
        while (MoveToNextOccupiedSlot());

        return false;
    }

    /// <summary>Walks on over a few nodes and drops those that the cleaner does not want, at most one round of the wheel a call.</summary>
    /// <param name="maxNodes">How many nodes to ask about at most.</param>
    /// <param name="cleaner">Decides; it must not call the wheel.</param>
    /// <returns>How many nodes were dropped.</returns>
    public int Clean<TCleaner>(int maxNodes, ref TCleaner cleaner)
        where TCleaner : struct, IExpiryCleaner, allows ref struct
    {
        int dropped = 0;
        for (long left = Math.Min(maxNodes, Nodes); left > 0; left--)
        {
            MoveHandToNode();
            ulong node = At(_handChunk)->Nodes[_handIndex];
            if (cleaner.Keep((uint)(node >> 32), DatabaseOf(node), (byte)node))
            {
                _handIndex++;
            }
            else
            {
                DropAtHand();
                dropped++;
            }
        }

        return dropped;
    }

    /// <summary>Nodes of either database are the other's from here on. O(1).</summary>
    public void SwapDatabases(int a, int b) => _databases.Swap(a, b);

    /// <summary>Drops every node and frees all memory. O(nodes / 15).</summary>
    public void Clear()
    {
        for (int slot = 0; slot < Slots; slot++)
        {
            while (_heads[slot] != 0)
            {
                FreeHead(slot);
            }
        }

        Nodes = 0;
    }

    // The tick at which a node for the deadline would fire.
    private long TickOf(long deadlineUnixMs)
    {
        long tick = (deadlineUnixMs >> TickBits) + ((deadlineUnixMs & (TickMilliseconds - 1)) != 0 ? 1 : 0);

        // What has passed must not go into the slot that is being emptied, or a sink that re-arms a key to the past would
        // keep Advance busy for ever. The horizon comes last: it guards the arithmetic on ticks.
        return Math.Min(Math.Max(tick, _newest + 1), _position + HorizonTicks);
    }

    private int SlotOf(uint tick)
    {
        uint differing = (tick ^ (uint)_position) & TickMask;
        int level = BitOperations.Log2(differing | 1) / LevelBits;
        return (level * SlotsOfLevel) + (int)((tick >> (level * LevelBits)) & (SlotsOfLevel - 1));
    }

    // The slot of a level in which the position stands.
    private int IndexAtPosition(int level) => (int)(_position >> (level * LevelBits)) & IndexMask(level);

    private static int IndexMask(int level) => level == TopLevel ? TopLevelMask : SlotsOfLevel - 1;

    // Level 0 comes first: what is due goes before what only moves.
    private int SlotAtPosition()
    {
        for (int level = 0; level < Levels; level++)
        {
            int index = IndexAtPosition(level);
            if ((_occupied[level] >> index & 1) != 0)
            {
                return (level * SlotsOfLevel) + index;
            }
        }

        return -1;
    }

    /// <summary>Shows nodes that will fire soonest, slot by slot, in no order within a slot, and drops those that the visitor doesn't keep.</summary>
    /// <param name="nodes">How many at most.</param>
    /// <param name="ticks">How far ahead they are looked for.</param>
    /// <param name="visitor">Takes them, until it has had enough after a slot. It must not change the wheel.</param>
    public void VisitSoonest<TVisitor>(int nodes, int ticks, ref TVisitor visitor)
        where TVisitor : struct, IWheelVisitor, allows ref struct
    {
        for (int level = 0; level < Levels && (level == 0 || ticks >= SlotsOfLevel); level++)
        {
            int position = IndexAtPosition(level);
            for (int ahead = 0; ahead <= Math.Min(IndexMask(level), ticks) && _occupied[level] != 0; ahead++)
            {
                int slot = (level * SlotsOfLevel) + ((position + ahead) & IndexMask(level));
                for (uint chunk = _heads[slot]; chunk != 0 && nodes > 0;)
                {
                    chunk = VisitChunk(slot, chunk, ref nodes, ref visitor) ? At(chunk)->Next : _heads[slot];
                }

                if (nodes == 0 || visitor.HasEnough)
                {
                    return;
                }
            }
        }
    }

    // False if the chunk has been freed: it was the slot's first, and nothing in it was kept.
    private bool VisitChunk<TVisitor>(int slot, uint reference, ref int nodes, ref TVisitor visitor)
        where TVisitor : struct, IWheelVisitor, allows ref struct
    {
        Chunk* chunk = At(reference);
        for (int i = (int)chunk->Count - 1; i >= 0 && nodes > 0; i--, nodes--)
        {
            ulong node = chunk->Nodes[i];
            if (visitor.Keep((uint)(node >> 32), DatabaseOf(node), (byte)node))
            {
                continue;
            }

            // As DropAtHand: the filler has been visited, or is the node itself.
            bool isFirst = reference == _heads[slot];
            ulong filler = Pop(slot);
            Nodes--;
            if (isFirst && reference != _heads[slot])
            {
                nodes--;
                return false;
            }

            chunk->Nodes[i] = filler;
        }

        return true;
    }

    // Called when no slot at the position holds a node. False: the position has reached the present.
    private bool MoveToNextOccupiedSlot()
    {
        for (int level = 0; level < Levels; level++)
        {
            int index = IndexAtPosition(level);
            ulong ahead = _occupied[level] & (~1UL << index);
            if (ahead == 0 && level == TopLevel)
            {
                ahead = _occupied[level]; // only the top level wraps round
            }

            if (ahead != 0)
            {
                int steps = (BitOperations.TrailingZeroCount(ahead) - index) & IndexMask(level);
                long start = ((_position >> (level * LevelBits)) + steps) << (level * LevelBits);
                _position = Math.Min(start, _newest);
                return start <= _newest;
            }
        }

        _position = _newest;
        return false;
    }

    private void Fire<TSink>(int slot, ref TSink sink)
        where TSink : struct, IExpirySink, allows ref struct
    {
        // The node is gone before the sink hears of it, so that the sink may change the wheel.
        ulong node = Pop(slot);
        Nodes--;
        sink.Due((uint)(node >> 32), DatabaseOf(node), (byte)node);
    }

    private void MoveDown(int slot)
    {
        // Pushed first and popped afterwards: nothing is lost if there is no memory for a chunk. The two slots differ, because
        // a tick in the position's own slot of a level differs from the position in a lower level only.
        Chunk* chunk = At(_heads[slot]);
        ulong node = chunk->Nodes[chunk->Count - 1];
        Push(SlotOf((uint)node & TickMask), node);
        Pop(slot);
    }

    private void Push(int slot, ulong node)
    {
        uint head = _heads[slot];
        Chunk* chunk = head == 0 ? null : At(head);
        if (chunk == null || chunk->Count == NodesOfChunk)
        {
            uint added = _memory.Allocate(sizeof(Chunk));
            chunk = At(added);
            chunk->Next = head;
            chunk->Count = 0;
            _heads[slot] = added;
            _occupied[slot / SlotsOfLevel] |= 1UL << (slot % SlotsOfLevel);
            _chunks++;
        }

        chunk->Nodes[chunk->Count++] = node;
    }

    private ulong Pop(int slot)
    {
        Chunk* chunk = At(_heads[slot]);
        ulong node = chunk->Nodes[--chunk->Count];
        if (chunk->Count == 0)
        {
            FreeHead(slot);
        }

        return node;
    }

    private void FreeHead(int slot)
    {
        uint head = _heads[slot];
        uint next = At(head)->Next;
        if (_handChunk == head)
        {
            _handChunk = next;
            _handIndex = 0;
        }

        _heads[slot] = next;
        if (next == 0)
        {
            _occupied[slot / SlotsOfLevel] &= ~(1UL << (slot % SlotsOfLevel));
        }

        _memory.Free(head);
        _chunks--;
    }

    // The hand stays in its chunk while others add and take at the head of the chain; FreeHead moves it off a chunk that goes.
    private void MoveHandToNode()
    {
        while (_handChunk == 0 || _handIndex >= At(_handChunk)->Count)
        {
            _handChunk = _handChunk == 0 ? 0 : At(_handChunk)->Next;
            while (_handChunk == 0) // ends, because Clean asks for no more nodes than there are
            {
                _handSlot = (_handSlot + 1) % Slots;
                _handChunk = _heads[_handSlot];
            }

            _handIndex = 0;
        }
    }

    // The hole is filled with the last node of the chain's first chunk, so that the other chunks stay full.
    private void DropAtHand()
    {
        bool handIsInFirstChunk = _handChunk == _heads[_handSlot];
        Chunk* chunk = At(_handChunk);
        uint hole = _handIndex;
        bool holeIsLast = hole + 1 == chunk->Count;

        ulong filler = Pop(_handSlot);
        Nodes--;
        if (!handIsInFirstChunk)
        {
            // The filler comes from a chunk that the hand has passed: it has been asked about, or is newer than this round.
            chunk->Nodes[hole] = filler;
            _handIndex++;
        }
        else if (!holeIsLast)
        {
            chunk->Nodes[hole] = filler; // still to be asked about: the hand stays
        }
    }

    private int DatabaseOf(ulong node) => _databases.Meant((int)(node >> 28) & (DatabasePermutation.Count - 1));

    private Chunk* At(uint reference) => (Chunk*)_memory.Address(reference);

    private struct Chunk
    {
        public uint Next;
        public uint Count;
        public fixed ulong Nodes[NodesOfChunk];
    }
}

/// <summary>Where an <see cref="ExpiryWheel{TMemory}"/> takes its chunks from: the shard's allocator.</summary>
internal unsafe interface IWheelMemory
{
    /// <summary>Takes a block, aligned to 8 bytes.</summary>
    /// <returns>Its reference, never 0.</returns>
    uint Allocate(int bytes);

    /// <summary>Gives a block back.</summary>
    void Free(uint reference);

    /// <summary>Where the block lies.</summary>
    byte* Address(uint reference);
}

/// <summary>Hears of nodes whose time has come.</summary>
internal interface IExpirySink
{
    /// <summary>Keys with this hash in this database may have expired; one that lives on and has this mark must be added again.</summary>
    void Due(uint hash, int database, byte mark);
}

/// <summary>Looks at nodes.</summary>
internal interface IWheelVisitor : IExpiryCleaner
{
    /// <summary>Whether the nodes of later slots are not wanted.</summary>
    bool HasEnough { get; }
}

/// <summary>Decides which nodes are still of use.</summary>
internal interface IExpiryCleaner
{
    /// <summary>Whether a key with this hash and this mark is in this database.</summary>
    bool Keep(uint hash, int database, byte mark);
}
