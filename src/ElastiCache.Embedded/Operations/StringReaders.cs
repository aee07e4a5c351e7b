using System.Buffers;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

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

/// <summary>Copies a value, or a range of it, into a pooled array, for a callback that must not see bytes that may still change.</summary>
internal unsafe struct PooledReader : IValueReader
{
    private readonly bool _isRange;
    private readonly long _start;
    private readonly long _end;
    private byte[]? _array;

    /// <summary>A reader of a range, GETRANGE: both ends inclusive, negative from the end. The default reads all.</summary>
    public PooledReader(long start, long end)
    {
        _isRange = true;
        _start = start;
        _end = end;
    }

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Value => _array.AsSpan(0, Length);

    public readonly ReadOnlyMemory<byte> Memory => _array.AsMemory(0, Length);

    public void Read(byte* value, int length, byte* record, ulong header)
    {
        long offset = 0;
        long count = length;
        if (_isRange)
        {
            RangeIndex.TryResolve(_start, _end, length, out offset, out count);
            count = Math.Max(0, count);
        }

        if (_array == null || _array.Length < count)
        {
            Return();
            _array = ArrayPool<byte>.Shared.Rent((int)count);
        }

        Length = (int)count;
        new ReadOnlySpan<byte>(value + (count == 0 ? 0 : offset), Length).CopyTo(_array);
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

/// <summary>Something to find out about a value. May be asked about bytes that are changing, and again.</summary>
internal interface IValueQuestion<out TAnswer>
{
    TAnswer Ask(ReadOnlySpan<byte> value);
}

/// <summary>Asks a question about a value where it lies.</summary>
internal unsafe ref struct AnswerReader<TQuestion, TAnswer> : IValueReader
    where TQuestion : struct, IValueQuestion<TAnswer>, allows ref struct
{
    private readonly TQuestion _question;

    public AnswerReader(TQuestion question)
    {
        _question = question;
    }

    public TAnswer? Answer { get; private set; }

    public void Read(byte* value, int length, byte* record, ulong header) =>
        Answer = _question.Ask(new ReadOnlySpan<byte>(value, length));
}

/// <summary>Reads what another reader reads, and Memcached's flags and the version.</summary>
internal unsafe ref struct VersionedReader<TReader> : IValueReader
    where TReader : struct, IValueReader, allows ref struct
{
    private TReader _inner;

    public VersionedReader(TReader inner)
    {
        _inner = inner;
    }

    public readonly TReader Inner => _inner;

    public uint Flags { get; private set; }

    /// <summary>The version, or 0 if nobody has asked for it yet.</summary>
    public ulong Version { get; private set; }

    public void Read(byte* value, int length, byte* record, ulong header)
    {
        Flags = Record.FlagsOf(record, header);
        Version = Record.VersionOf(record, header);
        _inner.Read(value, length, record, header);
    }
}

/// <summary>Lets a reader read an entry that was found with the shard's lock held.</summary>
internal static unsafe class LockedReader
{
    public static void Read<TReader>(in Entry entry, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        fixed (byte* value = entry.Value)
        {
            reader.Read(value, entry.ValueLength, entry.Record, Record.HeaderOf(entry.Record));
        }
    }
}
