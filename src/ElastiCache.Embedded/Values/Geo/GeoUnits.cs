using System.Text;

namespace ElastiCache.Embedded.Values;

/// <summary>Units by their lengths and names.</summary>
internal static class GeoUnits
{
    /// <summary>How long a unit is.</summary>
    public static double Meters(this GeoUnit unit) => unit switch
    {
        GeoUnit.Meters => 1,
        GeoUnit.Kilometers => 1000,
        GeoUnit.Feet => 0.3048,
        GeoUnit.Miles => 1609.34,
        _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "A unit of distance is Meters, Kilometers, Feet or Miles."),
    };

    /// <summary>The name of a unit in Redis's commands.</summary>
    public static ReadOnlySpan<byte> Name(this GeoUnit unit) => unit switch
    {
        GeoUnit.Meters => "m"u8,
        GeoUnit.Kilometers => "km"u8,
        GeoUnit.Feet => "ft"u8,
        _ => "mi"u8,
    };

    /// <summary>Reads a unit's name in any case.</summary>
    /// <returns>False where Redis answers "unsupported unit provided. please use M, KM, FT, MI".</returns>
    public static bool TryParse(ReadOnlySpan<byte> name, out GeoUnit unit)
    {
        for (unit = GeoUnit.Meters; unit <= GeoUnit.Miles; unit++)
        {
            if (Ascii.EqualsIgnoreCase(name, unit.Name()))
            {
                return true;
            }
        }

        unit = default;
        return false;
    }
}
