using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Several operations of one thread as one step: to other writers, in the log, and to readers.</summary>
/// <remarks>
/// All shards that the operations touch are locked from here to <see cref="Dispose"/>, in ascending order; ordinary operations of this thread
/// enter them again. What they log goes to one block, which reaches the log whole or not at all. Those who wait for keys are served at the end.
/// An operation on a shard that is not among them would break the lock order, so whoever can't name all keys names all shards.
/// </remarks>
internal sealed class StoreTransaction : IDisposable
{
    private readonly Store _store;
    private readonly int[] _shards;
    private readonly EffectBuffer? _block;

    /// <summary>Locks the shards.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed; nothing is locked.</exception>
    /// <exception cref="InvalidOperationException">This thread is in a transaction already; nothing was locked.</exception>
    public StoreTransaction(Store store, in ShardSet shards)
    {
        if (TransactionThread.IsInside)
        {
            throw new InvalidOperationException("A transaction can't begin inside another one: put all operations into one.");
        }

        store.Journal?.ThrowIfRefusing();
        _store = store;
        _shards = shards.ToArray();
        foreach (int shard in _shards)
        {
            store.ShardAt(shard).Hold();
        }

        if (store.IsDisposed)
        {
            Release();
            store.ThrowIfDisposed();
        }

        TransactionThread.IsInside = true;
        if (store.Journal != null)
        {
            _block = store.Journal.BeginBlock(_shards);
            SetBlock(_block);
        }
    }

    /// <summary>Whether this thread is in a transaction.</summary>
    public static bool IsActive => TransactionThread.IsInside;

    /// <summary>What to wait for after <see cref="Dispose"/>.</summary>
    public JournalTicket Ticket { get; private set; }

    /// <summary>Completes the block and unlocks.</summary>
    public void Dispose()
    {
        try
        {
            if (_block != null)
            {
                SetBlock(null);
                Ticket = _store.Journal!.CompleteBlock(_block);
            }
        }
        finally
        {
            TransactionThread.IsInside = false;
            Release();
        }

        if (_store.Awaiters is { IsPending: true } awaiters)
        {
            awaiters.Serve();
        }
    }

    private void Release()
    {
        foreach (int shard in _shards)
        {
            _store.ShardAt(shard).Release();
        }
    }

    private void SetBlock(EffectBuffer? block)
    {
        foreach (int shard in _shards)
        {
            _store.ShardAt(shard).Block = block;
        }
    }
}
