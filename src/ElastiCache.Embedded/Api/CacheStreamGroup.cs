using System.Runtime.CompilerServices;
using System.Text;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A group of consumers that share a stream's entries: each entry goes to one of them, and is pending until that one acknowledges it.</summary>
/// <remarks>
/// <code>
///   CacheStreamGroup mailers = cache.Stream("mails").Group("mailers");
///   mailers.Create(StreamId.Min, createsStream: true);
///   foreach (StreamEntry mail in await mailers.ReadAsync("worker-1", timeout, count: 10))
///   {
///       Send(mail);
///       mailers.Acknowledge(mail.Id);
///   }
/// </code>
/// What a consumer does not acknowledge, because it has died, another one claims after some time (<see cref="ClaimIdle"/>). A consumer is there as soon as it is first named.
/// <para>Where there is no such stream or group a method throws a <see cref="StreamException"/>; beyond that see <see cref="CacheStream"/>.</para>
/// </remarks>
public sealed class CacheStreamGroup
{
    private readonly CacheDatabase _database;
    private readonly StreamOperations _operations;
    private readonly HandleKey _key;
    private readonly byte[] _name;

    internal CacheStreamGroup(CacheStream stream, string name)
    {
        Stream = stream;
        _database = stream.Database;
        _operations = stream.Operations;
        _key = stream.Key;
        _name = Encoding.UTF8.GetBytes(name);
        Name = name;
    }

    /// <summary>The group's name.</summary>
    public string Name { get; }

    internal CacheStream Stream { get; }

