using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Caching;

/// <summary>Looks at an entry where it lies, and takes a copy of the data if there is a use for it.</summary>
/// <remarks>
/// The data goes straight from the store into the array that the caller gets: no buffer between. The bytes may be changing while they are
/// looked at; the answer is then thrown away and asked for again, so it may be wrong, but nothing here relies on a length that it has read.
/// </remarks>
internal struct EntryReader(bool wantsData) : IValueReader
{
    /// <summary>Whether the value is an entry; if not, something else wrote it.</summary>
    public bool IsEntry { get; private set; }

    public EntryExpiry Expiry { get; private set; }

    public byte[]? Data { get; private set; }

    /// <summary>The key's deadline, in Unix ms.</summary>
    public long Deadline { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        Deadline = record.Deadline;
        IsEntry = EntryLayout.TryReadHeader(value, out int dataStart, out EntryExpiry expiry);
        Expiry = expiry;
        Data = wantsData && IsEntry ? value[dataStart..].ToArray() : null;
    }
}

/// <summary>Copies an entry, header and data, if there is room for it.</summary>
internal ref struct EntryCopier(Span<byte> destination) : IValueReader
{
    private readonly Span<byte> _destination = destination;

    /// <summary>The length of both, also when they did not fit.</summary>
    public int Length { get; private set; }

    /// <summary>The key's deadline, in Unix ms.</summary>
    public long Deadline { get; private set; }

    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        Deadline = record.Deadline;
        Length = value.Length;
        value.TryCopyTo(_destination);
    }
}
