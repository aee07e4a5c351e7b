namespace ElastiCache.Embedded.Values;

/// <summary>A small list: one listpack in its record.</summary>
/// <remarks>
/// <code>
///   u8 form: 1   |   listpack: element …
/// </code>
/// </remarks>
internal static class PackedList
{
    /// <summary>The form; see <see cref="Keyspace.CollectionForm"/>.</summary>
    public const byte Form = 1;

    /// <summary>The most bytes: memmove within two kilobytes costs less than following a pointer.</summary>
    public const int MaxBytes = 2048;
}