    /// <summary>Creates the group. O(1). Redis: XGROUP CREATE.</summary>
    /// <param name="after">The group gets the entries behind this ID: <see cref="StreamId.Min"/> for all, null for those that come from now on.</param>
    /// <param name="createsStream">Whether the stream is created too if there is none.</param>
    /// <exception cref="StreamException">There is such a group, or no such stream. Nothing changes.</exception>
    [SkipLocalsInit]
    public void Create(StreamId? after, bool createsStream = false)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _operations.Groups.Create(_database.Index, probe, _name, after, StreamGroup.Unknown, createsStream, ref ticket);
        _database.Wait(ticket);
    }

    /// <summary>Removes the group, with all that is pending. O(pending). Redis: XGROUP DESTROY.</summary>
    /// <returns>Whether there was such a group.</returns>
    [SkipLocalsInit]
    public bool Destroy()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        bool existed = _operations.Groups.Destroy(_database.Index, probe, _name, ref ticket);
        _database.Wait(ticket);
        return existed;
    }

    /// <summary>Lets the group go on behind an ID, further ahead or back. O(1). Redis: XGROUP SETID.</summary>
    /// <param name="after">The ID; null for the end.</param>
    [SkipLocalsInit]
    public void MoveTo(StreamId? after)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _operations.Groups.SetLastId(_database.Index, probe, _name, after, StreamGroup.Unknown, ref ticket);
        _database.Wait(ticket);
    }

    /// <summary>Entries that are new to the group; they are pending with the consumer from then on. O(log n + entries). Redis: XREADGROUP with <c>&gt;</c>.</summary>
    /// <param name="consumer">Who reads.</param>
    /// <param name="count">The most entries, more than 0; null for all.</param>
    /// <param name="acknowledges">Whether they count as acknowledged at once: an entry is lost if its consumer fails. Redis: NOACK.</param>
    public StreamEntry[] Read(string consumer, long? count = null, bool acknowledges = false) => Read(consumer, StreamCursor.New, count, acknowledges);

    /// <summary>What is pending with a consumer, from before a crash for example; it counts as another delivery. O(log n + entries). Redis: XREADGROUP with an ID.</summary>
    /// <param name="consumer">Whose entries.</param>
    /// <param name="after">The ID behind which to begin.</param>
    /// <param name="count">The most entries, more than 0; null for all.</param>
    /// <returns>The entries; of those that were deleted meanwhile only the ID (<see cref="StreamEntry.IsDeleted"/>).</returns>
    public StreamEntry[] ReadPending(string consumer, StreamId after = default, long? count = null) => Read(consumer, StreamCursor.Behind(after), count, acknowledges: false);

    /// <summary>As <see cref="Read(string, long?, bool)"/>; waits for an entry if there is none.</summary>
    /// <param name="consumer">Who reads.</param>
    /// <param name="timeout">How long to wait; null for ever.</param>
    /// <param name="count">The most entries, more than 0; null for all.</param>
    /// <param name="acknowledges">Whether they count as acknowledged at once.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>At least one entry; none when the time was up.</returns>
    /// <exception cref="StreamException">There is no such stream or group, or it went while we waited.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async Task<StreamEntry[]> ReadAsync(string consumer, TimeSpan? timeout, long? count = null, bool acknowledges = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        RequireGroup();
        using var wait = new StreamWait(_database, _key.Value.ToArray(), default, Name, consumer, acknowledges, CacheStream.Checked(count));
        return await wait.RunAsync(_key, timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says that entries are done with: they are pending no more. O(log n) an ID, no allocation. Redis: XACK.</summary>
    /// <returns>How many of them were pending.</returns>
    [SkipLocalsInit]
    public long Acknowledge(params ReadOnlySpan<StreamId> ids)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        long acknowledged = _operations.Groups.Acknowledge(_database.Index, probe, _name, ids, ref ticket);
        _database.Wait(ticket);
        return acknowledged;
    }

    /// <summary>Takes over entries that have been pending for long. O(entries looked at). Redis: XAUTOCLAIM.</summary>
    /// <param name="consumer">Who gets them.</param>
    /// <param name="minIdle">Only those that were delivered at least so long ago.</param>
    /// <param name="from">The first ID to look at.</param>
    /// <param name="count">The most entries, more than 0.</param>
    /// <param name="next">Where to go on; <see cref="StreamId.Min"/> at the end.</param>
    /// <returns>The entries; those that were deleted meanwhile, which are pending no more, as IDs alone (<see cref="StreamEntry.IsDeleted"/>).</returns>
    [SkipLocalsInit]
    public StreamEntry[] ClaimIdle(string consumer, TimeSpan minIdle, StreamId from, out StreamId next, long count = 100)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentOutOfRangeException.ThrowIfLessThan(minIdle, TimeSpan.Zero);
        CacheStream.Checked(count);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        using PooledBuffer buffer = PooledBuffer.Rent();
        var collector = new StreamEntryCollector(buffer);
        JournalTicket ticket = default;
        next = _operations.Claims.ClaimIdle(
            _database.Index, probe, _name, Encoding.UTF8.GetBytes(consumer), from, (long)minIdle.TotalMilliseconds, Math.Min(count, int.MaxValue), false, ref collector, ref ticket);
        _database.Wait(ticket);
        return collector.ToEntries(_database, _key);
    }

    /// <summary>Takes over entries by their IDs. O(log n) an ID. Redis: XCLAIM.</summary>
    /// <param name="consumer">Who gets them.</param>
    /// <param name="minIdle">Only those that were delivered at least so long ago.</param>
    /// <param name="ids">The entries; those that are not pending are left out.</param>
    /// <returns>Those that were taken over; those that were deleted meanwhile as IDs alone.</returns>
    [SkipLocalsInit]
    public StreamEntry[] Claim(string consumer, TimeSpan minIdle, params ReadOnlySpan<StreamId> ids)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentOutOfRangeException.ThrowIfLessThan(minIdle, TimeSpan.Zero);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        using PooledBuffer buffer = PooledBuffer.Rent();
        var collector = new StreamEntryCollector(buffer);
        JournalTicket ticket = default;
        _operations.Claims.Claim(
            _database.Index, probe, _name, Encoding.UTF8.GetBytes(consumer), ids, new StreamClaiming { MinIdleMs = (long)minIdle.TotalMilliseconds }, ref collector, ref ticket);
        _database.Wait(ticket);
        return collector.ToEntries(_database, _key);
    }

    /// <summary>Says how long ago a pending entry was delivered to a consumer, who has it from now on. That is no delivery. Redis: XCLAIM with IDLE and JUSTID.</summary>
    internal void SetIdle(string consumer, StreamId id, TimeSpan idle, long? deliveries = null)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        using PooledBuffer buffer = PooledBuffer.Rent();
        var collector = new StreamEntryCollector(buffer);
        JournalTicket ticket = default;
        var claiming = new StreamClaiming { IdleMs = (long)idle.TotalMilliseconds, Deliveries = deliveries, OnlyIds = true };
        _operations.Claims.Claim(_database.Index, probe, _name, Encoding.UTF8.GetBytes(consumer), [id], claiming, ref collector, ref ticket);
        _database.Wait(ticket);
    }

    /// <summary>Tells who waits for the stream that something about the group has changed. For work inside a transaction, which holds the shard.</summary>
    internal void SignalChange()
    {
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        _database.Cache.Store.ShardOf(probe).Listeners.Signal(_database.Index, _key.Value.ToArray());
    }

    /// <summary>Removes a consumer and what is pending with it: nobody will get those entries again. O(pending). Redis: XGROUP DELCONSUMER.</summary>
    /// <returns>How many entries were pending with it.</returns>
    [SkipLocalsInit]
    public long DeleteConsumer(string consumer)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        long pending = _operations.Groups.DeleteConsumer(_database.Index, probe, _name, Encoding.UTF8.GetBytes(consumer), ref ticket);
        _database.Wait(ticket);
        return pending;
    }

    /// <summary>What is pending, without touching it. O(log n + entries). Redis: XPENDING.</summary>
    /// <param name="consumer">With whom; null for all.</param>
    /// <param name="from">The first ID.</param>
    /// <param name="count">The most entries, more than 0.</param>
    [SkipLocalsInit]
    public StreamPendingEntry[] Pending(string? consumer = null, StreamId from = default, long count = 100)
    {
        CacheStream.Checked(count);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        var list = new PendingList(consumer is null ? null : Encoding.UTF8.GetBytes(consumer), from, count, []);
        _operations.Inspections.VisitPending(_database.Index, probe, _name, ref list);
        return [.. list.Found];
    }

    [SkipLocalsInit]
    private void RequireGroup()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe probe);
        if (!_operations.Groups.Exists(_database.Index, probe, _name).Group)
        {
            throw StreamErrors.NoSuchKeyOrGroup(probe, _name);
        }
    }

    private StreamEntry[] Read(string consumer, StreamCursor cursor, long? count, bool acknowledges)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        long most = CacheStream.Checked(count);
        using PooledBuffer buffer = PooledBuffer.Rent();
        var collector = new StreamEntryCollector(buffer);
        JournalTicket ticket = default;
        var reader = new GroupReader(_name, Encoding.UTF8.GetBytes(consumer), acknowledges);
        _operations.Reads.ReadAs(_database.Index, new OneKey(_key.Value), [cursor], reader, most, ref collector, ref ticket);
        _database.Wait(ticket);
        return collector.ToEntries(_database, _key);
    }

    private readonly struct PendingList(byte[]? consumer, StreamId from, long most, List<StreamPendingEntry> found) : IStreamGroupVisitor
    {
        public List<StreamPendingEntry> Found => found;

        public void Visit(StreamGroup group, long now)
        {
            IdMap<PendingEntry> pending = group.Pending;
            StreamConsumer? only = consumer is null ? null : group.FindConsumer(consumer);
            if (consumer is not null && only is null)
            {
                return;
            }

            for (IdPosition i = pending.Seek(from); found.Count < most && pending.IsValid(i); i = pending.Next(i))
            {
                PendingEntry entry = pending.ValueAt(i);
                if (only is null || entry.Consumer == only.Number)
                {
                    string name = Encoding.UTF8.GetString(group.ConsumerOf(entry).Name);
                    found.Add(new StreamPendingEntry(pending.IdAt(i), name, TimeSpan.FromMilliseconds(Math.Max(0, now - entry.DeliveredAt)), entry.Deliveries));
                }
            }
        }
    }
}
