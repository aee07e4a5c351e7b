using System.Buffers;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Copies a value into the caller's buffer, if it fits.</summary>
internal unsafe ref struct SpanReader : IValueReader
{
    private readonly Span<byte> _destination;

    public SpanReader(Span<byte> destination)
    {
        _destination = destination;
    }

    /// <summary>The value's length, also when it did not fit.</summary>
    public int Length { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(byte* value, int length, byte* record, ulong header)
    {
        Length = length;
        if (length <= _destination.Length)
        {
            new ReadOnlySpan<byte>(value, length).CopyTo(_destination);
        }
    }
}

/// <summary>Copies a value into a new array.</summary>
internal unsafe struct ArrayReader : IValueReader
{
    public byte[] Value { get; private set; }

    public void Read(byte* value, int length, byte* record, ulong header)
    {
        if (Value == null || Value.Length != length)
        {
            Value = length == 0 ? [] : GC.AllocateUninitializedArray<byte>(length);
        }

        new ReadOnlySpan<byte>(value, length).CopyTo(Value);
    }
}

/// <summary>Copies a value into a pooled array, for a callback that must not see bytes that may still change.</summary>
internal unsafe struct PooledReader : IValueReader
{
    private byte[]? _array;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Value => _array.AsSpan(0, Length);

    public readonly ReadOnlyMemory<byte> Memory => _array.AsMemory(0, Length);

    public void Read(byte* value, int length, byte* record, ulong header)
    {
        if (_array == null || _array.Length < length)
        {
            Return();
            _array = ArrayPool<byte>.Shared.Rent(length);
        }

        Length = length;
        new ReadOnlySpan<byte>(value, length).CopyTo(_array);
    }

    public void Return()
    {
        if (_array != null)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = null;
        }
    }
}

/// <summary>Takes only the length.</summary>
internal unsafe struct LengthReader : IValueReader
{
    public int Length { get; private set; }

    public void Read(byte* value, int length, byte* record, ulong header) => Length = length;
}
