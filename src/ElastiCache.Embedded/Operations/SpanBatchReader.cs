using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Lays the values of a batch end to end in the caller's memory.</summary>
/// <remarks>
/// The first value that does not fit ends the writing, also of shorter ones after it: what is written is then always the values of the first
/// keys, and the caller finds each by adding lengths. Lengths are taken of all of them.
/// </remarks>
internal ref struct SpanBatchReader : IBatchReader
{
    /// <summary>The length of a value that isn't there.</summary>
    public const int Absent = -1;

    private readonly Span<int> _lengths;
    private Span<byte> _rest;
    private int _length;

    public SpanBatchReader(Span<byte> destination, Span<int> lengths)
    {
        _rest = destination;
        _lengths = lengths;
    }

    /// <summary>Bytes of all values, of those too that did not fit.</summary>
    public long TotalBytes { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        _length = value.Length;
        if (value.Length <= _rest.Length)
        {
            value.CopyTo(_rest);
        }
    }

    public void Next(int index, bool isHit)
    {
        if (!isHit)
        {
            _lengths[index] = Absent;
            return;
        }

        _lengths[index] = _length;
        TotalBytes += _length;
        _rest = _length <= _rest.Length ? _rest[_length..] : default;
    }
}
