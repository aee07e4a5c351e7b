using System.Globalization;
using System.Text.Unicode;

namespace ElastiCache.Embedded.Values;

/// <summary>Distances on a sphere, and how Redis writes them.</summary>
internal static class GeoDistance
{
    /// <summary>Earth's radius for Redis.</summary>
    public const double EarthRadiusMeters = 6372797.560856;

    /// <summary>Room for the text of any distance: Earth's girth has 9 digits in feet, a long of ten-thousandths at most 20 characters.</summary>
    public const int MaxTextBytes = 24;

    private const double RadiansPerDegree = Math.PI / 180;
    private const int Scale = 10_000;

    /// <summary>The distance by the haversine formula. Earth is no sphere: the error is up to 0.5 %.</summary>
    public static double Meters(GeoPosition from, GeoPosition to)
    {
        // The order of these operations is the one that makes all digits equal to Redis's.
        double v = Math.Sin((ToRadians(to.Longitude) - ToRadians(from.Longitude)) / 2);
        if (v == 0)
        {
            return MetersNorth(from.Latitude, to.Latitude);
        }

        double fromLatitude = ToRadians(from.Latitude);
        double toLatitude = ToRadians(to.Latitude);
        double u = Math.Sin((toLatitude - fromLatitude) / 2);
        return 2.0 * EarthRadiusMeters * Math.Asin(Math.Sqrt((u * u) + (Math.Cos(fromLatitude) * Math.Cos(toLatitude) * v * v)));
    }

    /// <summary>The distance along a meridian.</summary>
    public static double MetersNorth(double fromLatitude, double toLatitude) => EarthRadiusMeters * Math.Abs(ToRadians(toLatitude) - ToRadians(fromLatitude));

    public static double ToRadians(double degrees) => degrees * RadiansPerDegree;

    public static double ToDegrees(double radians) => radians / RadiansPerDegree;

    /// <summary>Writes a distance on Earth in any unit, with four decimals, into <see cref="MaxTextBytes"/>.</summary>
    /// <remarks>As Redis 7.0.8 and later: the number times 10,000 is rounded to an integer, a tie to the even one. <c>%.4f</c>, before, looked at the exact value.</remarks>
    /// <returns>The bytes written.</returns>
    public static int Format(double distance, Span<byte> destination)
    {
        (long whole, long decimals) = Math.DivRem((long)Math.Round(distance * Scale, MidpointRounding.ToEven), Scale);
        return Utf8.TryWrite(destination, CultureInfo.InvariantCulture, $"{whole}.{decimals:D4}", out int written)
            ? written
            : throw new ArgumentException($"{destination.Length} bytes are too few; {MaxTextBytes} suffice.", nameof(destination));
    }
}
