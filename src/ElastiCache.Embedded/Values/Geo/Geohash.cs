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
        // A score that ZADD stored may be anything. Redis converts as C does; what is out of range there is undefined, and here the nearest number.
        GeoArea area = new GeohashCell((ulong)score, Steps).Area();
        return new GeoPosition(
            Math.Clamp((area.MinLongitude + area.MaxLongitude) / 2, -GeoPosition.MaxLongitude, GeoPosition.MaxLongitude),
            Math.Clamp((area.MinLatitude + area.MaxLatitude) / 2, -GeoPosition.MaxLatitude, GeoPosition.MaxLatitude));
    }

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
