namespace ElastiCache.Embedded.Values;

/// <summary>Redis's glob patterns: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[^a]</c>, <c>[a-z]</c> and <c>\</c> before a character that means itself.</summary>
/// <remarks>
/// Each element but the star matches exactly one byte. That makes the last star enough to return to: where the pattern after
/// it does not match, the star takes one byte more, and no earlier star could do better, for what it matched already was
/// matched as early as possible. So a pattern costs at most O(pattern × text), <c>a*a*a*a*b</c> included, where trying every
/// star against every other is exponential. Where a plain byte follows the star, the text is searched for it a vector at a time.
/// <para>What may surprise, each as in Redis 7.0 and compared with it by a test:</para>
/// <list type="bullet">
/// <item>the empty text matches the empty pattern only, not <c>*</c> (KEYS and SCAN treat the pattern <c>*</c> as "all" themselves:
/// <see cref="MatchesAll"/>);</item>
/// <item>a class that nobody closes ends with the pattern: <c>[ab</c> is <c>[ab]</c>, and <c>[^</c> is any byte;</item>
/// <item><c>-]</c> closes nothing: <c>[a-]</c> is the range from a to ], then an open class;</item>
/// <item>the ends of a range may be swapped, and its bytes from 128 up count as negative, as a C <c>char</c> does on x86;</item>
/// <item>an escaped byte in a class is compared with its case even when case is ignored.</item>
/// </list>
/// <para>
/// Redis tries every star by recursion and gives up, without a match, on the 1,001st that has more pattern behind it. No such end is needed here; it is
/// kept so that a pattern selects the same keys on both.
/// </para>
/// </remarks>
internal static class Glob
{
    private const int StarLimit = 1000;

    /// <summary>Whether the pattern is <c>*</c>, which KEYS and SCAN take as "every key" without matching.</summary>
    public static bool MatchesAll(ReadOnlySpan<byte> pattern) => pattern is [(byte)'*'];

    /// <summary>Whether the whole of <paramref name="text"/> matches <paramref name="pattern"/>.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="text">The text, any bytes.</param>
    /// <param name="ignoreCase">Whether ASCII letters match in either case.</param>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool ignoreCase = false)
    {
        if (text.IsEmpty)
        {
            return pattern.IsEmpty;
        }

        int p = 0, t = 0;
        int afterStar = -1;     // where the pattern goes on after the last star; −1 = none yet
        int retryAt = 0;        // where in the text what follows the star is tried next
        int stars = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                p = SkipStars(pattern, p);
                if (p == pattern.Length)
                {
                    return true;
                }

                afterStar = p;
                retryAt = t;
                if (++stars > StarLimit || !TryFindCandidate(pattern, p, text, ref retryAt, ignoreCase))
                {
                    return false;
                }

                t = retryAt;
            }

            if (p < pattern.Length && MatchesOne(pattern, ref p, text[t], ignoreCase))
            {
                t++;
                continue;
            }

            if (afterStar < 0)
            {
                return false;
            }

            retryAt++;
            if (!TryFindCandidate(pattern, afterStar, text, ref retryAt, ignoreCase))
            {
                return false;
            }

            p = afterStar;
            t = retryAt;
        }

        return SkipStars(pattern, p) == pattern.Length;
    }

    private static int SkipStars(ReadOnlySpan<byte> pattern, int p)
    {
        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p;
    }

    /// <summary>Moves <paramref name="at"/> on to the next place of the text where the element after a star can match at all.</summary>
    private static bool TryFindCandidate(ReadOnlySpan<byte> pattern, int p, ReadOnlySpan<byte> text, ref int at, bool ignoreCase)
    {
        if (!ignoreCase && pattern[p] is not ((byte)'?' or (byte)'[' or (byte)'\\'))
        {
            int found = text[at..].IndexOf(pattern[p]);
            at = found < 0 ? text.Length : at + found;
        }

        return at < text.Length;
    }

    /// <summary>Compares one byte with the element at <paramref name="p"/>, which is no star, and moves past the element.</summary>
    private static bool MatchesOne(ReadOnlySpan<byte> pattern, ref int p, byte candidate, bool ignoreCase)
    {
        switch (pattern[p])
        {
            case (byte)'?':
                p++;
                return true;
            case (byte)'[':
                p++;
                return MatchesClass(pattern, ref p, candidate, ignoreCase);
            case (byte)'\\' when p + 1 < pattern.Length:
                p++;
                break;
        }

        return AreSame(pattern[p++], candidate, ignoreCase);
    }

    private static bool MatchesClass(ReadOnlySpan<byte> pattern, ref int p, byte candidate, bool ignoreCase)
    {
        bool negated = p < pattern.Length && pattern[p] == '^';
        if (negated)
        {
            p++;
        }

        bool isMember = false;
        while (p < pattern.Length)
        {
            int left = pattern.Length - p;
            if (pattern[p] == '\\' && left >= 2)
            {
                isMember |= pattern[p + 1] == candidate;
                p += 2;
            }
            else if (pattern[p] == ']')
            {
                p++;
                break;
            }
            else if (left >= 3 && pattern[p + 1] == '-')
            {
                isMember |= IsBetween(pattern[p], pattern[p + 2], candidate, ignoreCase);
                p += 3;
            }
            else
            {
                isMember |= AreSame(pattern[p], candidate, ignoreCase);
                p++;
            }
        }

        return isMember != negated;
    }

    private static bool IsBetween(byte first, byte last, byte candidate, bool ignoreCase)
    {
        sbyte low = (sbyte)first, high = (sbyte)last;
        if (low > high)
        {
            (low, high) = (high, low);
        }

        // Lower-cased after the swap, as Redis does: [Z-a] without case is z..a, which is nothing.
        return ignoreCase
            ? (sbyte)Lower(candidate) >= (sbyte)Lower((byte)low) && (sbyte)Lower(candidate) <= (sbyte)Lower((byte)high)
            : (sbyte)candidate >= low && (sbyte)candidate <= high;
    }

    private static bool AreSame(byte expected, byte candidate, bool ignoreCase) =>
        expected == candidate || (ignoreCase && Lower(expected) == Lower(candidate));

    private static byte Lower(byte letter) => letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;
}
