using System.Globalization;
using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded;

/// <summary>The value would be longer than <see cref="CacheLimits.MaxValueBytes"/>. Nothing was changed.</summary>
/// <remarks>Redis answers <c>string exceeds maximum allowed size (proto-max-bulk-len)</c>.</remarks>
public sealed class ValueTooLargeException : CacheException
{
    internal ValueTooLargeException(ReadOnlySpan<byte> key, long lengthBytes)
        : this(KeyText.Of(key), lengthBytes)
    {
    }

    /// <summary>For the encoder, which meets the limit before it knows what the value is for.</summary>
    internal ValueTooLargeException(long lengthBytes)
        : this((string?)null, lengthBytes)
    {
    }

    private ValueTooLargeException(string? key, long lengthBytes)
        : base(string.Create(
            CultureInfo.InvariantCulture,
            $"{(key is null ? "The value" : $"The value of key '{key}'")} would take {lengthBytes} bytes or more, and the limit is " +
            $"{CacheLimits.MaxValueBytes} bytes (512 MB). Split it over several keys."))
    {
        Key = key;
        LengthBytes = lengthBytes;
    }

    /// <summary>The key, escaped and cut to 64 characters, as in the message; <see langword="null"/> when the value didn't fit before it reached a key.</summary>
    public string? Key { get; }

    /// <summary>Bytes that the value was known to take when it was refused.</summary>
    public long LengthBytes { get; }
}
