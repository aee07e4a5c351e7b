using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>A range by member in a small sorted set, found by walking from one end.</summary>
/// <remarks>
/// Where all scores are equal, members are in order and any way of searching finds the same range. Where they are not, Redis leaves open what is found;
/// walking as it does gives what it gives: from the end where the range begins, past what is outside, and on until something is outside again.
/// </remarks>
internal static class PackedLexRange
{
    /// <summary>Finds the range.</summary>
    /// <param name="pack">The listpack; may be empty bytes.</param>
    /// <param name="low">The low end.</param>
    /// <param name="high">The high end.</param>
    /// <param name="isReversed">Whether to begin at the high end.</param>
    /// <param name="first">The rank of its first member.</param>
    /// <param name="end">The rank behind its last member.</param>
    public static void Find(ReadOnlySpan<byte> pack, in LexBound low, in LexBound high, bool isReversed, out long first, out long end)
    {
        (first, end) = (0, 0);
        int count = pack.IsEmpty ? 0 : PackedSortedSet.Count(pack);
        if (count == 0 || !IsInOrder(low, high) || !IsAtLeast(pack, count - 1, low) || !IsAtMost(pack, 0, high))
        {
            return;
        }

        if (isReversed)
        {
            int last = count - 1;
            while (last >= 0 && !IsAtMost(pack, last, high))
            {
                last--;
            }

            int begin = last;
            while (begin >= 0 && IsAtLeast(pack, begin, low))
            {
                begin--;
            }

            (first, end) = (begin + 1, last + 1);
            return;
        }

        int start = 0;
        while (start < count && !IsAtLeast(pack, start, low))
        {
            start++;
        }

        int stop = start;
        while (stop < count && IsAtMost(pack, stop, high))
        {
            stop++;
        }

        (first, end) = (start, stop);
    }

    private static bool IsInOrder(in LexBound low, in LexBound high)
    {
        if (low.Infinity != 0 || high.Infinity != 0)
        {
            return low.Infinity < 0 || high.Infinity > 0 ? low.Infinity <= high.Infinity && (low.Infinity != high.Infinity || low.Infinity == 0) : false;
        }

        int order = low.Member.AsSpan().SequenceCompareTo(high.Member);
        return order < 0 || (order == 0 && !low.IsExclusive && !high.IsExclusive);
    }

    private static bool IsAtLeast(ReadOnlySpan<byte> pack, int index, in LexBound low)
    {
        int order = low.Infinity != 0 ? -low.Infinity : Compare(pack, index, low.Member);
        return order > 0 || (order == 0 && !low.IsExclusive);
    }

    private static bool IsAtMost(ReadOnlySpan<byte> pack, int index, in LexBound high)
    {
        int order = high.Infinity != 0 ? -high.Infinity : Compare(pack, index, high.Member);
        return order < 0 || (order == 0 && !high.IsExclusive);
    }

    private static int Compare(ReadOnlySpan<byte> pack, int index, byte[] member)
    {
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        return ListPack.Get(pack, ListPack.Seek(pack, 2 * index)).AsText(scratch).SequenceCompareTo(member);
    }
}
