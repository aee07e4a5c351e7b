using System.Buffers.Binary;

namespace ElastiCache.Embedded.Caching;

/// <summary>How an entry of <see cref="Microsoft.Extensions.Caching.Distributed.IDistributedCache"/> lies in a string value.</summary>
/// <remarks>
/// <code>
///   0  u8   kind        0 = data follows          1 = sliding
///   1  i64  absolute deadline, Unix ms;                only if sliding     (integers little-endian)
///           long.MaxValue = none
///   9  i64  sliding time, ms                           only if sliding
///           data
/// </code>
/// An entry without sliding expiry costs a single byte; its deadline is the key's own.
/// </remarks>
internal static class EntryLayout
{
    public const int MaxHeaderBytes = 17;

    private const byte PlainKind = 0;
    private const byte SlidingKind = 1;

    /// <summary>Writes the header; <paramref name="destination"/> has room for <see cref="MaxHeaderBytes"/>.</summary>
    /// <returns>Its length.</returns>
    public static int WriteHeader(Span<byte> destination, EntryExpiry expiry)
    {
        if (!expiry.IsSliding)
        {
            destination[0] = PlainKind;
            return 1;
        }

        destination[0] = SlidingKind;
        BinaryPrimitives.WriteInt64LittleEndian(destination[1..], expiry.AbsoluteUnixMs);
        BinaryPrimitives.WriteInt64LittleEndian(destination[9..], expiry.SlidingMs);
        return MaxHeaderBytes;
    }

    /// <summary>Reads the header of a stored value, or of at least its first <see cref="MaxHeaderBytes"/> bytes.</summary>
    /// <param name="value">The value.</param>
    /// <param name="headerBytes">Where the data begins.</param>
    /// <param name="expiry">The limits of a sliding entry; of others, none that the key doesn't have itself.</param>
    /// <returns><see langword="false"/> if something else wrote the value.</returns>
    public static bool TryReadHeader(ReadOnlySpan<byte> value, out int headerBytes, out EntryExpiry expiry)
    {
        headerBytes = 1;
        expiry = new EntryExpiry(EntryExpiry.None, EntryExpiry.None);
        if (value is [PlainKind, ..])
        {
            return true;
        }

        if (value is not [SlidingKind, ..] || value.Length < MaxHeaderBytes)
        {
            return false;
        }

        headerBytes = MaxHeaderBytes;
        expiry = new EntryExpiry(BinaryPrimitives.ReadInt64LittleEndian(value[1..]), BinaryPrimitives.ReadInt64LittleEndian(value[9..]));
        return expiry is { AbsoluteUnixMs: > 0, SlidingMs: > 0 and < EntryExpiry.None };
    }
}
