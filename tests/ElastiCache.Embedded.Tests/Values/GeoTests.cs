using System.Text;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

public class GeoTests
{
    private const int Seed = 20260203;

    [Fact]
    public void A_stored_position_comes_back_within_a_metre()
    {
        var random = new Random(Seed);
        for (int i = 0; i < 10_000; i++)
        {
            var position = new GeoPosition((random.NextDouble() - 0.5) * 360, (random.NextDouble() - 0.5) * 170);

            GeoPosition back = Geohash.ToPosition(Geohash.ToScore(position));

            Assert.True(GeoDistance.Meters(position, back) < 1, $"seed {Seed}, {position} came back as {back}");
        }
    }

    [Fact]
    public void The_neighbour_of_a_neighbour_is_the_cell_itself_even_around_the_world()
    {
        var random = new Random(Seed);
        for (int i = 0; i < 1000; i++)
        {
            int steps = random.Next(1, Geohash.Steps + 1);
            var cell = GeohashCell.Around(new GeoPosition((random.NextDouble() - 0.5) * 360, (random.NextDouble() - 0.5) * 170), steps);
            int columns = random.Next(-1, 2), rows = random.Next(-1, 2);

            Assert.Equal(cell, cell.Neighbour(columns, rows).Neighbour(-columns, -rows));
        }
    }

    [Fact]
    public void Every_position_inside_a_shape_has_a_score_that_the_search_looks_at()
    {
        var random = new Random(Seed);
        Span<GeoScoreRange> ranges = stackalloc GeoScoreRange[GeoSearch.MaxRanges];
        for (int i = 0; i < 20_000; i++)
        {
            var center = new GeoPosition((random.NextDouble() - 0.5) * 300, (random.NextDouble() - 0.5) * 120);
            double size = Math.Pow(10, (random.NextDouble() * 5) + 1);
            GeoShape shape = random.Next(2) == 0
                ? GeoShape.Circle(center, size, GeoUnit.Meters)
                : GeoShape.Box(center, size, size * random.NextDouble(), GeoUnit.Meters);
            var position = new GeoPosition(center.Longitude + ((random.NextDouble() - 0.5) * size / 50_000), center.Latitude + ((random.NextDouble() - 0.5) * size / 50_000));
            if (!position.IsStorable || !shape.Contains(position, out _))
            {
                continue;
            }

            double score = Geohash.ToScore(position);
            bool isLookedAt = false;
            foreach (GeoScoreRange range in ranges[..GeoSearch.Ranges(shape, ranges)])
            {
                isLookedAt |= score >= range.First && score < range.End;
            }

            Assert.True(isLookedAt, $"seed {Seed}, {shape}, {position}");
        }
    }

    [Theory]
    [InlineData(0, "0.0000")]
    [InlineData(166274.15156960033, "166274.1516")]
    [InlineData(0.03125, "0.0312")]
    [InlineData(0.09375, "0.0938")]
    [InlineData(19665298.65785, "19665298.6578")]
    [InlineData(0.99996, "1.0000")]
    public void A_distance_has_four_decimals_and_a_tie_goes_to_the_even_one(double distance, string expected)
    {
        byte[] text = new byte[GeoDistance.MaxTextBytes];

        int length = GeoDistance.Format(distance, text);

        Assert.Equal(expected, Encoding.ASCII.GetString(text, 0, length));
    }

    [Theory]
    [InlineData("M", GeoUnit.Meters)]
    [InlineData("km", GeoUnit.Kilometers)]
    [InlineData("Ft", GeoUnit.Feet)]
    [InlineData("mi", GeoUnit.Miles)]
    public void Units_are_read_in_any_case(string name, GeoUnit expected)
    {
        Assert.True(GeoUnits.TryParse(Encoding.ASCII.GetBytes(name), out GeoUnit unit));
        Assert.Equal(expected, unit);
        Assert.False(GeoUnits.TryParse(Encoding.ASCII.GetBytes(name + "s"), out _));
    }
}
