using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The frame of a write to several keys that is one step: for other writers, and for whoever reads the log.</summary>
/// <remarks>
/// All shards of the set are locked in ascending order, and everything that is logged until <see cref="Dispose"/>, DELs of expired keys
/// included, goes to one block, which reaches the log whole or not at all. Inside a transaction that is the transaction's block.
/// </remarks>
internal readonly ref struct MultiKeyWrite
{
    private readonly Store _store;
    private readonly int[] _shards;
    private readonly EffectBuffer? _block;
    private readonly bool _ownsBlock;
    private readonly ref JournalTicket _ticket;

    /// <summary>Locks the shards.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed; nothing is locked.</exception>
    public MultiKeyWrite(Store store, in ShardSet shards, ref JournalTicket ticket)
    {
        store.Journal?.ThrowIfRefusing();
        _store = store;
        _shards = shards.ToArray();
        _ticket = ref ticket;
        store.Enter(_shards);
        if (store.Journal != null && _shards.Length > 0)
        {
            _block = store.ShardAt(_shards[0]).Block;
            _ownsBlock = _block == null;
            if (_ownsBlock)
            {
                _block = store.Journal.BeginBlock(_shards);
                SetBlock(_block);
            }
        }
    }

    /// <summary>The locked shard of a key.</summary>
    public Shard ShardOf(in KeyProbe key) => _store.ShardOf(key);

    /// <inheritdoc cref="Shard.Effect(int, int, EntryMarks, long)"/>
    /// <remarks>Which of the shards counts the changes makes no difference: the sum is what is asked for, and all are locked.</remarks>
    public EffectBuffer? Effect(int database, int arguments, EntryMarks marks = default, long changes = 1) => _store.ShardAt(_shards[0]).Effect(database, arguments, marks, changes);

    /// <summary>Finds a key and insists on a kind. Whether that <paramref name="uses"/> the entry: see <see cref="KeyWrite.TryFind(in KeyProbe, out Entry, bool)"/>.</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public bool TryFind(int database, in KeyProbe key, ValueKind kind, out Entry entry, bool uses = true)
    {
        bool found = ShardOf(key).TryFind(database, key, out entry, uses);
        if (found && entry.Kind != kind)
        {
            throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(kind));
        }

        return found;
    }

    /// <summary>Tells whoever wants to know of an event on a key.</summary>
    public void Notify(KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, in KeyProbe key) =>
        KeyNotice.Raise(_store, eventClass, name, database, key);

    /// <summary>Makes room for effects before anything changes.</summary>
    /// <exception cref="InsufficientMemoryException">There is none. Nothing has changed.</exception>
    public void Reserve(long payloadBytes) => _block?.Reserve(payloadBytes);

    /// <summary>Completes the block and unlocks.</summary>
    public void Dispose()
    {
        try
        {
            if (_ownsBlock)
            {
                SetBlock(null);
                JournalTicket ticket = _store.Journal!.CompleteBlock(_block!);
                if (ticket.Commit != 0)
                {
                    _ticket = ticket;
                }
            }
        }
        finally
        {
            _store.Exit(_shards);
        }

        if (_store.Awaiters is { IsPending: true } awaiters)
        {
            awaiters.Serve();
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
