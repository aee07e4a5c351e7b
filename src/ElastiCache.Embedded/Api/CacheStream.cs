using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A stream under a key: a log of entries with ascending IDs. Making the handle touches nothing: the key need not exist.</summary>
/// <remarks>
/// An entry has fields, each with a name and a value; it never changes, and goes when it is deleted or trimmed. Many may read the same entries, each from where they are
/// (<see cref="Read"/>), or consumers may share them (<see cref="Group"/>). A stream without entries stays until its key is deleted.
/// Every method is one atomic step.
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, a budget without room a <see cref="CacheFullException"/>, a log that
/// refuses writes a <see cref="LogException"/>; in each of these cases nothing has changed. Writes return when the promise of
/// <see cref="EmbeddedCacheOptions.Durability"/> holds.
/// </para>
/// </remarks>
public sealed class CacheStream
{
    private readonly CacheDatabase _database;
    private readonly StreamOperations _operations;
    private readonly HandleKey _key;

    internal CacheStream(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Streams;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal StreamOperations Operations => _operations;

    internal HandleKey Key => _key;

    /// <summary>A group of consumers that share the stream's entries. Making the handle touches nothing: create the group with its <see cref="CacheStreamGroup.Create"/>.</summary>
    public CacheStreamGroup Group(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new CacheStreamGroup(this, name);
    }

    /// <summary>Adds an entry with one field; its ID is the present time. O(1), no allocation for bytes, text and numbers. Redis: XADD.</summary>
    /// <returns>The entry's ID.</returns>
    /// <exception cref="ArgumentNullException">Name or value is null. Nothing changes.</exception>
    public StreamId Add<T>(string field, T value) => Add(default(StreamAddOptions), [(field, value)])!.Value;

    /// <summary>Adds an entry; its ID is the present time. O(fields). Redis: XADD.</summary>
    /// <param name="fields">At least one.</param>
    /// <returns>The entry's ID.</returns>
    /// <exception cref="ArgumentException">There are no fields, or a name or value is null. Nothing changes.</exception>
    public StreamId Add<T>(params ReadOnlySpan<(string Field, T Value)> fields) => Add(default(StreamAddOptions), fields)!.Value;

    /// <summary>Adds an entry with an ID of one's own, or trims the stream at the same time. O(fields). Redis: XADD.</summary>
    /// <param name="options">How.</param>
    /// <param name="fields">At least one.</param>
    /// <returns>The entry's ID; null if the stream had to exist and does not.</returns>
    /// <exception cref="StreamException">The ID is not greater than the last one. Nothing changes.</exception>
    /// <exception cref="ArgumentException">There are no fields, a name or value is null, the options contradict each other, or the entry takes more than 1 GB. Nothing changes.</exception>
    [SkipLocalsInit]
    public StreamId? Add<T>(in StreamAddOptions options, params ReadOnlySpan<(string Field, T Value)> fields)
    {
        StreamAdding adding = options.ToAdding();
        using StreamFieldEncoder encoder = StreamFieldEncoder.Encode(fields, _database, _key.Value);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        StreamId? id = _operations.Add(_database.Index, probe, adding, encoder.Fields, ref ticket);
        _database.Wait(ticket);
        return id;
    }

    /// <summary>The number of entries; 0 if there is no such key. O(1). Redis: XLEN.</summary>
    [SkipLocalsInit]
    public long Length()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        return _operations.Length(_database.Index, probe);
    }

    /// <summary>The entries between two IDs, both inclusive, in ascending order. O(log n + entries). Redis: XRANGE.</summary>
    /// <param name="from">The smallest ID; null for the beginning.</param>
    /// <param name="to">The greatest ID; null for the end.</param>
    /// <param name="count">The most entries, more than 0; null for all.</param>
    public StreamEntry[] Range(StreamId? from = null, StreamId? to = null, long? count = null) => Range(from, to, count, isReverse: false);

    /// <summary>The entries between two IDs, both inclusive, in descending order. O(log n + entries). Redis: XREVRANGE.</summary>
    /// <inheritdoc cref="Range(StreamId?, StreamId?, long?)"/>
    public StreamEntry[] RangeReverse(StreamId? from = null, StreamId? to = null, long? count = null) => Range(from, to, count, isReverse: true);

    /// <summary>The entries behind an ID. O(log n + entries). Redis: XREAD.</summary>
    /// <param name="after">The last ID that is known already; <see cref="StreamId.Min"/> for the beginning.</param>
    /// <param name="count">The most entries, more than 0; null for all.</param>
    public StreamEntry[] Read(StreamId after, long? count = null) => after == StreamId.Max ? [] : Range(after.Next, null, count);

    /// <summary>The entries behind an ID; waits for the next one if there is none. O(log n + entries). Redis: XREAD with BLOCK.</summary>
    /// <param name="after">The last ID that is known already.</param>
    /// <param name="timeout">How long to wait; null for ever.</param>
    /// <param name="count">The most entries, more than 0; null for all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>At least one entry; none when the time was up.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async Task<StreamEntry[]> ReadAsync(StreamId after, TimeSpan? timeout, long? count = null, CancellationToken cancellationToken = default)
    {
        long most = Checked(count);
        Length();       // refuses another type at once, where the wait would hope for a stream to come
        using var wait = new StreamWait(_database, _key.Value.ToArray(), after, null, null, false, most);
        return await wait.RunAsync(_key, timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes entries. O(log n) an ID. Redis: XDEL.</summary>
    /// <returns>How many of them were there.</returns>
    [SkipLocalsInit]
    public long Delete(params ReadOnlySpan<StreamId> ids)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        long deleted = _operations.Delete(_database.Index, probe, ids, ref ticket);
        _database.Wait(ticket);
        return deleted;
    }

    /// <summary>Deletes the oldest entries so that so many are left. O(entries deleted). Redis: XTRIM MAXLEN.</summary>
    /// <param name="maxLength">How many to keep, 0 or more.</param>
    /// <param name="approximately">Whether only whole nodes go: cheaper, and some entries too many may stay.</param>
    /// <returns>How many were deleted.</returns>
    public long Trim(long maxLength, bool approximately = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        return Trim(new StreamTrim { Strategy = StreamTrimStrategy.MaxLength, MaxLength = maxLength, IsApproximate = approximately });
    }

    /// <summary>Deletes the entries with smaller IDs. O(entries deleted). Redis: XTRIM MINID.</summary>
    /// <param name="minId">The first ID to keep.</param>
    /// <param name="approximately">Whether only whole nodes go: cheaper, and some entries too many may stay.</param>
    /// <returns>How many were deleted.</returns>
    public long TrimBefore(StreamId minId, bool approximately = false) =>
        Trim(new StreamTrim { Strategy = StreamTrimStrategy.MinId, MinId = minId, IsApproximate = approximately });

    internal static long Checked(long? count)
    {
        if (count is { } wanted)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted, nameof(count));
        }

        return count ?? 0;
    }

    [SkipLocalsInit]
    private StreamEntry[] Range(StreamId? from, StreamId? to, long? count, bool isReverse)
    {
        long most = Checked(count);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        using PooledBuffer buffer = PooledBuffer.Rent();
        var collector = new StreamEntryCollector(buffer);
        _operations.Range(_database.Index, probe, from ?? StreamId.Min, to ?? StreamId.Max, isReverse, most, ref collector);
        return collector.ToEntries(_database, _key);
    }

    [SkipLocalsInit]
    private long Trim(in StreamTrim trim)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        long trimmed = _operations.Trim(_database.Index, probe, trim, ref ticket);
        _database.Wait(ticket);
        return trimmed;
    }
}
