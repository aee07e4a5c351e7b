namespace ElastiCache.Embedded.Values;

/// <summary>Which scores a search must look at.</summary>
/// <remarks>
/// Cells are chosen so large that the shape, wherever it lies in the middle one, reaches no further than the eight around it. Those that it can't
/// reach are left out:
/// <code>
///   ┌────┬────┬────┐
///   │ NW │ N  │ NE │      each cell is one range of scores (<see cref="GeohashCell.Scores"/>),
///   ├────┼──▄▄├▄▄──┤      and what is found there is tested with <see cref="GeoShape.Contains"/>
///   │ W  │ ██C██ E │
///   ├────┼──▀▀├▀▀──┤      here: C, N, S, E, NE, SE; a search without SORT answers in this order,
///   │ SW │ S  │ SE │      so it is Redis's order
///   └────┴────┴────┘
/// </code>
/// </remarks>
internal static class GeoSearch
{
    /// <summary>The most ranges that there may be.</summary>
    public const int MaxRanges = 9;

    // Half of the equator on a Mercator map, in metres.
    private const double HalfMapMeters = 20037726.37;

    // North, south, east, west, then the corners: as Redis looks at them.
    private static ReadOnlySpan<sbyte> Columns => [0, 0, 0, 1, -1, 1, -1, 1, -1];

    private static ReadOnlySpan<sbyte> Rows => [0, 1, -1, 0, 0, 1, 1, -1, -1];

    /// <summary>Finds the ranges, in the order in which they are looked at.</summary>
    /// <param name="shape">Its centre is in the world.</param>
    /// <param name="ranges">Room for <see cref="MaxRanges"/>.</param>
    /// <returns>How many there are.</returns>
    public static int Ranges(in GeoShape shape, Span<GeoScoreRange> ranges)
    {
        GeoArea bounds = shape.Bounds();
        int steps = StepsFor(shape.ReachMeters(), shape.Center.Latitude);
        GeohashCell middle = GeohashCell.Around(shape.Center, steps);
        if (steps > 1 && !ReachesAround(middle, bounds))
        {
            steps--;
            middle = GeohashCell.Around(shape.Center, steps);
        }

        GeoArea area = middle.Area();
        int count = 0;
        GeohashCell last = default;
        for (int i = 0; i < MaxRanges; i++)
        {
            GeohashCell cell = middle.Neighbour(Columns[i], Rows[i]);

            // Of a small world the same cell is neighbour on both sides. Redis compares with the last one only, and never with the middle.
            bool isRepeated = count > 1 && cell == last;
            if (isRepeated || (steps >= 2 && IsOutOfReach(area, bounds, Columns[i], Rows[i])))
            {
                continue;
            }

            ranges[count++] = cell.Scores();
            last = cell;
        }

        return count;
    }

    /// <summary>How often the world may be halved for cells that are larger than a distance.</summary>
    private static int StepsFor(double meters, double latitude)
    {
        if (meters == 0)
        {
            return Geohash.Steps;
        }

        int steps = -1;
        for (; meters < HalfMapMeters; meters *= 2)
        {
            steps++;
        }

        // The same degrees are fewer metres towards the poles.
        steps -= Math.Abs(latitude) > 80 ? 2 : Math.Abs(latitude) > 66 ? 1 : 0;
        return Math.Clamp(steps, 1, Geohash.Steps);
    }

    // At the edge of the world a neighbour is on the other side of it, and then this is false.
    private static bool ReachesAround(GeohashCell middle, GeoArea bounds) =>
        middle.Neighbour(0, 1).Area().MaxLatitude >= bounds.MaxLatitude
        && middle.Neighbour(0, -1).Area().MinLatitude <= bounds.MinLatitude
        && middle.Neighbour(1, 0).Area().MaxLongitude >= bounds.MaxLongitude
        && middle.Neighbour(-1, 0).Area().MinLongitude <= bounds.MinLongitude;

    private static bool IsOutOfReach(GeoArea middle, GeoArea bounds, int column, int row) =>
        (row < 0 && middle.MinLatitude < bounds.MinLatitude)
        || (row > 0 && middle.MaxLatitude > bounds.MaxLatitude)
        || (column < 0 && middle.MinLongitude < bounds.MinLongitude)
        || (column > 0 && middle.MaxLongitude > bounds.MaxLongitude);
}
