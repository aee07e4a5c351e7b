using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>About how often the keys of a shard were used lately, those evicted included: fingerprints with counts of 4 bits.</summary>
/// <remarks>
/// A key's line is looked through by two vector comparisons, and is one cache miss:
/// <code>
///   line, 64 bytes:  31 x u16: fingerprint of 12 bits, never 0 | count of 4 bits, 0 = free        u16: where the hand stands
/// </code>
/// A key that isn't there takes the place at the hand. On its way the hand takes one from every count above 1 and forgets the first key with less (GCLOCK, Smith 1978), so a key's memory fades the sooner the more
/// new keys come. About two places an entry: once all entries are counted, as many keys that are gone are still known.
/// <para>
/// A count-min sketch of the same 4 bytes an entry counted five of six new keys of a scan as old ones, because a counter is shared by all keys that fall on it; here a new key is taken for another with a
/// chance of 1 in 130 (31 places, 4,095 fingerprints). What this meant for hits: docs/eviction.md.
/// </para>
/// It takes 2.7 to 5.3 bytes an entry and doubles with the entries; a doubled sketch says of every key what the smaller one said.
/// Doubling passes over all of it. It is a span of its own, of whole units of 4 KB.
/// </remarks>
internal sealed unsafe class FrequencySketch
{
    /// <summary>The highest count.</summary>
    public const int Most = 15;

    private const int LineBytes = 64;
    private const int EntriesOfLine = LineBytes / 4;
    private const int Places = 31;
    private const int CountBits = 4;

    private readonly BlockAllocator _allocator;
    private byte* _lines;
    private uint _mask;

    public FrequencySketch(BlockAllocator allocator, long entries)
    {
        _allocator = allocator;
        uint lines = BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(entries * 2 / (3 * EntriesOfLine), 1, 1 << 28));
        _lines = Allocate(lines);
        _mask = lines - 1;
        new Span<byte>(_lines, (int)lines * LineBytes).Clear();
    }

    /// <summary>Entries for which it is large enough.</summary>
    public long Entries => (_mask + 1L) * EntriesOfLine;

    /// <summary>Native bytes held.</summary>
    public long Bytes => _allocator.CapacityOf(_lines);

    /// <summary>Counts a use of a key.</summary>
    /// <returns>Its uses, this one included, 1 to 15.</returns>
    public int Add(uint hash)
    {
        ushort* line = LineOf(hash, out uint fingerprint);
        int place = PlaceOf(line, fingerprint);
        if (place < 0)
        {
            line[FreePlace(line)] = (ushort)((fingerprint << CountBits) | 1);
            return 1;
        }

        int count = line[place] & Most;
        if (count < Most)
        {
            line[place]++;
            count++;
        }

        return count;
    }

    /// <summary>A key's uses, 0 to 15.</summary>
    public int Estimate(uint hash)
    {
        ushort* line = LineOf(hash, out uint fingerprint);
        int place = PlaceOf(line, fingerprint);
        return place < 0 ? 0 : line[place] & Most;
    }

    /// <summary>Asks the processor for a key's line.</summary>
    public void Prefetch(uint hash) => CacheLines.Prefetch((byte*)LineOf(hash, out _));

    /// <summary>Doubles it. What it says doesn't change.</summary>
    public void Grow()
    {
        int bytes = ((int)_mask + 1) * LineBytes;
        byte* lines = Allocate((_mask + 1) * 2);
        Buffer.MemoryCopy(_lines, lines, bytes, bytes);
        Buffer.MemoryCopy(_lines, lines + bytes, bytes, bytes);
        _allocator.Free(_lines);
        _lines = lines;
        _mask = (_mask * 2) + 1;
    }

    /// <summary>Halves its size: where the keys of two lines don't fit into one, those with lower counts are forgotten.</summary>
    public void Shrink()
    {
        if (_mask == 0)
        {
            return;
        }

        uint half = (_mask + 1) / 2;
        byte* lines = Allocate(half);
        Buffer.MemoryCopy(_lines, lines, half * LineBytes, half * LineBytes);
        for (uint i = 0; i < half; i++)
        {
            Merge((ushort*)(_lines + ((long)(half + i) * LineBytes)), (ushort*)(lines + ((long)i * LineBytes)));
        }

        _allocator.Free(_lines);
        _lines = lines;
        _mask /= 2;
    }

    /// <summary>Gives its memory back.</summary>
    public void Free() => _allocator.Free(_lines);

    private byte* Allocate(uint lines) => _allocator.AllocateSpan((long)lines * LineBytes);

    // The slot hash chooses the bucket by its low bits, so neighbours in a bucket would share lines: it is mixed first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ushort* LineOf(uint hash, out uint fingerprint)
    {
        ulong mixed = hash * 0x9E37_79B9_7F4A_7C15UL;
        fingerprint = Math.Max((uint)(mixed >> 24) & 0xFFF, 1);
        return (ushort*)(_lines + ((long)((uint)(mixed >> 36) & _mask) * LineBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int PlaceOf(ushort* line, uint fingerprint)
    {
        Vector256<ushort> wanted = Vector256.Create((ushort)(fingerprint << CountBits));
        Vector256<ushort> keys = Vector256.Create(unchecked((ushort)~Most));
        uint low = Vector256.Equals(Vector256.Load(line) & keys, wanted).ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.Load(line + Vector256<ushort>.Count) & keys, wanted).ExtractMostSignificantBits();
        uint places = (low | (high << Vector256<ushort>.Count)) & ~(1u << Places);
        return places == 0 ? -1 : BitOperations.TrailingZeroCount(places);
    }

    private static void Merge(ushort* from, ushort* into)
    {
        int free = 0;
        for (int i = 0; i < Places; i++)
        {
            int count = from[i] & Most;
            int place = count == 0 ? -1 : PlaceOf(into, (uint)from[i] >> CountBits);
            while (count > 0 && place < 0 && free < Places && (into[free] & Most) != 0)
            {
                free++;
            }

            place = place >= 0 ? place : free < Places ? free : i;
            if (count > (into[place] & Most))
            {
                into[place] = from[i];
            }
        }
    }

    // At most 14 rounds, since every step takes one from a count, and few in the mean: each new key leaves as much behind as it takes.
    private static int FreePlace(ushort* line)
    {
        int hand = line[Places];
        while (true)
        {
            int place = hand;
            hand = hand == Places - 1 ? 0 : hand + 1;
            if ((line[place] & Most) <= 1)
            {
                line[Places] = (ushort)hand;
                return place;
            }

            line[place]--;
        }
    }
}
