using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The frame of a write to one key: the key's shard is locked from here to <see cref="Dispose"/>.</summary>
/// <remarks>
/// <code>
///   using var write = new KeyWrite(store, database, key, ref ticket);
///   if (!write.TryFind(key, out Entry current)) …            decide
///   PendingRecord pending = write.Shard.Prepare(…);          may throw: nothing has changed
///   write.Shard.Publish(…);                                  apply
///   write.Effect(3)?.Argument("SET"u8)…                      journal the effect
/// </code>
/// The ticket tells the caller what to wait for, outside the lock: <see cref="Journal.Wait"/>.
/// </remarks>
internal readonly ref struct KeyWrite
{
    private readonly Store _store;
    private readonly int _database;
    private readonly ref JournalTicket _ticket;
    private readonly EffectBuffer? _effects;
    private readonly int _loggedBefore;

    /// <summary>Locks the key's shard.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public KeyWrite(Store store, int database, in KeyProbe key, ref JournalTicket ticket)
    {
        store.Journal?.ThrowIfRefusing();
        _store = store;
        _database = database;
        _ticket = ref ticket;
        Shard = store.Enter(key);
        _effects = Shard.Effects;
        _loggedBefore = _effects?.Length ?? 0;
    }

    public Shard Shard { get; }

    /// <summary>Finds the key, or removes it if its time has come. Whether that <paramref name="uses"/> the entry for OBJECT IDLETIME and FREQ: not where it was found before.</summary>
    public bool TryFind(in KeyProbe key, out Entry entry, bool uses = true) => Shard.TryFind(_database, key, out entry, uses);

    /// <summary>Finds the key and insists on a string.</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public bool TryFindString(in KeyProbe key, out Entry entry, bool uses = true) => TryFind(key, ValueKind.String, out entry, uses);

    /// <summary>Finds the key and insists on a kind.</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public bool TryFind(in KeyProbe key, ValueKind kind, out Entry entry, bool uses = true)
    {
        bool found = Shard.TryFind(_database, key, out entry, uses);
        if (found && entry.Kind != kind)
        {
            throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(kind));
        }

        return found;
    }

    /// <summary>Removes an entry, as when a collection has lost its last element. The caller journals that.</summary>
    public void Remove(in Entry entry, RemovalReasons reason = RemovalReasons.Removed) => Shard.Remove(_database, entry, reason: reason);

    /// <summary>Tells whoever wants to know of an event on the key.</summary>
    public void Notify(KeyEventClass eventClass, ReadOnlySpan<byte> name, in KeyProbe key) => KeyNotice.Raise(_store, eventClass, name, _database, key);

    /// <inheritdoc cref="Shard.Effect(int, int, EntryMarks, long)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EffectBuffer? Effect(int arguments, EntryMarks marks = default, long changes = 1) => Shard.Effect(_effects, _database, arguments, marks, changes);

    /// <summary>Makes room for an effect before anything changes.</summary>
    /// <exception cref="InsufficientMemoryException">There is none. Nothing has changed.</exception>
    public void Reserve(long payloadBytes) => _effects?.Reserve(payloadBytes);

    /// <summary>Completes the effects and unlocks.</summary>
    public void Dispose()
    {
        try
        {
            // Inside a transaction the block is completed at its end.
            if (_effects is { } effects && (effects.Length != _loggedBefore || !effects.IsWhole) && Shard.Block == null)
            {
                _ticket = _store.Journal!.Complete(Shard.Index);
            }
        }
        finally
        {
            Shard.Exit();
        }

        if (_store.Awaiters is { IsPending: true } awaiters)
        {
            awaiters.Serve();
        }
    }
}
