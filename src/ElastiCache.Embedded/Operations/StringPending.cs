using System.Buffers;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Records that were prepared for several keys and become visible together, or not at all: what <see cref="Dispose"/> finds unpublished it frees.</summary>
/// <remarks>Preparing is what may fail for want of memory, publishing can't. The shards are locked from the first to the last.</remarks>
internal struct StringPending : IDisposable
{
    private readonly Entered[] _entered;
    private int _prepared;
    private int _published;

    public StringPending(int capacity)
    {
        _entered = ArrayPool<Entered>.Shared.Rent(capacity);
    }

    /// <summary>Adds a record that its shard has prepared.</summary>
    public void Add(Shard shard, in PendingRecord record) => _entered[_prepared++] = new Entered(shard, record);

    /// <summary>Publishes the next record, in the order in which they were added.</summary>
    public void PublishNext(int database, in Entry current, in KeyProbe key)
    {
        ref readonly Entered next = ref _entered[_published++];
        next.Shard.PublishOver(database, current, key, next.Record);
    }

    public void Dispose()
    {
        for (; _published < _prepared; _published++)
        {
            _entered[_published].Shard.Discard(_entered[_published].Record);
        }

        _entered.AsSpan(0, _prepared).Clear();
        ArrayPool<Entered>.Shared.Return(_entered);
    }

    private readonly record struct Entered(Shard Shard, PendingRecord Record);
}
