using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>One XCLAIM or XAUTOCLAIM at work: its entries one by one. The shard is locked, and the change has begun.</summary>
internal ref struct StreamClaimRun
{
    private readonly Store _store;
    private readonly Shard _shard;
    private readonly int _database;
    private readonly KeyProbe _key;
    private readonly StreamData _stream;
    private readonly StreamGroup _group;
    private readonly ReadOnlySpan<byte> _consumerName;
    private readonly StreamClaiming _claiming;
    private readonly long _now;
    private readonly long _deliveredAt;
    private StreamConsumer? _consumer;
    private StreamIdEffect _claims;
    private StreamIdEffect _releases;

    public StreamClaimRun(
        Store store, Shard shard, int database, in KeyProbe key, StreamData stream, StreamGroup group, ReadOnlySpan<byte> consumer, in StreamClaiming claiming)
    {
        _store = store;
        _shard = shard;
        _database = database;
        _key = key;
        _stream = stream;
        _group = group;
        _consumerName = consumer;
        _claiming = claiming;
        _now = store.Clock.UnixMilliseconds;
        long deliveredAt = claiming.DeliveredAt ?? (claiming.IdleMs is { } idle ? unchecked(_now - idle) : _now);
        _deliveredAt = deliveredAt < 0 || deliveredAt > _now ? _now : deliveredAt;
        _claims = new StreamIdEffect(shard, database, key, "XCLAIM"u8, group.Name, consumer);
        _releases = new StreamIdEffect(shard, database, key, "XACK"u8, group.Name);
    }

    /// <summary>Entries that were claimed.</summary>
    public readonly long Claimed => _claims.Count;

    /// <summary>Entries that were deleted, and therefore are pending no more.</summary>
    public readonly long Released => _releases.Count;

    /// <summary>Claims an entry, or ends that it is pending if it is deleted.</summary>
    /// <returns>Whether it is pending afterwards.</returns>
    public bool Claim<TSink>(StreamId id, ref TSink sink)
        where TSink : struct, IStreamSink
    {
        bool isPending = _group.Pending.TryFind(id, out IdPosition position);
        StreamIterator entry = _stream.Iterate(id, id);
        if (!entry.MoveNext())
        {
            if (isPending)
            {
                _group.ReleaseAt(position);
                _releases.Add(id);
                sink.Deleted(id);
            }

            return false;
        }

        PendingEntry pending = isPending ? _group.Pending.ValueAt(position) : new PendingEntry { Deliveries = 1 };
        bool isTooFresh = isPending && _claiming.MinIdleMs > 0 && _now - pending.DeliveredAt < _claiming.MinIdleMs;
        if ((!isPending && !_claiming.CreatesPending) || isTooFresh)
        {
            return isPending;
        }

        // Not earlier: who claims nothing is not even made a consumer.
        _consumer ??= _group.FindConsumer(_consumerName) ?? StreamGroupOperations.AddConsumer(_store, _shard, _database, _key, _group, _consumerName);
        _consumer.SeenAt = _now;
        long deliveries = _claiming.Deliveries >= 0 ? _claiming.Deliveries.Value : pending.Deliveries + (_claiming.OnlyIds ? 0 : 1);
        _group.Assign(id, _consumer, _deliveredAt, deliveries);
        _claims.AddClaim(id, _deliveredAt, deliveries, _group.LastId);
        if (_claiming.OnlyIds)
        {
            sink.Id(id);
        }
        else
        {
            sink.Entry(id, entry.Fields);
        }

        return true;
    }

    /// <summary>Logs what was done.</summary>
    public void End()
    {
        _claims.End();
        _releases.End();
    }
}
