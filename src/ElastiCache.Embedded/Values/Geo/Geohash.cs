using System.Diagnostics;

namespace ElastiCache.Embedded.Values;

/// <summary>A position as the score of a sorted set, which is all that GEOADD stores.</summary>
/// <remarks>
/// The world is halved 26 times in each direction and the score is the number of the cell, 52 bits; a double holds 53. A cell is at most
/// 0.60 m wide and 0.28 m high, and a stored position comes back as the middle of its cell. See <see cref="GeohashCell"/> for the bits, and
/// <see cref="GeoSearch"/> for what the order of the scores is good for.
/// </remarks>
internal static class Geohash
{
    /// <summary>How often the world is halved in each direction.</summary>
    public const int Steps = 26;

    /// <summary>Length of the text that GEOHASH answers.</summary>
    public const int TextBytes = 11;

    // The texts of geohash.org take the latitude from pole to pole.
    private const double StandardMaxLatitude = 90;

    private const int BitsPerLetter = 5;

    private const double TwoTo63 = 9223372036854775808;

    private static ReadOnlySpan<byte> Alphabet => "0123456789bcdefghjkmnpqrstuvwxyz"u8;

    /// <summary>The score of a position, which must be <see cref="GeoPosition.IsStorable"/>.</summary>
    public static double ToScore(GeoPosition position)
    {
        Debug.Assert(position.IsStorable, "Positions are checked where they come in.");
        return GeohashCell.Around(position, Steps).Bits;
    }

    /// <summary>The position of a score: the middle of its cell.</summary>
    public static GeoPosition ToPosition(double score)
    {
        GeoArea area = new GeohashCell(BitsOf(score), Steps).Area();
        return new GeoPosition(
            Math.Clamp((area.MinLongitude + area.MaxLongitude) / 2, -GeoPosition.MaxLongitude, GeoPosition.MaxLongitude),
            Math.Clamp((area.MinLatitude + area.MaxLatitude) / 2, -GeoPosition.MaxLatitude, GeoPosition.MaxLatitude));
    }

    // A score that ZADD stored may be anything. Redis leaves what is out of range to C, and this is what compiled C does on x86-64: a number below 2^63 goes
    // through a signed conversion, which answers -2^63 where it can't; a larger one goes the same way less 2^63.
    private static ulong BitsOf(double score) => score < TwoTo63 ? (ulong)Signed(score) : (ulong)Signed(score - TwoTo63) ^ (1UL << 63);

    private static long Signed(double number) => number is >= -TwoTo63 and < TwoTo63 ? (long)number : long.MinValue;

    /// <summary>Writes GEOHASH's text, <see cref="TextBytes"/> letters as on geohash.org; the last is always 0, as 55 bits are asked for and there are 52.</summary>
    public static void WriteText(double score, Span<byte> destination)
    {
        ulong bits = GeohashCell.Encode(ToPosition(score), StandardMaxLatitude, Steps);
        for (int i = 0; i < TextBytes - 1; i++)
        {
            destination[i] = Alphabet[(int)(bits >> ((2 * Steps) - ((i + 1) * BitsPerLetter))) & (Alphabet.Length - 1)];
        }

        destination[TextBytes - 1] = Alphabet[0];
    }
}
