using System.Numerics;

namespace ElastiCache.Embedded.Values;

/// <summary>The 80-bit floating-point number of x86, with which Redis does INCRBYFLOAT and HINCRBYFLOAT.</summary>
/// <remarks>
/// Redis adds C's <c>long double</c>s, and what a client reads afterwards depends on their 64 bits of precision: 0.1 + 0.2 is
/// <c>0.3</c> there, and 0.30000000000000004 in a .NET <c>double</c>. .NET has no such type, so here it is, in integers:
/// <code>
///   value = ± Significand × 2^Exponent
///
///   Significand   64 bits, the top one set, except for 0 and for numbers below 2^-16382, which have less precision
///   Exponent      -16445 (the smallest step) .. 16320 (the greatest number is just below 2^16384, about 1.19e4932)
/// </code>
/// There is one rounding (<see cref="Round(bool, UInt128, int, bool)"/>: to nearest, ties to even, as the processor's default), shared by parsing
/// and addition. Both hand it more bits than it keeps, and a sticky flag for whatever else was not zero. Nothing
/// in between is rounded, so the results equal those of a correct <c>strtold</c> and of the x87 bit by bit.
/// Text is the business of <see cref="LongDoubleText"/>.
/// </remarks>
internal readonly struct LongDouble
{
    private const int SignificandBits = 64;
    private const int MinExponent = -16445;
    private const int MaxExponent = 16320;

    // An exponent past the greatest marks infinity.
    private const int InfiniteExponent = MaxExponent + 1;

    private LongDouble(bool isNegative, ulong significand, int exponent)
    {
        IsNegative = isNegative;
        Significand = significand;
        Exponent = exponent;
    }

    /// <summary>Whether the sign is minus; a zero has a sign too.</summary>
    public bool IsNegative { get; }

    /// <summary>Whether the value is neither infinity.</summary>
    public bool IsFinite => Exponent != InfiniteExponent;

    /// <summary>Whether the value is 0 of either sign.</summary>
    public bool IsZero => Significand == 0 && IsFinite;

    /// <summary>The integer that times 2^<see cref="Exponent"/> is the value.</summary>
    internal ulong Significand { get; }

    /// <summary>The power of two.</summary>
    internal int Exponent { get; }

    /// <summary>Plus or minus infinity.</summary>
    public static LongDouble Infinity(bool isNegative) => new(isNegative, 0, InfiniteExponent);

    /// <summary>Zero of either sign.</summary>
    public static LongDouble Zero(bool isNegative) => new(isNegative, 0, 0);

    /// <summary>An integer, which always fits exactly.</summary>
    public static LongDouble FromInt64(long number)
    {
        ulong magnitude = number < 0 ? 0 - (ulong)number : (ulong)number;
        return Round(number < 0, magnitude, 0, isSticky: false);
    }

    /// <summary>A finite <c>double</c>, which always fits exactly.</summary>
    public static LongDouble FromDouble(double number)
    {
        long bits = BitConverter.DoubleToInt64Bits(number);
        int biasedExponent = (int)(bits >> 52) & 0x7FF;
        ulong fraction = (ulong)bits & ((1UL << 52) - 1);
        ulong significand = biasedExponent == 0 ? fraction : fraction | (1UL << 52);
        return Round(bits < 0, significand, Math.Max(biasedExponent, 1) - 1075, isSticky: false);
    }

    /// <summary>The sum, rounded once.</summary>
    /// <returns>False where Redis answers "increment would produce NaN or Infinity".</returns>
    public static bool TryAdd(LongDouble left, LongDouble right, out LongDouble sum)
    {
        sum = left.IsFinite && right.IsFinite ? Add(left, right) : Infinity(left.IsFinite ? right.IsNegative : left.IsNegative);
        return sum.IsFinite;
    }

    /// <summary>The number nearest to <paramref name="significand"/> × 2^<paramref name="exponent"/>; a tie goes to the even one.</summary>
    /// <param name="isNegative">The sign.</param>
    /// <param name="significand">Any integer; of more than 65 bits if <paramref name="isSticky"/>.</param>
    /// <param name="exponent">The power of two.</param>
    /// <param name="isSticky">Whether the true value is a little more, by less than 1 × 2^<paramref name="exponent"/>.</param>
    internal static LongDouble Round(bool isNegative, UInt128 significand, int exponent, bool isSticky)
    {
        if (significand == 0)
        {
            return Zero(isNegative);
        }

        int bits = 128 - (int)UInt128.LeadingZeroCount(significand);
        int surplus = Math.Max(bits - SignificandBits, MinExponent - exponent);
        ulong kept;
        if (surplus <= 0)
        {
            kept = (ulong)significand << -surplus;
        }
        else
        {
            kept = surplus > 127 ? 0 : (ulong)(significand >> surplus);
            UInt128 half = surplus > 128 ? 0 : UInt128.One << (surplus - 1);
            UInt128 dropped = surplus > 127 ? significand : significand & ((UInt128.One << surplus) - 1);
            bool up = half != 0 && (dropped > half || (dropped == half && (isSticky || (kept & 1) != 0)));
            if (up && ++kept == 0)
            {
                kept = 1UL << (SignificandBits - 1);
                surplus++;
            }
        }

        exponent += surplus;
        return exponent > MaxExponent ? Infinity(isNegative)
            : kept == 0 ? Zero(isNegative)
            : new LongDouble(isNegative, kept, exponent);
    }

    /// <summary>As the other form, for an integer of any length.</summary>
    internal static LongDouble Round(bool isNegative, BigInteger significand, int exponent, bool isSticky)
    {
        int surplus = (int)Math.Max(0, (long)significand.GetBitLength() - 128);
        BigInteger top = significand >> surplus;
        return Round(isNegative, (UInt128)top, exponent + surplus, isSticky || (top << surplus) != significand);
    }

    private static LongDouble Add(LongDouble left, LongDouble right)
    {
        if (left.IsZero || right.IsZero)
        {
            return left.IsZero && right.IsZero ? Zero(left.IsNegative && right.IsNegative) : left.IsZero ? right : left;
        }

        (LongDouble greater, LongDouble smaller) = IsGreaterMagnitude(right, left) ? (right, left) : (left, right);

        // Room for one carry above; the other 63 bits below are enough: see the borrow.
        UInt128 sum = (UInt128)greater.Significand << (SignificandBits - 1);
        UInt128 addend = (UInt128)smaller.Significand << (SignificandBits - 1);
        int distance = greater.Exponent - smaller.Exponent;
        bool isSticky = distance > 127 || (addend & ((UInt128.One << distance) - 1)) != 0;
        addend = distance > 127 ? 0 : addend >> distance;
        if (greater.IsNegative == smaller.IsNegative)
        {
            sum += addend;
        }
        else
        {
            // What the shift cut off the addend must be taken away too: borrow one, and what remains of it is the sticky rest.
            // Bits are cut off only at a distance of 64 and more, and then the difference keeps at least 125 bits.
            sum -= addend + (isSticky ? UInt128.One : UInt128.Zero);
        }

        return sum == 0 ? Zero(false) : Round(greater.IsNegative, sum, greater.Exponent - (SignificandBits - 1), isSticky);
    }

    private static bool IsGreaterMagnitude(LongDouble left, LongDouble right) =>
        left.Exponent != right.Exponent ? left.Exponent > right.Exponent : left.Significand > right.Significand;
}
