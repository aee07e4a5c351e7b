using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>Positions beside redis-server: scores, texts, distances, and what a search finds in which order.</summary>
public class GeoPeerTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const int Seed = 20260204;

    [Fact]
    public void Scores_positions_and_texts_are_those_of_redis()
    {
        var random = new Random(Seed);
        GeoPosition[] positions = [.. Corners(), .. Enumerable.Range(0, 2000).Select(_ => Anywhere(random))];
        Add("encoded", positions);
        byte[] text = new byte[LongDoubleText.MaxFormattedBytes];
        byte[] hash = new byte[Geohash.TextBytes];
        for (int i = 0; i < positions.Length; i++)
        {
            double score = double.Parse(redis.Server.Execute("ZSCORE", "encoded", $"{i}").Text!, CultureInfo.InvariantCulture);
            RedisReply place = redis.Server.Execute("GEOPOS", "encoded", $"{i}")[0];
            RedisReply hashed = redis.Server.Execute("GEOHASH", "encoded", $"{i}")[0];

            Assert.Equal(score, Geohash.ToScore(positions[i]));
            GeoPosition back = Geohash.ToPosition(score);
            Assert.Equal(place[0].Text, Encoding.ASCII.GetString(text, 0, LongDoubleText.Format(LongDouble.FromDouble(back.Longitude), text)));
            Assert.Equal(place[1].Text, Encoding.ASCII.GetString(text, 0, LongDoubleText.Format(LongDouble.FromDouble(back.Latitude), text)));
            Geohash.WriteText(score, hash);
            Assert.Equal(hashed.Text, Encoding.ASCII.GetString(hash));
        }
    }

    [Fact]
    public void Distances_are_those_of_redis_in_every_unit()
    {
        var random = new Random(Seed + 1);
        GeoPosition[] positions = [.. Corners(), .. Enumerable.Range(0, 300).Select(_ => Anywhere(random)), .. Enumerable.Range(0, 300).Select(_ => Near(random, new GeoPosition(13, 38), 0.01))];
        Add("distances", positions);
        byte[] text = new byte[GeoDistance.MaxTextBytes];
        for (int i = 0; i < 5000; i++)
        {
            int from = random.Next(positions.Length), to = random.Next(positions.Length);
            var unit = (GeoUnit)random.Next(4);
            string theirs = redis.Server.Execute("GEODIST", "distances", $"{from}", $"{to}", Encoding.ASCII.GetString(unit.Name())).Text!;

            double meters = GeoDistance.Meters(Geohash.ToPosition(Geohash.ToScore(positions[from])), Geohash.ToPosition(Geohash.ToScore(positions[to])));

            Assert.Equal(theirs, Encoding.ASCII.GetString(text, 0, GeoDistance.Format(meters / unit.Meters(), text)));
        }
    }

    [Fact]
    public void A_search_finds_the_same_members_at_the_same_distances_in_the_same_order()
    {
        var random = new Random(Seed + 2);
        GeoPosition home = new(random.NextDouble() * 20, 70);
        GeoPosition[] positions =
        [
            .. Enumerable.Range(0, 1500).Select(_ => Anywhere(random)),
            .. Enumerable.Range(0, 500).Select(_ => Near(random, home, 1)),
            .. Enumerable.Range(0, 500).Select(_ => Near(random, new GeoPosition(-60, -30), 0.01)),
            .. Enumerable.Range(0, 500).Select(_ => Near(random, new GeoPosition(180, 0), 5)),
        ];
        Add("searched", positions);
        (double Score, string Member)[] sorted =
            [.. positions.Select((position, i) => (Geohash.ToScore(position), $"{i}")).OrderBy(pair => pair.Item1).ThenBy(pair => pair.Item2, StringComparer.Ordinal)];
        for (int i = 0; i < 3000; i++)
        {
            GeoPosition center = random.Next(4) == 0 ? Anywhere(random) : Near(random, positions[random.Next(positions.Length)], 0.01);
            var unit = (GeoUnit)random.Next(4);
            double width = Math.Pow(10, (random.NextDouble() * 7) + 1) / unit.Meters();
            double height = width * Math.Pow(10, random.NextDouble() - 0.5);
            bool isBox = random.Next(2) == 0;
            string unitName = Encoding.ASCII.GetString(unit.Name());
            string[] by = isBox ? ["BYBOX", Text(width), Text(height), unitName] : ["BYRADIUS", Text(width), unitName];

            RedisReply theirs = redis.Server.Execute(["GEOSEARCH", "searched", "FROMLONLAT", Text(center.Longitude), Text(center.Latitude), .. by, "WITHDIST"]);
            List<string> ours = Search(sorted, isBox ? GeoShape.Box(center, width, height, unit) : GeoShape.Circle(center, width, unit));

            Assert.True(
                theirs.Items!.Select(item => $"{item[0].Text} {item[1].Text}").SequenceEqual(ours),
                $"seed {Seed + 2}, search {i} around {center}: {string.Join(' ', by)}: {theirs.Items!.Length} found by redis-server, {ours.Count} by us");
        }
    }

    private static List<string> Search((double Score, string Member)[] sorted, GeoShape shape)
    {
        var found = new List<string>();
        byte[] text = new byte[GeoDistance.MaxTextBytes];
        var ranges = new GeoScoreRange[GeoSearch.MaxRanges];
        foreach (GeoScoreRange range in ranges[..GeoSearch.Ranges(shape, ranges)])
        {
            foreach ((double score, string member) in sorted.Where(pair => pair.Score >= range.First && pair.Score < range.End))
            {
                if (shape.Contains(Geohash.ToPosition(score), out double meters))
                {
                    found.Add($"{member} {Encoding.ASCII.GetString(text, 0, GeoDistance.Format(meters / shape.Unit.Meters(), text))}");
                }
            }
        }

        return found;
    }

    private void Add(string key, GeoPosition[] positions)
    {
        byte[][][] commands = [.. positions.Select((position, i) =>
            Array.ConvertAll((string[])["GEOADD", key, Text(position.Longitude), Text(position.Latitude), $"{i}"], Encoding.ASCII.GetBytes))];
        Assert.All(redis.Server.ExecuteAll(commands), reply => Assert.Equal(1, reply.Number));
    }

    private static GeoPosition[] Corners() =>
    [
        new(0, 0), new(GeoPosition.MaxLongitude, GeoPosition.MaxLatitude), new(-GeoPosition.MaxLongitude, -GeoPosition.MaxLatitude),
        new(-GeoPosition.MaxLongitude, GeoPosition.MaxLatitude), new(1e-12, -1e-12),
    ];

    private static GeoPosition Anywhere(Random random) =>
        new(((random.NextDouble() * 2) - 1) * GeoPosition.MaxLongitude, ((random.NextDouble() * 2) - 1) * GeoPosition.MaxLatitude);

    private static GeoPosition Near(Random random, GeoPosition position, double degrees) => new(
        Math.Clamp(position.Longitude + (((random.NextDouble() * 2) - 1) * degrees), -GeoPosition.MaxLongitude, GeoPosition.MaxLongitude),
        Math.Clamp(position.Latitude + (((random.NextDouble() * 2) - 1) * degrees), -GeoPosition.MaxLatitude, GeoPosition.MaxLatitude));

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
