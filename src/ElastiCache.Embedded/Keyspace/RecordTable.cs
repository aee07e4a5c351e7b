using System.Numerics;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>A hash table of records, open to readers without a lock and growing a few buckets at a time.</summary>
/// <remarks>
/// <code>
///   TableWord -> directory: u32 chunk references -> chunk: up to 256 buckets of 64 bytes -> slot -> record
/// </code>
/// <b>Where an entry is.</b> Its <i>home</i> is the bucket that the low bits of its slot hash name. If that is full it stands in the next
/// bucket of the chunk with room (wrapping around inside the chunk), and each full bucket on the way counts it in
/// <c>overflow</c>; a search stops at the first bucket whose overflow is 0. (The scheme of F14, Bronson and Shi 2019, with seven
/// slots of full hash instead of fourteen tags.)
/// <para>
/// <b>Growth</b> is linear hashing (Litwin 1980): bucket s is split into s and s + L, for s = 0, 1, 2 …, and then L doubles. The slot
/// knows 32 bits of hash, so a split never touches a record. Litwin splits one bucket an overflow, which leaves the unsplit ones
/// twice as full for most of the time; here a round begins when the table is 85 % full and every insertion splits four
/// buckets until the round is over, so buckets are uneven only briefly. No insertion does more than that, however
/// large the table is: growing has no pause. Below one chunk the table is simply rebuilt at twice the size (at most 16 KB).
/// Shrinking merges in the same way, below 20 % of fullness, and a chunk that is no longer needed is freed.
/// </para>
/// <para><b>Invariants for readers</b> (they hold no lock; see <see cref="OptimisticReader"/>):</para>
/// <list type="number">
/// <item>A slot is written by one 64-bit store. A record is complete before its slot is published.</item>
/// <item>The version of an entry's <i>home</i> bucket changes after its slot was replaced or cleared and before its record is freed.</item>
/// <item>While entries move between buckets the home's version is odd.</item>
/// <item>Before memory of buckets or directories is freed, the directory word has changed for good.</item>
/// <item>A bucket number changes its meaning only together with <c>Buckets</c> or the directory word.</item>
/// </list>
/// So a hit holds if home version and directory word are unchanged after the copy, and a miss if <c>Buckets</c> is unchanged as well.
/// Writers hold the shard's lock.
/// </remarks>
internal sealed unsafe class RecordTable
{
    /// <summary>Buckets in a full chunk.</summary>
    public const int ChunkBuckets = 256;

    internal const int SplitsAnInsertion = 4;
    internal const int GrowPercent = 85;
    private const int ShrinkPercent = 40;     // of the smaller size that shrinking aims at

    private readonly Arena _arena;
    private BucketDirectory _chunks;
    private bool _keepsBuckets;

    /// <summary>Makes an empty table that takes no memory until its first entry.</summary>
    public RecordTable(Arena arena, BlockAllocator allocator, TableWord* word)
    {
        _arena = arena;
        _chunks = new BucketDirectory(arena, allocator, word);
    }

    /// <summary>The number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>The number of buckets.</summary>
    public uint Buckets => _chunks.Buckets;

    /// <summary>Native bytes of buckets and directory.</summary>
    public long Bytes => _chunks.Bytes;

    /// <summary>The home bucket of a hash in a table of so many buckets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint HomeIndex(uint hash, uint buckets)
    {
        uint high = (uint)(((1UL << 32) - 1) >> BitOperations.LeadingZeroCount(buckets));   // 2L - 1
        uint index = hash & high;

        // Without a branch: a hash is beyond the last bucket or not as a coin falls, and every second look-up would be mispredicted.
        uint isBeyond = (uint)((int)(buckets - 1 - index) >> 31);
        return index & ~(isBeyond & (high ^ (high >> 1)));
    }

    /// <summary>Finds the entry of a key.</summary>
    public bool TryFind(in KeyProbe key, out SlotPosition position)
    {
        if (_chunks.Buckets != 0)
        {
            for (var walk = new BucketWalk(_chunks, HomeIndex(key.SlotHash, _chunks.Buckets)); ;)
            {
                for (uint lanes = Bucket.LanesWith(walk.Current, key.SlotHash); lanes != 0; lanes &= lanes - 1)
                {
                    int slot = Bucket.SlotOfLane(BitOperations.TrailingZeroCount(lanes));
                    uint reference = (uint)*Bucket.SlotAt(walk.Current, slot);
                    if (reference != 0 && RecordIs(_arena.At(reference), key))
                    {
                        position = new SlotPosition(walk.Home, walk.Current, slot);
                        return true;
                    }
                }

                if (!walk.MoveNext())
                {
                    break;
                }
            }
        }

        position = default;
        return false;
    }

