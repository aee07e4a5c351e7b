namespace ElastiCache.Embedded.Values;

/// <summary>What GEOSEARCH looks in: a circle, or a box whose sides run north and east, around a position.</summary>
internal readonly record struct GeoShape
{
    private GeoShape(GeoPosition center, double width, double height, bool isBox, GeoUnit unit)
    {
        Center = center;
        Width = width;
        Height = height;
        IsBox = isBox;
        Unit = unit;
    }

    public GeoPosition Center { get; }

    /// <summary>The unit of the lengths, and of the distances in the answer.</summary>
    public GeoUnit Unit { get; }

    private double Width { get; }

    private double Height { get; }

    private bool IsBox { get; }

    /// <summary>BYRADIUS.</summary>
    public static GeoShape Circle(GeoPosition center, double radius, GeoUnit unit) => new(center, 2 * radius, 2 * radius, isBox: false, unit);

    /// <summary>BYBOX: from the centre to each side it is half of the width or height.</summary>
    public static GeoShape Box(GeoPosition center, double width, double height, GeoUnit unit) => new(center, width, height, isBox: true, unit);

    /// <summary>Whether a position lies inside, and how far from the centre it is, in metres.</summary>
    public bool Contains(GeoPosition position, out double meters)
    {
        double unit = Unit.Meters();
        if (IsBox)
        {
            // Measured along the position's own parallel, so that the box is as wide in the north as in the south.
            double east = GeoDistance.Meters(position, position with { Longitude = Center.Longitude });
            double north = GeoDistance.MetersNorth(position.Latitude, Center.Latitude);
            if (east > Width * unit / 2 || north > Height * unit / 2)
            {
                meters = 0;
                return false;
            }
        }

        meters = GeoDistance.Meters(Center, position);

        // Between opposite places the formula may give NaN, which is no reason to leave them out of a search that covers the world.
        return IsBox || !(meters > Width / 2 * unit);
    }

    /// <summary>How far from the centre the furthest position inside may be.</summary>
    public double ReachMeters()
    {
        double reach = IsBox ? Math.Sqrt((Width / 2 * (Width / 2)) + (Height / 2 * (Height / 2))) : Width / 2;
        return reach * Unit.Meters();
    }

    /// <summary>A rectangle of degrees around the shape. It may reach past the edges of the world.</summary>
    public GeoArea Bounds()
    {
        double unit = Unit.Meters();
        double north = GeoDistance.ToDegrees(unit * (Height / 2) / GeoDistance.EarthRadiusMeters);

        // A degree of longitude is shortest at the side that is closer to the pole.
        double latitude = Center.Latitude < 0 ? Center.Latitude - north : Center.Latitude + north;
        double east = GeoDistance.ToDegrees(unit * (Width / 2) / GeoDistance.EarthRadiusMeters / Math.Cos(GeoDistance.ToRadians(latitude)));
        return new GeoArea(Center.Longitude - east, Center.Latitude - north, Center.Longitude + east, Center.Latitude + north);
    }
}
