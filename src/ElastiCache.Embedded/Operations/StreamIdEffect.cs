using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Logs a command on IDs that are found one by one. The number of arguments comes first in the log, so some are collected at a time.</summary>
/// <remarks>
/// <code>
///   XDEL key id id …
///   XACK key group id id …
///   XCLAIM key group consumer 0 id id … TIME ms RETRYCOUNT n FORCE JUSTID LASTID id       (as Redis logs XREADGROUP and XCLAIM)
/// </code>
/// </remarks>
internal ref struct StreamIdEffect
{
    private const int IdsAtOnce = 64;

    private readonly Shard _shard;
    private readonly int _database;
    private readonly KeyProbe _key;
    private readonly ReadOnlySpan<byte> _name;
    private readonly ReadOnlySpan<byte> _group;
    private readonly ReadOnlySpan<byte> _consumer;
    private Collected _ids;
    private int _collected;
    private long _deliveredAt;
    private long _deliveries;
    private StreamId _lastId;

    public StreamIdEffect(Shard shard, int database, in KeyProbe key, ReadOnlySpan<byte> name, ReadOnlySpan<byte> group = default, ReadOnlySpan<byte> consumer = default)
    {
        _shard = shard;
        _database = database;
        _key = key;
        _name = name;
        _group = group;
        _consumer = consumer;
    }

    private readonly bool IsClaim => _name.SequenceEqual("XCLAIM"u8);

    private readonly bool HasGroup => !_name.SequenceEqual("XDEL"u8);

    /// <summary>How many changes an ID counts as: 1, or 0 where the whole is one change that something else counts.</summary>
    public int ChangesAnId { get; init; } = 1;

    /// <summary>How many IDs there were.</summary>
    public long Count { get; private set; }

    public void Add(StreamId id)
    {
        Count++;
        _ids[_collected++] = id;
        if (_collected == IdsAtOnce)
        {
            End();
        }
    }

    /// <summary>Adds an entry that is pending with the consumer now.</summary>
    public void AddClaim(StreamId id, long deliveredAt, long deliveries, StreamId lastId)
    {
        if (_collected > 0 && (deliveredAt != _deliveredAt || deliveries != _deliveries))
        {
            End();
        }

        (_deliveredAt, _deliveries, _lastId) = (deliveredAt, deliveries, lastId);
        Add(id);
    }

    /// <summary>Logs what was collected last.</summary>
    public void End()
    {
        int arguments = 2 + (HasGroup ? 1 : 0) + _collected + (IsClaim ? 10 : 0);
        EffectBuffer? effect = _collected == 0 ? null : _shard.Effect(_database, arguments, changes: _collected * ChangesAnId);
        if (effect != null)
        {
            effect.Argument(_name).Argument(_key);
            if (HasGroup)
            {
                effect.Argument(_group);
            }

            if (IsClaim)
            {
                effect.Argument(_consumer).Argument(0);
            }

            for (int i = 0; i < _collected; i++)
            {
                effect.Argument(_ids[i]);
            }

            if (IsClaim)
            {
                effect.Argument("TIME"u8).Argument(_deliveredAt).Argument("RETRYCOUNT"u8).Argument(_deliveries)
                    .Argument("FORCE"u8).Argument("JUSTID"u8).Argument("LASTID"u8).Argument(_lastId);
            }
        }

        _collected = 0;
    }

    [InlineArray(IdsAtOnce)]
    private struct Collected
    {
        private StreamId _first;
    }
}
