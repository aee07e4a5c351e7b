using System.Buffers;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Copies a value into the caller's buffer, if it fits.</summary>
internal ref struct SpanReader : IValueReader
{
    private readonly Span<byte> _destination;

    public SpanReader(Span<byte> destination)
    {
        _destination = destination;
    }

    /// <summary>The value's length, also when it did not fit.</summary>
    public int Length { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        Length = value.Length;
        if (value.Length <= _destination.Length)
        {
            value.CopyTo(_destination);
        }
    }
}

/// <summary>Copies a value into a new array.</summary>
internal struct ArrayReader : IValueReader
{
    public byte[] Value { get; private set; }

    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        if (Value == null || Value.Length != value.Length)
        {
            Value = value.Length == 0 ? [] : GC.AllocateUninitializedArray<byte>(value.Length);
        }

        value.CopyTo(Value);
    }
}

/// <summary>Copies a value, or a range of it, into a pooled array, for a callback that must not see bytes that may still change.</summary>
internal struct PooledReader : IValueReader
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

    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        long offset = 0;
        long count = value.Length;
        if (_isRange)
        {
            RangeIndex.TryResolve(_start, _end, value.Length, out offset, out count);
            count = Math.Max(0, count);
        }

        if (_array == null || _array.Length < count)
        {
            Return();
            _array = ArrayPool<byte>.Shared.Rent((int)count);
        }

        Length = (int)count;
        value.Slice(count == 0 ? 0 : (int)offset, Length).CopyTo(_array);
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
internal struct LengthReader : IValueReader
{
    public int Length { get; private set; }

    public void Read(ReadOnlySpan<byte> value, RecordView record) => Length = value.Length;
}

/// <summary>Something to find out about a value. May be asked about bytes that are changing, and again.</summary>
internal interface IValueQuestion<out TAnswer>
{
    TAnswer Ask(ReadOnlySpan<byte> value);
}

/// <summary>Asks a question about a value where it lies.</summary>
internal ref struct AnswerReader<TQuestion, TAnswer> : IValueReader
    where TQuestion : struct, IValueQuestion<TAnswer>, allows ref struct
{
    private readonly TQuestion _question;

    public AnswerReader(TQuestion question)
    {
        _question = question;
    }

    public TAnswer? Answer { get; private set; }

    public void Read(ReadOnlySpan<byte> value, RecordView record) =>
        Answer = _question.Ask(value);
}

/// <summary>Reads what another reader reads, and Memcached's flags and the version.</summary>
internal ref struct VersionedReader<TReader> : IValueReader
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

    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        Flags = record.Marks.Flags;
        Version = record.Version;
        _inner.Read(value, record);
    }
}

/// <summary>Lets a reader read an entry that was found with the shard's lock held.</summary>
internal static class LockedReader
{
    public static void Read<TReader>(in Entry entry, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        reader.Read(entry.Value, entry.View);
    }
}
