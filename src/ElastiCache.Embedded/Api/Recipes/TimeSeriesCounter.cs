using System.Globalization;

namespace ElastiCache.Embedded;

/// <summary>Counts what happens, by second, minute, hour and day, and forgets what is old.</summary>
/// <remarks>
/// <code>
///   TimeSeriesCounter views = cache.TimeSeries("views:home");
///   views.Increment();
///   long lastHour = views.Sum(TimeSpan.FromMinutes(1), 60);
///   foreach (TimeSeriesBucket minute in views.Read(TimeSpan.FromMinutes(1), 10)) …
/// </code>
/// The key holds a hash with a field a bucket, <c>seconds:number</c>, that expires by itself (<see cref="HashExpiryExtensions"/>), and so does the key with the last of them. So a
/// counter takes at most as many fields as its resolutions keep, about 100 bytes each, however much it counts. Buckets begin at whole multiples since 1970, UTC.
/// </remarks>
public sealed class TimeSeriesCounter
{
    private static readonly TimeSeriesResolution[] DefaultResolutions =
    [
        new(TimeSpan.FromSeconds(1), 120), new(TimeSpan.FromMinutes(1), 120), new(TimeSpan.FromHours(1), 48), new(TimeSpan.FromDays(1), 90),
    ];

    private readonly CacheDatabase _database;
    private readonly string _key;
    private readonly TimeSeriesResolution[] _resolutions;

    internal TimeSeriesCounter(CacheDatabase database, string key, ReadOnlySpan<TimeSeriesResolution> resolutions)
    {
        var buckets = new HashSet<TimeSpan>();
        foreach (TimeSeriesResolution resolution in resolutions)
        {
            if (!buckets.Add(resolution.Bucket))
            {
                throw new ArgumentException($"There are two resolutions of {resolution.Bucket}.", nameof(resolutions));
            }

            if (resolution.Bucket < TimeSpan.FromSeconds(1) || resolution.Bucket.Ticks % TimeSpan.TicksPerSecond != 0 || resolution.Kept < 1)
            {
                throw new ArgumentException($"A resolution is whole seconds, at least one, and keeps at least one bucket; {resolution} does not.", nameof(resolutions));
            }
        }

        _database = database;
        _key = key;
        _resolutions = resolutions.IsEmpty ? DefaultResolutions : resolutions.ToArray();
    }

    /// <summary>Counts something that happens now, in every resolution as one step. O(resolutions). Redis: HINCRBY, HPEXPIREAT.</summary>
    /// <param name="by">How much; may be negative.</param>
    /// <exception cref="OverflowException">A bucket would not fit 64 bits. Nothing changes.</exception>
    public void Increment(long by = 1) => _database.Transact([_key], database =>
    {
        CacheHash<string, long> buckets = database.Hash<string, long>(_key);
        long now = database.Now / 1000;
        foreach (TimeSeriesResolution resolution in _resolutions)
        {
            // All or nothing: what doesn't fit is found before anything is counted.
            buckets.TryGet(Field(resolution, now / resolution.Seconds), out long counted);
            _ = checked(counted + by);
        }

        foreach (TimeSeriesResolution resolution in _resolutions)
        {
            string field = Field(resolution, now / resolution.Seconds);
            bool isNew = !buckets.TryGet(field, out _);
            buckets.Increment(field, by);
            if (isNew)
            {
                // What Read may ask for: the bucket itself and those kept behind it.
                buckets.ExpireAt(field, DateTimeOffset.FromUnixTimeSeconds(((now / resolution.Seconds) + resolution.Kept) * resolution.Seconds));
            }
        }
    });

    /// <summary>The sum of the last buckets, the current one included. O(buckets).</summary>
    /// <param name="bucket">The resolution.</param>
    /// <param name="count">How many buckets, 1 to as many as the resolution keeps.</param>
    /// <exception cref="ArgumentException">There is no such resolution.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is out of range.</exception>
    public long Sum(TimeSpan bucket, int count) => Read(bucket, count).Sum(each => each.Count);

    /// <summary>The last buckets, the oldest first, the current one last; what was not counted is 0. O(buckets).</summary>
    /// <inheritdoc cref="Sum"/>
    public TimeSeriesBucket[] Read(TimeSpan bucket, int count)
    {
        TimeSeriesResolution resolution = Array.Find(_resolutions, each => each.Bucket == bucket) ?? throw new ArgumentException(
            $"There is no resolution of {bucket}; there are {string.Join(", ", _resolutions.Select(each => each.Bucket))}.", nameof(bucket));
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, resolution.Kept);
        return _database.Transact([_key], database =>
        {
            CacheHash<string, long> buckets = database.Hash<string, long>(_key);
            long first = (database.Now / 1000 / resolution.Seconds) - count + 1;
            var read = new TimeSeriesBucket[count];
            for (int i = 0; i < count; i++)
            {
                buckets.TryGet(Field(resolution, first + i), out long counted);
                read[i] = new TimeSeriesBucket(DateTimeOffset.FromUnixTimeSeconds((first + i) * resolution.Seconds), counted);
            }

            return read;
        });
    }

    private static string Field(TimeSeriesResolution resolution, long number) => string.Create(CultureInfo.InvariantCulture, $"{resolution.Seconds}:{number}");
}

/// <summary>How finely a <see cref="TimeSeriesCounter"/> counts, and how long it remembers.</summary>
/// <param name="Bucket">The length of a bucket: whole seconds, at least one.</param>
/// <param name="Kept">How many buckets are kept, the current one included; at least 1.</param>
public sealed record TimeSeriesResolution(TimeSpan Bucket, int Kept)
{
    internal long Seconds => Bucket.Ticks / TimeSpan.TicksPerSecond;
}

/// <summary>What was counted in a bucket of a <see cref="TimeSeriesCounter"/>.</summary>
/// <param name="Start">When the bucket begins, UTC.</param>
/// <param name="Count">What was counted.</param>
public readonly record struct TimeSeriesBucket(DateTimeOffset Start, long Count);
