using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Several operations on one or two keys as one step: a transaction of its own, or part of the one that this thread is in.</summary>
internal readonly ref struct StoreStep : IDisposable
{
    private readonly StoreTransaction? _transaction;
    private readonly ref JournalTicket _ticket;

    /// <summary>Begins the step; <see cref="Dispose"/> ends it and says in <paramref name="ticket"/> what to wait for.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    /// <exception cref="LogException">The log refuses writes.</exception>
    public StoreStep(Store store, in KeyProbe key, ref JournalTicket ticket)
        : this(store, key, key, ref ticket)
    {
    }

    /// <summary>Begins a step on two keys.</summary>
    /// <inheritdoc cref="StoreStep(Store, in KeyProbe, ref JournalTicket)"/>
    public StoreStep(Store store, in KeyProbe one, in KeyProbe other, ref JournalTicket ticket)
    {
        _ticket = ref ticket;
        _transaction = StoreTransaction.IsActive ? null : new StoreTransaction(store, ShardSet.Of(store, one, other));
    }

    public void Dispose()
    {
        if (_transaction != null)
        {
            _transaction.Dispose();
            _ticket = _transaction.Ticket;
        }
    }
}
