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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
            uint homeLanes = Bucket.LanesWith(home, hash, out uint version);
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

                    if (word->RecordsAccess)
                    {
                        Bucket.MarkUsed(bucket, Bucket.SlotOfLane(lane), header0);
                    }

                    return ReadOutcome.Hit;
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
}