    /// <summary>Finds the slot that refers to a record whose hash is known.</summary>
    public bool TryFind(uint hash, uint reference, out SlotPosition position)
    {
        var refers = new RefersTo(reference);
        return TryFindSlot(hash, ref refers, out position);
    }

    /// <summary>Finds the entry with this slot hash and tag, without a look at its record.</summary>
    public bool TryFindTagged(uint hash, uint tag, out SlotPosition position)
    {
        var bears = new BearsTag(tag);
        return TryFindSlot(hash, ref bears, out position);
    }

    /// <summary>The first entry with this slot hash whose record is accepted.</summary>
    public bool TryFind<TFilter>(uint hash, ref TFilter filter, out SlotPosition position)
        where TFilter : struct, IRecordFilter
    {
        var record = new RecordPasses<TFilter>(_arena, ref filter);
        return TryFindSlot(hash, ref record, out position);
    }

    /// <summary>Adds an entry whose key isn't there yet. May move other entries: positions found before are void.</summary>
    public void Add(uint hash, uint reference, uint tag)
    {
        if (_chunks.Buckets == 0)
        {
            Rebuild(1);
        }

        Put(hash, reference, tag << 1);
        Count++;
        GrowIfFull();
    }

    /// <summary>Lets a slot refer to another record. The old record may be freed afterwards.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Replace(in SlotPosition position, uint reference)
    {
        ulong* slot = position.Slot;
        Volatile.Write(ref *slot, (*slot & 0xFFFF_FFFF_0000_0000) | reference);
        Bucket.Bump(position.Home);
    }

    /// <summary>Removes an entry; its record may be freed afterwards. No other entry moves.</summary>
    public void Remove(in SlotPosition position)
    {
        uint hash = (uint)(*position.Slot >> 32);
        Volatile.Write(ref *position.Slot, 0);
        Bucket.SetAccess(position.Bucket, position.SlotIndex, 0);
        Bucket.Bump(position.Home);
        UncountPath(HomeIndex(hash, _chunks.Buckets), position.Bucket);
        Count--;
    }

    /// <summary>Does not shrink from now on, and has the buckets that so many entries will need if it has none; with 0 it may shrink again.</summary>
    public void Reserve(long entries)
    {
        _keepsBuckets = entries > 0;
        if (_chunks.Buckets == 0)
        {
            Rebuild((uint)TableGeometry.BucketsFor(entries));
        }
    }

    /// <summary>Merges some buckets if the table has become too large. Positions found before are void.</summary>
    /// <returns>Whether there is more to merge.</returns>
    public bool ShrinkStep(int buckets)
    {
        for (int i = 0; i < buckets && IsTooLarge; i++)
        {
            if (_chunks.Buckets <= ChunkBuckets)
            {
                Rebuild(Count == 0 ? 0 : _chunks.Buckets / 2);
            }
            else
            {
                MergeLast();
            }
        }

        return IsTooLarge;
    }

    /// <summary>The bucket with a number, for walks in table order (the evictor's hand, random keys).</summary>
    public Bucket* BucketAt(uint index) => _chunks[index];

    /// <summary>The home bucket of an entry that stands somewhere.</summary>
    public Bucket* HomeOf(uint hash) => BucketAt(HomeIndex(hash, _chunks.Buckets));

    /// <summary>Visits the entries at a position of the scan order and returns the next position, 0 at the end.</summary>
    /// <remarks>
    /// The order is that of the slot hash read backwards, bit by bit. Every bucket stands for an interval of it, and splitting
    /// or merging only divides or joins intervals, so a walk that goes on later, in a table of another size, visits every
    /// entry that was there all the time at least once. (The idea of Redis's dictScan, Pieter Noordhuis.)
    /// </remarks>
    public uint Scan<TVisitor>(uint position, ref TVisitor visitor)
        where TVisitor : struct, IRecordVisitor, allows ref struct => Walk<TVisitor, ShowsRecord<TVisitor>>(position, ref visitor);

