using System.Numerics;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>A short string is overwritten where it lies: the commonest SET, without a block more and a block less.</summary>
/// <remarks>
/// While the bytes change, the version of the home bucket is odd, and a reader that meets it starts again. For that the value must be short. A writer that loses
/// its processor just then, while it copies at most eight cache lines, lets readers of the bucket wait for it, as writers of the shard do in any case; with longer values
/// that would become likely, and the copy would hide what is saved. Benchmark: compare, "set-uniform" and "set-zipf".
/// </remarks>
internal static unsafe class ShortOverwrite
{
    /// <summary>The longest value that is overwritten in place.</summary>
    public const int MostBytes = 512;

    /// <summary>Overwrites a key's value, if that is a string of nearly this length in its home bucket, without deadline, flags or version, and nobody has to be told.</summary>
    /// <param name="shard">The key's shard; it is locked.</param>
    /// <param name="store">Its store.</param>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value, which lies outside of the store.</param>
    /// <param name="isAbsent">Whether the key is certainly not there.</param>
    /// <returns>Whether it was; if not, nothing has changed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryApply(Shard shard, Store store, int database, in KeyProbe key, ReadOnlySpan<byte> value, out bool isAbsent)
    {
        isAbsent = false;
        RecordTable? table = shard.TableOf(database);
        if (table == null || table.Buckets == 0 || value.Length > MostBytes)
        {
            return false;
        }

        Bucket* home = table.HomeOf(key.SlotHash);
        uint lanes = Bucket.LanesWith(home, key.SlotHash);
        if (lanes == 0)
        {
            isAbsent = home->Overflow == 0;
            return false;
        }

        int lane = BitOperations.TrailingZeroCount(lanes);
        byte* record = shard.Arena.At(((uint*)home)[lane - 1]);
        CacheLines.Prefetch(record + Bucket.Bytes);
        ulong header = Record.HeaderOf(record);
        if (!Record.IsPlainString(header, key.Length) || !key.Matches(record + Record.PlainHeaderBytes))
        {
            return false;
        }

        int length = Record.ShortValueLength(header);
        if ((length != value.Length && !FitsInBlock(shard, key.Length, length, value.Length))
            || store.Removals != null || shard.Listeners.Any || shard.Snapshot.IsRunning)
        {
            return false;
        }

        Bucket.BeginChange(home);
        Record.SetPlainValue(record, header, key.Length, value);
        Bucket.EndChange(home);
        Bucket.MarkUsed(home, Bucket.SlotOfLane(lane));
        shard.Tracker?.Touch(database, key.SlotHash);
        return true;
    }

    private static bool FitsInBlock(Shard shard, int keyLength, int oldLength, int newLength) =>
        shard.Allocator.HaveBlocksOfOneSize(Record.PlainHeaderBytes + keyLength + oldLength, Record.PlainHeaderBytes + keyLength + newLength);
}
