namespace ElastiCache.Embedded.Values;

/// <summary>Redis's start and end indexes, which count from the end when negative, turned into an offset and a length.</summary>
/// <remarks>
/// Both ends are inclusive. In a value of 10 units:
/// <code>
///    0    -1    all 10             3   3    one unit                  -3  -1    the last three
///   -100   2    the first three    5 100    from 5 to the end          4   2    nothing
/// </code>
/// An index before the beginning is moved to 0, also the end: <c>0 -100</c> is the first unit, not nothing. GETRANGE and
/// BITCOUNT make one exception, and BITPOS does not: two negative indexes in the wrong order select nothing, even where
/// moving both to 0 would have selected the first unit. Hence the two methods.
/// </remarks>
internal static class RangeIndex
{
    /// <summary>The rule of GETRANGE and BITCOUNT.</summary>
    /// <param name="start">First index; negative counts from the end.</param>
    /// <param name="end">Last index, inclusive; negative counts from the end.</param>
    /// <param name="length">Units in the value.</param>
    /// <param name="offset">The first unit selected.</param>
    /// <param name="count">Units selected, at least 1.</param>
    /// <returns>False when the range selects nothing.</returns>
    public static bool TryResolve(long start, long end, long length, out long offset, out long count)
    {
        if (start < 0 && end < 0 && start > end)
        {
            offset = count = 0;
            return false;
        }

        return TryResolveEachIndex(start, end, length, out offset, out count);
    }

    /// <summary>The rule of BITPOS; see the remarks of the class.</summary>
    /// <inheritdoc cref="TryResolve"/>
    public static bool TryResolveEachIndex(long start, long end, long length, out long offset, out long count)
    {
        // A negative index plus a length that is not negative can't overflow.
        offset = Math.Max(0, start < 0 ? length + start : start);
        long last = Math.Min(length - 1, Math.Max(0, end < 0 ? length + end : end));
        count = offset <= last ? last - offset + 1 : 0;
        return count > 0;
    }
}
