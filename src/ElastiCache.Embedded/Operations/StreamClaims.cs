using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>How XCLAIM claims.</summary>
internal readonly record struct StreamClaiming
{
    /// <summary>Only what was delivered at least so long ago; 0 for all.</summary>
    public long MinIdleMs { get; init; }

    /// <summary>TIME: when it counts as delivered, in Unix ms; null for now, and so are times that have not come.</summary>
    public long? DeliveredAt { get; init; }

    /// <summary>IDLE: the same, in ms before now.</summary>
    public long? IdleMs { get; init; }

    /// <summary>RETRYCOUNT: how often it counts as delivered; null or negative to count on.</summary>
    public long? Deliveries { get; init; }

    /// <summary>FORCE: entries too that are pending with nobody.</summary>
    public bool CreatesPending { get; init; }

    /// <summary>JUSTID: only IDs are handed over, which is no delivery.</summary>
    public bool OnlyIds { get; init; }

    /// <summary>LASTID: the group has come at least this far.</summary>
    public StreamId LastId { get; init; }
}

/// <summary>What XCLAIM, XAUTOCLAIM and XPENDING do: entries that were delivered to a consumer and not acknowledged.</summary>
/// <remarks>
/// An entry that is pending and was deleted meanwhile can't be delivered again; whoever claims it ends that it is pending. The log gets an XCLAIM
/// with absolute time and count for each that was claimed, and XACK for what was let go.
/// </remarks>
internal sealed class StreamClaims
{
    /// <summary>XAUTOCLAIM looks at so many pending entries for each that it may claim.</summary>
    private const int LooksAClaim = 10;

    private const int PendingBytes = 80;

    private readonly Store _store;

    public StreamClaims(Store store)
    {
        _store = store;
    }

    /// <summary>XCLAIM: makes entries pending with a consumer. O(log n) an ID.</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is no such key or group. Nothing has changed.</exception>
    public void Claim<TSink>(
        int database, in KeyProbe key, ReadOnlySpan<byte> group, ReadOnlySpan<byte> consumer, ReadOnlySpan<StreamId> ids, in StreamClaiming claiming, ref TSink sink,
        ref JournalTicket ticket)
        where TSink : struct, IStreamSink
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        StreamGroup found = Require(write, key, group, out Entry current, out StreamData stream);
        if (claiming.CreatesPending)
        {
            write.Shard.Room.Ensure((long)PendingBytes * ids.Length, key, current);
        }

        write.Shard.Snapshot.HandOver(database, current);
        bool movesOn = claiming.LastId > found.LastId;
        found.LastId = movesOn ? claiming.LastId : found.LastId;
        var run = new StreamClaimRun(_store, write.Shard, database, key, stream, found, consumer, claiming);
        foreach (StreamId id in ids)
        {
            run.Claim(id, ref sink);
        }

        run.End();
        if (movesOn && run.Claimed == 0)
        {
            StreamGroupOperations.LogLastId(write.Shard, database, key, found, changes: 0);
        }
    }

    /// <summary>XAUTOCLAIM: looks for entries that have been pending for long, and makes them pending with a consumer. O(entries looked at).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The stream.</param>
    /// <param name="group">The group.</param>
    /// <param name="consumer">Who gets them; is created if it is not there and gets any.</param>
    /// <param name="from">The first ID to look at.</param>
    /// <param name="minIdleMs">Only what was delivered at least so long ago; 0 for all.</param>
    /// <param name="count">The most to claim, and to find deleted; ten times as many are looked at.</param>
    /// <param name="onlyIds">Whether only IDs are handed over, which is no delivery.</param>
    /// <param name="sink">Takes what was claimed, and then, as <see cref="IStreamSink.Deleted"/>, what was deleted meanwhile and is now pending no more.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>Where to go on; 0-0 at the end.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="StreamException">There is no such key or group. Nothing has changed.</exception>
    public StreamId ClaimIdle<TSink>(
        int database, in KeyProbe key, ReadOnlySpan<byte> group, ReadOnlySpan<byte> consumer, StreamId from, long minIdleMs, long count, bool onlyIds, ref TSink sink,
        ref JournalTicket ticket)
        where TSink : struct, IStreamSink
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        StreamGroup found = Require(write, key, group, out Entry current, out StreamData stream);
        write.Shard.Snapshot.HandOver(database, current);
        var claiming = new StreamClaiming { MinIdleMs = minIdleMs, OnlyIds = onlyIds };
        var run = new StreamClaimRun(_store, write.Shard, database, key, stream, found, consumer, claiming);
        long looks = count * LooksAClaim;
        IdPosition position = found.Pending.Seek(from);
        while (looks-- > 0 && run.Claimed + run.Released < count && found.Pending.IsValid(position))
        {
            StreamId id = found.Pending.IdAt(position);
            position = run.Claim(id, ref sink) ? found.Pending.Next(position) : found.Pending.Seek(id);
        }

        run.End();
        return found.Pending.IsValid(position) ? found.Pending.IdAt(position) : StreamId.Min;
    }

    private static StreamGroup Require(in KeyWrite write, in KeyProbe key, ReadOnlySpan<byte> group, out Entry current, out StreamData stream) =>
        StreamRecord.TryFindGroup(write, key, group, out current, out stream, out StreamGroup found) ? found : throw StreamErrors.NoSuchKeyOrGroup(key, group);
}
