using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>One entry that was read from an RDB file, checked, and not yet stored.</summary>
/// <remarks>Its spans are valid during the call that hands it over. <see cref="Value"/> is the receiver's: it disposes of it.</remarks>
internal readonly ref struct RdbEntry
{
    /// <summary>Its database, as the file says.</summary>
    public required long Database { get; init; }

    public required ReadOnlySpan<byte> Key { get; init; }

    /// <summary>Its deadline in Unix ms, perhaps passed; <see cref="Record.NoExpiry"/> for none.</summary>
    public required long Deadline { get; init; }

    /// <summary>Memcached's flags and the priority, where the file has them.</summary>
    public EntryMarks Marks { get; init; }

    /// <summary>How it was used, where the file says so.</summary>
    public KnownUse Use { get; init; }

    public required ValueKind Kind { get; init; }

    /// <summary>A string, or a small collection in the very bytes that a record holds (see <see cref="RdbPackedValue"/>). Nothing where there is a <see cref="Value"/>.</summary>
    public ReadOnlySpan<byte> Bytes { get; init; }

    /// <summary>Any other value, element by element; null where <see cref="Bytes"/> are it.</summary>
    public RdbValue? Value { get; init; }
}
