namespace ElastiCache.Embedded;

/// <summary>A place on Earth, in degrees (WGS 84). Longitude comes first, as in Redis's commands.</summary>
/// <param name="Longitude">East is positive: −180 to 180.</param>
/// <param name="Latitude">North is positive. What is stored lies between −85.05112878 and 85.05112878: there is no place closer to a pole.</param>
public readonly record struct GeoPosition(double Longitude, double Latitude)
{
    /// <summary>The greatest longitude that can be stored; the smallest is its opposite.</summary>
    public const double MaxLongitude = 180;

    /// <summary>The greatest latitude that can be stored, where a Mercator map becomes a square; the smallest is its opposite.</summary>
    public const double MaxLatitude = 85.05112878;

    /// <summary>Whether the position can be stored.</summary>
    public bool IsStorable => Math.Abs(Longitude) <= MaxLongitude && Math.Abs(Latitude) <= MaxLatitude;
}
