using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>What two strings have in common, read at one moment. O(n × m / 64). A missing key counts as an empty string. Redis: LCS.</summary>
public static class StringComparisonExtensions
{
    /// <summary>The longest sequence of bytes that is in both values in the same order, gaps allowed. Redis: LCS.</summary>
    /// <exception cref="WrongTypeException">A key holds something else than a string.</exception>
    /// <exception cref="ArgumentException">The values are too long: the product of their lengths exceeds 134 million.</exception>
    [SkipLocalsInit]
    public static byte[] LongestCommonSubsequence(this Strings strings, CacheKey first, CacheKey second)
    {
        Unsafe.SkipInit(out KeyScratch firstScratch);
        Unsafe.SkipInit(out KeyScratch secondScratch);
        KeyProbe.Create(first, ref firstScratch, out KeyProbe firstProbe);
        KeyProbe.Create(second, ref secondScratch, out KeyProbe secondProbe);
        return strings.Database.Operations.Subsequences.Text(strings.Database.Index, firstProbe, secondProbe);
    }

    /// <summary>The length of the longest common subsequence in bytes. Redis: LCS with LEN.</summary>
    /// <inheritdoc cref="LongestCommonSubsequence"/>
    [SkipLocalsInit]
    public static int LongestCommonSubsequenceLength(this Strings strings, CacheKey first, CacheKey second)
    {
        Unsafe.SkipInit(out KeyScratch firstScratch);
        Unsafe.SkipInit(out KeyScratch secondScratch);
        KeyProbe.Create(first, ref firstScratch, out KeyProbe firstProbe);
        KeyProbe.Create(second, ref secondScratch, out KeyProbe secondProbe);
        return strings.Database.Operations.Subsequences.Length(strings.Database.Index, firstProbe, secondProbe);
    }

    /// <summary>The stretches that the longest common subsequence consists of, the last one first. Redis: LCS with IDX, MINMATCHLEN, WITHMATCHLEN.</summary>
    /// <param name="strings">The strings.</param>
    /// <param name="first">A key; <see cref="CommonStretch.AStart"/> counts in its value.</param>
    /// <param name="second">Another key; <see cref="CommonStretch.BStart"/> counts in its value.</param>
    /// <param name="minLength">Shorter stretches are left out; 0 or less keeps all.</param>
    /// <inheritdoc cref="LongestCommonSubsequence"/>
    [SkipLocalsInit]
    public static IReadOnlyList<CommonStretch> LongestCommonSubsequenceStretches(this Strings strings, CacheKey first, CacheKey second, long minLength = 0)
    {
        Unsafe.SkipInit(out KeyScratch firstScratch);
        Unsafe.SkipInit(out KeyScratch secondScratch);
        KeyProbe.Create(first, ref firstScratch, out KeyProbe firstProbe);
        KeyProbe.Create(second, ref secondScratch, out KeyProbe secondProbe);
        return strings.Database.Operations.Subsequences.Stretches(strings.Database.Index, firstProbe, secondProbe, minLength, out _);
    }
}
