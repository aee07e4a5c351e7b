using System.Numerics;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Takes what a read wants of a value. May be called on memory that is being recycled, and again.</summary>
internal interface IValueReader
{
    /// <summary>Looks at the value. What was seen counts only if <see cref="OptimisticReader"/> reports a hit afterwards.</summary>
    /// <param name="value">The value; its length was genuine a moment ago, its bytes may be changing.</param>
    /// <param name="record">Deadline, version, flags.</param>
    void Read(ReadOnlySpan<byte> value, RecordView record);
}

/// <summary>How a read without a lock ended.</summary>
internal enum ReadOutcome
{
    Miss,
    Hit,
    Expired,
    WrongType,
    Disturbed,

    /// <summary>A hit that is to be noted; <see cref="Store"/> does that and says <see cref="Hit"/>.</summary>
    HitToNote,
}

/// <summary>Reads an entry without taking a lock.</summary>
/// <remarks>
/// A sequence lock on the home bucket (Lameter 2005, "seqlock") with one rule more, because memory is recycled:
/// <b>every reference is checked before it is followed, and every length before it is used</b>.
/// <code>
///   directory word ──► chunk reference    [word unchanged?] ──► bucket: version (even), slots
///   slot ──► record   [word unchanged?] ──► header, key     [version unchanged?] ──► lengths are genuine: copy
///                                           after the copy:  [version, word unchanged?] ──► hit
///   nothing found:                          [version, word, bucket count unchanged?] ──► miss
/// </code>
/// A failed check means that a writer was here, and the read starts again; after eight times the caller takes the lock.
/// The barriers before the checks cost nothing on x64; ARM64 needs them.
/// </remarks>
internal static unsafe class OptimisticReader
{
    // Above this a stale key length could reach past the end of the mapped range, so the version is checked first.
    private const int LongKey = 4096;
    private const int Attempts = 8;

    /// <summary>The usual case in few instructions: the key's home bucket decides, by its one slot with this hash or by having none.</summary>
    /// <remarks>
    /// The rules are those of <see cref="Read"/>, and whatever is not usual is left to it. It pays to be short: the processor looks some 300
    /// instructions ahead, so a short look-up waits for memory together with what follows it. A version made even differs from an odd one, so one comparison
    /// tells of both. Benchmark: compare, "get-uniform" and "get-miss".
    /// </remarks>
    /// <returns>As <see cref="Read"/>; <see cref="ReadOutcome.Disturbed"/> also if the case is not usual.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOutcome ReadAtHome<TReader>(TableWord* word, Arena arena, CacheClock clock, scoped in KeyProbe key, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        byte* memory = arena.Base;
        int shift = arena.GranuleShift;
        uint hash = key.SlotHash;
        ulong directory = Volatile.Read(ref word->Directory);
        uint buckets = word->Buckets;
        if ((uint)directory == 0)
        {
            return ReadOutcome.Disturbed;
        }

        uint index = RecordTable.HomeIndex(hash, buckets);
        uint chunkReference = ((uint*)(memory + ((ulong)(uint)directory << shift)))[index / RecordTable.ChunkBuckets];
        Volatile.ReadBarrier();
        if (word->Directory != directory)
        {
            return ReadOutcome.Disturbed;
        }

        Bucket* home = (Bucket*)(memory + ((ulong)chunkReference << shift)) + (index % RecordTable.ChunkBuckets);
        uint lanes = Bucket.LanesWith(home, hash, out ulong bucketHeader);
        uint evenVersion = (uint)bucketHeader & ~1u;
        Volatile.ReadBarrier();
        if (lanes == 0)
        {
            bool mayBeElsewhere = home->Overflow != 0;
            Volatile.ReadBarrier();
            return !mayBeElsewhere && home->Version == evenVersion && word->Directory == directory && word->Buckets == buckets
                ? ReadOutcome.Miss
                : ReadOutcome.Disturbed;
        }

        int lane = BitOperations.TrailingZeroCount(lanes);
        uint reference = Volatile.Read(ref ((uint*)home)[lane - 1]);
        Volatile.ReadBarrier();
        if (word->Directory != directory)
        {
            return ReadOutcome.Disturbed;
        }

        // The value's second line is asked for with the first; its address would otherwise wait for the header.
        byte* record = memory + ((ulong)reference << shift);
        CacheLines.Prefetch(record + Bucket.Bytes);
        ulong header = Record.HeaderOf(record);
        if (!Record.IsShortString(header, key.Length))
        {
            return ReadOutcome.Disturbed;
        }

        byte* storedKey = record + Record.ShortHeadBytes(header);
        if (!key.Matches(storedKey))
        {
            return ReadOutcome.Disturbed;
        }

