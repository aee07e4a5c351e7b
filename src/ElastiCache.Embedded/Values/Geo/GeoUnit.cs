namespace ElastiCache.Embedded;

/// <summary>A unit of distance.</summary>
public enum GeoUnit
{
    /// <summary>Metres: <c>m</c>.</summary>
    Meters,

    /// <summary>Kilometres: <c>km</c>.</summary>
    Kilometers,

    /// <summary>Feet of 0.3048 m: <c>ft</c>.</summary>
    Feet,

    /// <summary>Miles, which are 1609.34 m in Redis: <c>mi</c>.</summary>
    Miles,
}
