using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>Places under a key: members with a longitude and a latitude. Making the handle touches nothing, and the key need not exist.</summary>
/// <remarks>
/// It is a sorted set whose scores are geohashes of 52 bits, half a metre exact, so <see cref="CacheDatabase.SortedSet{T}"/> on the same key removes and counts.
/// A key that holds another type of value is a <see cref="WrongTypeException"/>, a position outside of the world that the hash covers (latitudes up to 85.05112878°) an
/// <see cref="ArgumentOutOfRangeException"/>; nothing has changed then.
/// </remarks>
/// <typeparam name="T">What its members are.</typeparam>
public sealed class CacheGeo<T>
{
    private readonly CacheDatabase _database;
    private readonly GeoOperations _operations;
    private readonly HandleKey _key;

    internal CacheGeo(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.GeoSets;
        _key = new HandleKey(key);
    }

    /// <summary>Gives a member a place. O(log n). Redis: GEOADD.</summary>
    /// <returns>Whether it is new.</returns>
    [SkipLocalsInit]
    public bool Add(T member, GeoPosition position)
    {
        Require(position);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        ScoreOutcome outcome = _operations.Add(
            _database.Index, key, new OneScore(encoder.Encode(member, _database.Serializer, _key.Value), Geohash.ToScore(position)), ScoreRules.None, ref ticket);
        _database.Wait(ticket);
        return outcome.Added > 0;
    }

    /// <summary>Where a member is, to half a metre. O(1). Redis: GEOPOS.</summary>
    /// <returns>Null if it isn't there.</returns>
    [SkipLocalsInit]
    public GeoPosition? Position(T member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return _operations.Find(_database.Index, key, encoder.Encode(member, _database.Serializer, _key.Value)) is { IsThere: true } found ? found.Position : null;
    }

    /// <summary>The distance between two members. O(1). Redis: GEODIST.</summary>
    /// <returns>Null if one of them isn't there.</returns>
    [SkipLocalsInit]
    public double? Distance(T from, T to, GeoUnit unit = GeoUnit.Meters)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var first = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        using var second = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        double? meters = _operations.Distance(
            _database.Index, key, first.Encode(from, _database.Serializer, _key.Value), second.Encode(to, _database.Serializer, _key.Value));
        return meters / unit.Meters();
    }

    /// <summary>The members inside a circle, the nearest first. O(n + log m) for n members around. Redis: GEOSEARCH BYRADIUS.</summary>
    /// <param name="center">The middle.</param>
    /// <param name="radius">From the middle to the edge, not negative.</param>
    /// <param name="unit">The unit of the radius, and of the distances that are returned.</param>
    /// <param name="count">The most members; null for all.</param>
    public (T Member, double Distance)[] Search(GeoPosition center, double radius, GeoUnit unit = GeoUnit.Meters, long? count = null)
    {
        Require(center);
        ArgumentOutOfRangeException.ThrowIfNegative(radius);
        return Search(GeoShape.Circle(center, radius, unit), count);
    }

    /// <summary>The members inside a box, the nearest to its middle first. O(n + log m) for n members around. Redis: GEOSEARCH BYBOX.</summary>
    /// <param name="center">The middle.</param>
    /// <param name="width">From west to east, not negative.</param>
    /// <param name="height">From south to north, not negative.</param>
    /// <param name="unit">The unit of the lengths, and of the distances that are returned.</param>
    /// <param name="count">The most members; null for all.</param>
    public (T Member, double Distance)[] SearchBox(GeoPosition center, double width, double height, GeoUnit unit = GeoUnit.Meters, long? count = null)
    {
        Require(center);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        ArgumentOutOfRangeException.ThrowIfNegative(height);
        return Search(GeoShape.Box(center, width, height, unit), count);
    }

    private (T Member, double Distance)[] Search(GeoShape shape, long? count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count ?? 1, nameof(count));
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        List<GeoMatch> matches = _operations.Search(_database.Index, key, new GeoQuery { Shape = shape, Count = count ?? 0, IsSorted = true });
        return [.. matches.Select(match =>
            (ValueCodec.Decode<T>(match.Member, _database.Serializer, _key.Value)!, match.Meters / shape.Unit.Meters()))];
    }

    private static void Require(GeoPosition position)
    {
        if (!position.IsStorable)
        {
            throw new ArgumentOutOfRangeException(
                nameof(position), position, $"A longitude is -180 to 180 degrees, a latitude at most {GeoPosition.MaxLatitude} north or south.");
        }
    }
}
