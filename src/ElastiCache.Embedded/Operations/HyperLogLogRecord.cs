using System.Buffers;
using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What operations on HyperLogLogs refuse, and what they keep.</summary>
internal static class HyperLogLogRecord
{
    /// <summary>Refuses a string that can't be a HyperLogLog.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static void RequireValid(bool exists, in Entry entry, in KeyProbe key)
    {
        if (exists && !HyperLogLogFormat.IsValid(entry.Value))
        {
            throw new FormatException(
                $"The string at key '{NameOf(key)}' is not a HyperLogLog: those begin with HYLL, and are made by Add and Merge alone. Nothing was changed.")
                .Says("WRONGTYPE Key is not a valid HyperLogLog string value.");
        }
    }

    /// <summary>Redis: <c>INVALIDOBJ</c>.</summary>
    public static FormatException Damaged(in KeyProbe key) => new FormatException(
        $"The HyperLogLog at key '{NameOf(key)}' is damaged: its sparse registers do not add up. Somebody has written to the string. Nothing was changed; delete the key.")
        .Says("INVALIDOBJ Corrupted HLL object detected");

    /// <summary>As <see cref="StringRecord.ExtrasAfter"/>; to Redis the string is an edited one, and "raw".</summary>
    public static RecordExtras ExtrasAfter(Shard shard, in Entry current) => StringRecord.ExtrasAfter(shard, current) with { Edited = true };

    private static string NameOf(in KeyProbe key) => KeyText.Of(key.ToArray());
}

/// <summary>A copy of a HyperLogLog with room to grow; a new one if there is none.</summary>
internal ref struct HyperLogLogBuffer
{
    private readonly byte[] _buffer;
    private int _length;

    public HyperLogLogBuffer(in Entry current)
    {
        _length = current.Exists ? current.ValueLength : 0;
        _buffer = ArrayPool<byte>.Shared.Rent(HyperLogLogValue.BufferBytes(_length));
        if (current.Exists)
        {
            current.Value.CopyTo(_buffer);
        }
        else
        {
            _length = HyperLogLogValue.WriteEmpty(_buffer);
        }
    }

    public readonly Span<byte> Value => _buffer.AsSpan(0, _length);

    /// <inheritdoc cref="HyperLogLogValue.TryAdd"/>
    public bool TryAdd(ReadOnlySpan<byte> element, int mostSparseBytes, out bool changed) =>
        HyperLogLogValue.TryAdd(_buffer, ref _length, mostSparseBytes, element, out changed);

    /// <inheritdoc cref="HyperLogLogValue.TryAddUnion"/>
    public bool TryAddUnion(ReadOnlySpan<byte> union, int mostSparseBytes) => HyperLogLogValue.TryAddUnion(_buffer, ref _length, mostSparseBytes, union);

    /// <inheritdoc cref="HyperLogLogValue.TryMakeDense"/>
    public bool TryMakeDense() => HyperLogLogValue.TryMakeDense(_buffer, ref _length);

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}
