using ElastiCache.Embedded.Api;

namespace ElastiCache.Embedded;

/// <summary>A string as a row of bits, under one key: who was here today, which flags are set, a set of small numbers at a bit each.</summary>
/// <remarks>
/// <code>
///   CacheBitmap today = cache.Bitmap("active:2026-07-11");
///   today.Set(userId);
///   long active = today.Count();
/// </code>
/// The handle is a key and <see cref="Bits"/>, which has the same operations for whoever names keys itself. Bits that were never set are 0; offsets run
/// from 0 to 2^32 − 1, and the value takes as many bytes as its highest set bit asks for. Bit 0 is the highest of the first byte, as in Redis.
/// </remarks>
public sealed class CacheBitmap
{
    private readonly CacheDatabase _database;
    private readonly HandleKey _key;

    internal CacheBitmap(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _key = new HandleKey(key);
    }

    private Bits Bits => _database.Bits;

    /// <summary>A bit. O(1). Redis: GETBIT.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not 0 to 2^32 - 1.</exception>
    public bool Get(long offset) => Bits.GetBit(_key.Value, offset);

    /// <summary>Sets a bit, or clears it. O(1) but for growth. Redis: SETBIT.</summary>
    /// <returns>The bit as it was.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not 0 to 2^32 - 1. Nothing changes.</exception>
    public bool Set(long offset, bool bit = true) => Bits.SetBit(_key.Value, offset, bit);

    /// <inheritdoc cref="Bits.Count(CacheKey)"/>
    public long Count() => Bits.Count(_key.Value);

    /// <inheritdoc cref="Bits.Count(CacheKey, long, long, BitRangeUnit)"/>
    public long Count(long start, long end, BitRangeUnit unit = BitRangeUnit.Byte) => Bits.Count(_key.Value, start, end, unit);

    /// <inheritdoc cref="Bits.Position(CacheKey, bool, long)"/>
    public long Position(bool bit, long start = 0) => Bits.Position(_key.Value, bit, start);

    /// <inheritdoc cref="Bits.Position(CacheKey, bool, long, long, BitRangeUnit)"/>
    public long Position(bool bit, long start, long end, BitRangeUnit unit = BitRangeUnit.Byte) => Bits.Position(_key.Value, bit, start, end, unit);

    /// <summary>Makes this the combination of other bitmaps, whatever it was; it may be one of them. O(bytes). Redis: BITOP AND, OR, XOR.</summary>
    /// <inheritdoc cref="Bits.Combine(BitOperator, CacheKey, ReadOnlySpan{string})"/>
    public long Combine(BitOperator with, params ReadOnlySpan<string> sources) => Bits.Combine(with, _key.Value, sources);

    /// <summary>Makes this the opposite of another bitmap, or of itself. O(bytes). Redis: BITOP NOT.</summary>
    /// <returns>The length of the result in bytes.</returns>
    public long Invert(CacheKey source) => Bits.Invert(_key.Value, source);

    /// <inheritdoc cref="Bits.Fields(CacheKey, ReadOnlySpan{BitFieldOperation})"/>
    public long?[] Fields(params ReadOnlySpan<BitFieldOperation> steps) => Bits.Fields(_key.Value, steps);
}
