namespace ElastiCache.Embedded;

/// <summary>A stretch of bytes that two values share: an answer of LCS IDX.</summary>
/// <param name="AStart">First byte in the first value.</param>
/// <param name="BStart">First byte in the second value.</param>
/// <param name="Length">Bytes, at least 1.</param>
public readonly record struct CommonStretch(int AStart, int BStart, int Length)
{
    /// <summary>Last byte in the first value, inclusive, as Redis answers it.</summary>
    public int AEnd => AStart + Length - 1;

    /// <summary>Last byte in the second value, inclusive.</summary>
    public int BEnd => BStart + Length - 1;
}