    /// <summary>As <see cref="Scan"/>, for those who want the slots. The visitor may change an entry's tag, and nothing else.</summary>
    public uint ScanSlots<TVisitor>(uint position, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor, allows ref struct => Walk<TVisitor, ShowsSlot<TVisitor>>(position, ref visitor);

    private uint Walk<TVisitor, TShown>(uint position, ref TVisitor visitor)
        where TVisitor : struct, allows ref struct
        where TShown : struct, IShown<TVisitor>
    {
        if (_chunks.Buckets == 0)
        {
            return 0;
        }

        uint index = HomeIndex(ScanOrder.Reverse(position), _chunks.Buckets);
        for (var walk = new BucketWalk(_chunks, index); ;)
        {
            for (int slot = 0; slot < Bucket.Slots; slot++)
            {
                ulong content = *Bucket.SlotAt(walk.Current, slot);
                uint hash = (uint)(content >> 32);
                if (content != 0 && HomeIndex(hash, _chunks.Buckets) == index && ScanOrder.Reverse(hash) >= position)
                {
                    TShown.Show(_arena, new SlotPosition(walk.Home, walk.Current, slot), ref visitor);
                }
            }

            if (!walk.MoveNext())
            {
                break;
            }
        }

        int depth = DepthOf(index);
        return depth == 0 ? 0 : unchecked((position | (uint)(0xFFFF_FFFFUL >> depth)) + 1);
    }

    /// <summary>Takes the entries out as a table of their own and leaves this one empty. For FLUSHDB: readers see it at once.</summary>
    public DetachedTable Detach(CollectionRegistry? collections = null)
    {
        Count = 0;
        return _chunks.Detach(collections);
    }

    /// <summary>Exchanges the contents of two tables, as SWAPDB does. Both tables' shard is locked.</summary>
    public void Swap(RecordTable other)
    {
        _chunks.Swap(ref other._chunks);
        (Count, other.Count) = (other.Count, Count);
    }

    /// <summary>Makes readers without a lock wait for the shard's lock, or lets them in again: a transaction's writes must appear as one.</summary>
    public void SetHidden(bool isHidden) => _chunks.SetHidden(isHidden);

    private bool TryFindSlot<TFilter>(uint hash, ref TFilter filter, out SlotPosition position)
        where TFilter : struct, ISlotFilter, allows ref struct
    {
        if (_chunks.Buckets != 0)
        {
            for (var walk = new BucketWalk(_chunks, HomeIndex(hash, _chunks.Buckets)); ;)
            {
                for (uint lanes = Bucket.LanesWith(walk.Current, hash); lanes != 0; lanes &= lanes - 1)
                {
                    position = new SlotPosition(walk.Home, walk.Current, Bucket.SlotOfLane(BitOperations.TrailingZeroCount(lanes)));
                    if (position.Reference != 0 && filter.Accepts(position))
                    {
                        return true;
                    }
                }

                if (!walk.MoveNext())
                {
                    break;
                }
            }
        }

        position = default;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool RecordIs(byte* record, in KeyProbe key)
    {
        Record.Measure(record, Record.HeaderOf(record), out byte* start, out int length, out _);
        return length == key.Length && key.Matches(start);
    }

    private uint LowerHalf() => BitOperations.IsPow2(_chunks.Buckets) ? _chunks.Buckets / 2 : 1u << BitOperations.Log2(_chunks.Buckets);

    public bool IsTooLarge => !_keepsBuckets && (_chunks.Buckets > 1
        ? Count * 100L < (long)LowerHalf() * Bucket.Slots * ShrinkPercent
        : _chunks.Buckets == 1 && Count == 0);

    // How many low bits of the hash decide on this bucket.
    private int DepthOf(uint index)
    {
        uint low = 1u << BitOperations.Log2(_chunks.Buckets);
        int lowBits = BitOperations.Log2(low);
        bool isSplit = index >= low || index + low < _chunks.Buckets;
        return isSplit ? lowBits + 1 : lowBits;
    }

    private void Put(uint hash, uint reference, uint access)
    {
        while (!TryPut(hash, reference, access))
        {
            SplitOneChunk();
        }
    }

    // False, and nothing changed, if the chunk is full.
    private bool TryPut(uint hash, uint reference, uint access)
    {
        var walk = new BucketWalk(_chunks, HomeIndex(hash, _chunks.Buckets));
        do
        {
            int slot = Bucket.EmptySlot(walk.Current);
            if (slot >= 0)
            {
                Bucket.SetAccess(walk.Current, slot, access);
                Volatile.Write(ref *Bucket.SlotAt(walk.Current, slot), Bucket.Pack(hash, reference));
                return true;
            }

            Bucket.CountOverflow(walk.Current);
        }
        while (walk.StepUnlessAround());

        do
        {
            Bucket.UncountOverflow(walk.Current);
        }
        while (walk.StepUnlessAround());
        return false;
    }

    // At 85 % on average a chunk is full only by a chance of five to seven standard deviations: once in thousands of fills of ten
    // million entries. Then the present round of splits, or the next, goes on at once until it has passed that chunk.
    private void SplitOneChunk()
    {
        if (_chunks.Buckets > Math.Max(64 * ChunkBuckets, 16 * (uint)Count))
        {
            throw new InvalidOperationException($"More than {ChunkBuckets * Bucket.Slots} of {Count} keys have the same keyed hash.");
        }

        do
        {
            Split();
        }
        while ((_chunks.Buckets & (ChunkBuckets - 1)) != 0);
    }

    private void UncountPath(uint home, Bucket* end)
    {
        for (var walk = new BucketWalk(_chunks, home); walk.Current != end; walk.Step())
        {
            Bucket.UncountOverflow(walk.Current);
        }
    }

    private void GrowIfFull()
    {
        uint low = 1u << BitOperations.Log2(_chunks.Buckets);
        if (Count * 100L <= (long)low * Bucket.Slots * GrowPercent)
        {
            return;
        }

        if (_chunks.Buckets < ChunkBuckets)
        {
            Rebuild(_chunks.Buckets * 2);
            return;
        }

        for (int i = 0; i < SplitsAnInsertion && (i == 0 || !BitOperations.IsPow2(_chunks.Buckets)); i++)
        {
            Split();
        }
    }

    // Bucket s = n - L becomes s and n.
    private void Split()
    {
        uint low = 1u << BitOperations.Log2(_chunks.Buckets);
        uint source = _chunks.Buckets - low;
        uint target = _chunks.Buckets;
        _chunks.PrepareNext();

        Bucket* home = BucketAt(source);
        Bucket.BeginChange(home);
        for (var walk = new BucketWalk(_chunks, source); ;)
        {
            bool more = walk.HasNext;       // taking entries out lowers the counts on the path
            for (int slot = 0; slot < Bucket.Slots; slot++)
            {
                ulong content = *Bucket.SlotAt(walk.Current, slot);
                uint hash = (uint)(content >> 32);
                bool goes = (hash & low) != 0;
                if (content != 0 && HomeIndex(hash, _chunks.Buckets) == source && (goes || walk.Current != home))
                {
                    // What stays but had to stand further along comes home: there is room now, and searches end here again.
                    uint access = Bucket.AccessOf(walk.Current, slot);
                    *Bucket.SlotAt(walk.Current, slot) = 0;
                    Bucket.SetAccess(walk.Current, slot, 0);
                    UncountPath(source, walk.Current);
                    PutFrom(goes ? target : source, content, access);
                }
            }

            if (!more || !walk.StepUnlessAround())
            {
                break;
            }
        }

        // A reader may have met this bucket empty before: between the merge that emptied it and now.
        Bucket.Bump(BucketAt(target));
        _chunks.Grow();
        Bucket.EndChange(home);
    }

    // The last bucket's entries go back to the one it was split from.
    private void MergeLast()
    {
        uint last = _chunks.Buckets - 1;
        uint low = 1u << BitOperations.Log2(last);
        uint target = last - low;
        Bucket* from = BucketAt(last);
        Bucket* home = BucketAt(target);
        Bucket.BeginChange(from);
        Bucket.BeginChange(home);
        for (var walk = new BucketWalk(_chunks, last); ;)
        {
            bool more = walk.HasNext;
            for (int slot = 0; slot < Bucket.Slots; slot++)
            {
                ulong content = *Bucket.SlotAt(walk.Current, slot);
                if (content != 0 && HomeIndex((uint)(content >> 32), _chunks.Buckets) == last)
                {
                    uint access = Bucket.AccessOf(walk.Current, slot);
                    *Bucket.SlotAt(walk.Current, slot) = 0;
                    Bucket.SetAccess(walk.Current, slot, 0);
                    UncountPath(last, walk.Current);
                    PutFrom(target, content, access);
                }
            }

            if (!more || !walk.StepUnlessAround())
            {
                break;
            }
        }

        _chunks.Shrink();
        Bucket.EndChange(home);
        Bucket.EndChange(from);
        _chunks.FreeUnusedChunk();
    }

    private void PutFrom(uint home, ulong content, uint access)
    {
        for (var walk = new BucketWalk(_chunks, home); ; walk.Step())
        {
            int slot = Bucket.EmptySlot(walk.Current);
            if (slot >= 0)
            {
                Bucket.SetAccess(walk.Current, slot, access);
                *Bucket.SlotAt(walk.Current, slot) = content;
                return;
            }

            Bucket.CountOverflow(walk.Current);
        }
    }

    // Only for tables of at most one chunk; they may become larger if they are empty.
    private void Rebuild(uint buckets)
    {
        BucketDirectory old = _chunks.Begin(buckets);
        for (uint i = 0; i < old.Buckets; i++)
        {
            Bucket* bucket = old[i];
            bucket->Version |= 1;     // for good: a reader that is still here starts again
            for (int slot = 0; slot < Bucket.Slots; slot++)
            {
                ulong content = *Bucket.SlotAt(bucket, slot);
                if (content != 0)
                {
                    PutFrom(HomeIndex((uint)(content >> 32), buckets), content, Bucket.AccessOf(bucket, slot));
                }
            }
        }

        _chunks.Publish();
        old.Free();
    }
}