        long deadline = Record.DeadlineOf(record, header);
        Volatile.ReadBarrier();
        if (home->Version != evenVersion)
        {
            return ReadOutcome.Disturbed;
        }

        if (deadline != Record.NoExpiry && clock.HasPassed(deadline))
        {
            return ReadOutcome.Expired;
        }

        reader.Read(new ReadOnlySpan<byte>(storedKey + key.Length, Record.ShortValueLength(header)), new RecordView(record, header));
        Volatile.ReadBarrier();
        if (home->Version != evenVersion || word->Directory != directory)
        {
            return ReadOutcome.Disturbed;
        }

        return word->Notes == AccessNotes.None ? ReadOutcome.Hit : Note(word->Notes, home, lane, bucketHeader);
    }

    /// <summary>Any case: entries away from home, several of one hash, long lengths, other types, writers at work.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ReadOutcome Read<TReader>(TableWord* word, Arena arena, CacheClock clock, scoped in KeyProbe key, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        byte* memory = arena.Base;
        int shift = arena.GranuleShift;
        uint hash = key.SlotHash;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            ulong directory = Volatile.Read(ref word->Directory);
            uint buckets = word->Buckets;
            uint mask = word->ProbeMask;
            if ((uint)directory == 0)
            {
                if (directory == 0 && buckets != 0)
                {
                    continue;
                }

                return ReadOutcome.Miss;
            }

            uint index = RecordTable.HomeIndex(hash, buckets);
            uint chunkReference = ((uint*)(memory + ((ulong)(uint)directory << shift)))[index / RecordTable.ChunkBuckets];
            Volatile.ReadBarrier();
            if (word->Directory != directory)
            {
                continue;
            }

            Bucket* chunk = (Bucket*)(memory + ((ulong)chunkReference << shift));
            uint start = index & mask;
            Bucket* home = chunk + start;
            uint homeLanes = Bucket.LanesWith(home, hash, out ulong homeHeader);
            uint version = (uint)homeHeader;
            Volatile.ReadBarrier();
            if ((version & 1) != 0)
            {
                Thread.SpinWait(4);
                continue;
            }

            uint position = start;
            Bucket* bucket = home;
            for (uint lanes = homeLanes; ; lanes = Bucket.LanesWith(bucket, hash))
            {
                for (; lanes != 0; lanes &= lanes - 1)
                {
                    int lane = BitOperations.TrailingZeroCount(lanes);
                    ulong header0 = bucket->Header;
                    ulong slot = Volatile.Read(ref ((ulong*)bucket)[lane >> 1]);
                    Volatile.ReadBarrier();
                    if (word->Directory != directory)
                    {
                        goto Again;
                    }

                    if ((uint)slot == 0)
                    {
                        continue;
                    }

                    byte* record = memory + ((ulong)(uint)slot << shift);
                    ulong header = Record.HeaderOf(record);
                    Record.Measure(record, header, out byte* storedKey, out int keyLength, out int valueLength);
                    if (keyLength != key.Length || (keyLength > LongKey && home->Version != version) || !key.Matches(storedKey))
                    {
                        continue;
                    }

                    long deadline = Record.DeadlineOf(record, header);
                    Volatile.ReadBarrier();
                    if (home->Version != version)
                    {
                        goto Again;
                    }

                    if (deadline != Record.NoExpiry && clock.HasPassed(deadline))
                    {
                        return ReadOutcome.Expired;
                    }

                    if (Record.KindOf(header) != ValueKind.String)
                    {
                        return ReadOutcome.WrongType;
                    }

                    reader.Read(new ReadOnlySpan<byte>(storedKey + keyLength, valueLength), new RecordView(record, header));
                    Volatile.ReadBarrier();
                    if (home->Version != version || word->Directory != directory)
                    {
                        goto Again;
                    }

                    return Note(word->Notes, bucket, lane, header0);
                }

                if (bucket->Overflow == 0)
                {
                    break;
                }

                position = (position + 1) & mask;
                if (position == start)
                {
                    break;
                }

                bucket = chunk + position;
            }

            Volatile.ReadBarrier();
            if (home->Version == version && word->Directory == directory && word->Buckets == buckets)
            {
                return ReadOutcome.Miss;
            }

        Again:
            continue;
        }

        return ReadOutcome.Disturbed;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ReadOutcome Note(AccessNotes notes, Bucket* bucket, int lane, ulong headerBefore)
    {
        if ((notes & AccessNotes.Use) != 0)
        {
            Bucket.MarkUsed(bucket, Bucket.SlotOfLane(lane), headerBefore);
        }

        return (notes & AccessNotes.Tracked) == 0 ? ReadOutcome.Hit : ReadOutcome.HitToNote;
    }
}
