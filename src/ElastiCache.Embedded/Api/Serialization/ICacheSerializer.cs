using System.Buffers;

namespace ElastiCache.Embedded;

/// <summary>Turns objects into bytes and back, for values that have no plain form of their own.</summary>
/// <remarks>
/// Strings, bytes, numbers, dates and the like never reach a serializer: they are stored as Redis clients would read them.
/// Implementations are called from many threads at once and hold no lock of the cache while they run.
/// </remarks>
public interface ICacheSerializer
{
    /// <summary>Writes <paramref name="value"/>.</summary>
    /// <param name="value">The value; may be <see langword="null"/>.</param>
    /// <param name="destination">A pooled buffer of the cache. Don't keep it, or memory from it, after the call.</param>
    /// <exception cref="ValueTooLargeException">More than <see cref="CacheLimits.MaxValueBytes"/> were written.</exception>
    void Serialize<T>(T value, IBufferWriter<byte> destination);

    /// <summary>Reads what <see cref="Serialize"/> wrote.</summary>
    /// <param name="source">
    /// The bytes, in a pooled buffer: copy what the result needs, and don't keep it after the call. It is memory and not a span because
    /// MessagePack reads no spans, and one piece because values always are.
    /// </param>
    /// <returns>The value; <see langword="null"/> if that was written.</returns>
    /// <exception cref="FormatException">The bytes were not written by this serializer, or not as <typeparamref name="T"/>.</exception>
    T? Deserialize<T>(ReadOnlyMemory<byte> source);
}
