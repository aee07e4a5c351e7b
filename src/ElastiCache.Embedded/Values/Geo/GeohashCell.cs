namespace ElastiCache.Embedded.Values;

/// <summary>The scores of one cell: from <paramref name="First"/> up to, but not including, <paramref name="End"/>.</summary>
internal readonly record struct GeoScoreRange(double First, double End);

/// <summary>A rectangle of degrees.</summary>
internal readonly record struct GeoArea(double MinLongitude, double MinLatitude, double MaxLongitude, double MaxLatitude);

/// <summary>A rectangle of the map: the world halved so many times in both directions, and which of the pieces.</summary>
/// <remarks>
/// The bits of column and row take turns, those of the row at the even places. So all positions of a cell share the top bits of their
/// scores, and are neighbours in a sorted set:
/// <code>
///   column  01                  one step more: each cell becomes four
///   row     10
///   bits    0b0110              ┌────┬────┐
///              │└┴─ column, row │ 01 │ 11 │
///              └─ row           ├────┼────┤
///                               │ 00 │ 10 │
///                               └────┴────┘
/// </code>
/// </remarks>
/// <param name="Bits">Column and row.</param>
/// <param name="Steps">How often the world was halved: 1 to <see cref="Geohash.Steps"/>.</param>
internal readonly record struct GeohashCell(ulong Bits, int Steps)
{
    private const double WorldWidth = 2 * GeoPosition.MaxLongitude;
    private const double WorldHeight = 2 * GeoPosition.MaxLatitude;

    private uint Column => Gather(Bits >> 1);

    private uint Row => Gather(Bits);

    /// <summary>The cell around a position that can be stored.</summary>
    public static GeohashCell Around(GeoPosition position, int steps) => new(Encode(position, GeoPosition.MaxLatitude, steps), steps);

    /// <summary>Makes the bits of a position, whose latitude may be at most <paramref name="maxLatitude"/> on either side.</summary>
    public static ulong Encode(GeoPosition position, double maxLatitude, int steps)
    {
        double cells = 1L << steps;
        double row = (position.Latitude - -maxLatitude) / (maxLatitude - -maxLatitude) * cells;
        double column = (position.Longitude - -GeoPosition.MaxLongitude) / WorldWidth * cells;

        // At the very north or east this is one more than the last cell, and sets a bit above the others. Redis stores that.
        return Spread((uint)row) | (Spread((uint)column) << 1);
    }

    /// <summary>The cell so many columns further east and rows further north; past an edge it is at the opposite one.</summary>
    public GeohashCell Neighbour(int columns, int rows)
    {
        uint last = (uint)(1UL << Steps) - 1;
        uint column = columns == 0 ? Column : (Column + (uint)columns) & last;
        uint row = rows == 0 ? Row : (Row + (uint)rows) & last;
        return this with { Bits = Spread(row) | (Spread(column) << 1) };
    }

    /// <summary>The cell's edges.</summary>
    public GeoArea Area()
    {
        double cells = 1L << Steps;
        return new GeoArea(
            -GeoPosition.MaxLongitude + (Column / cells * WorldWidth),
            -GeoPosition.MaxLatitude + (Row / cells * WorldHeight),
            -GeoPosition.MaxLongitude + ((Column + 1.0) / cells * WorldWidth),
            -GeoPosition.MaxLatitude + ((Row + 1.0) / cells * WorldHeight));
    }

    /// <summary>The scores of all positions in the cell.</summary>
    public GeoScoreRange Scores()
    {
        int unused = 2 * (Geohash.Steps - Steps);
        return new GeoScoreRange(Bits << unused, (Bits + 1) << unused);
    }

    // abcd -> 0a0b0c0d
    private static ulong Spread(uint number)
    {
        ulong bits = number;
        bits = (bits | (bits << 16)) & 0x0000FFFF0000FFFF;
        bits = (bits | (bits << 8)) & 0x00FF00FF00FF00FF;
        bits = (bits | (bits << 4)) & 0x0F0F0F0F0F0F0F0F;
        bits = (bits | (bits << 2)) & 0x3333333333333333;
        return (bits | (bits << 1)) & 0x5555555555555555;
    }

    // 0a0b0c0d -> abcd
    private static uint Gather(ulong bits)
    {
        bits &= 0x5555555555555555;
        bits = (bits | (bits >> 1)) & 0x3333333333333333;
        bits = (bits | (bits >> 2)) & 0x0F0F0F0F0F0F0F0F;
        bits = (bits | (bits >> 4)) & 0x00FF00FF00FF00FF;
        bits = (bits | (bits >> 8)) & 0x0000FFFF0000FFFF;
        return (uint)(bits | (bits >> 16));
    }
}
