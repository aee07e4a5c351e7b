using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>The keys of a database, whatever they hold.</summary>
/// <remarks>
/// Keys themselves are here; extension methods add deadlines (<see cref="KeyExpiryExtensions"/>), walks over all keys
/// (<see cref="KeyScanExtensions"/>) and looks at what a key holds (<see cref="KeyInspectionExtensions"/>). Every method is one atomic step.
/// <para>
/// Common to all writes: a log that refuses them is a <see cref="LogException"/>, and nothing has changed then. They return when the promise of
/// <see cref="EmbeddedCacheOptions.Durability"/> holds. With <see cref="DurabilityMode.Always"/> that holds a thread for as long as the disk takes; the
/// asynchronous forms do not, and <see cref="EmbeddedCache.FlushAsync"/> waits for any number of writes of any kind.
/// </para>
/// </remarks>
public sealed class Keys
{
    private readonly CacheDatabase _database;
    private readonly KeyOperations _operations;
    private readonly int _index;

    internal Keys(CacheDatabase database)
    {
        _database = database;
        _operations = database.Operations.Keys;
        _index = database.Index;
    }

    /// <summary>The number of keys, those included that have expired and are not swept yet. O(shards). Redis: DBSIZE.</summary>
    public long Count
    {
        get
        {
            _database.ThrowIfDisposed();
            return _database.Operations.Databases.Size(_index);
        }
    }

    internal CacheDatabase Database => _database;

    /// <summary>Deletes a key. O(1), as memory is given back at once whatever the size. Redis: DEL, UNLINK.</summary>
    /// <returns>Whether it was there.</returns>
    [SkipLocalsInit]
    public bool Delete(CacheKey key)
    {
        JournalTicket ticket = default;
        bool existed = Delete(key, ref ticket);
        _database.Wait(ticket);
        return existed;
    }

    /// <summary>Deletes keys in one step. O(keys). Redis: DEL, UNLINK.</summary>
    /// <returns>How many were there; a key that is named twice counts once.</returns>
    /// <exception cref="ArgumentNullException">A key is null. Nothing changes.</exception>
    public long Delete(ReadOnlySpan<string> keys)
    {
        JournalTicket ticket = default;
        long deleted = Delete(keys, ref ticket);
        _database.Wait(ticket);
        return deleted;
    }

    /// <summary>As <see cref="Delete(CacheKey)"/>; completes when the durability mode's promise holds, without holding a thread.</summary>
    /// <param name="key">The key; used before the method returns.</param>
    /// <param name="cancellationToken">Cancelled before the call, nothing happens; afterwards it ends the wait, and the key stays deleted.</param>
    public ValueTask<bool> DeleteAsync(CacheKey key, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        JournalTicket ticket = default;
        bool existed = Delete(key, ref ticket);
        return _database.WaitAsync(ticket, existed, cancellationToken);
    }

    /// <summary>As <see cref="Delete(ReadOnlySpan{string})"/>; completes when the durability mode's promise holds, without holding a thread.</summary>
    /// <param name="keys">The keys; used before the method returns.</param>
    /// <param name="cancellationToken">Cancelled before the call, nothing happens; afterwards it ends the wait, and the keys stay deleted.</param>
    public ValueTask<long> DeleteAsync(ReadOnlySpan<string> keys, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<long>(cancellationToken);
        }

        JournalTicket ticket = default;
        long deleted = Delete(keys, ref ticket);
        return _database.WaitAsync(ticket, deleted, cancellationToken);
    }

    /// <summary>Whether a key is there. O(1). No use of the entry, for the evictor. Redis: EXISTS.</summary>
    [SkipLocalsInit]
    public bool Exists(CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return _operations.Exists(_index, probe);
    }

    /// <summary>How many of the keys are there, at one moment; a key that is named twice counts twice. O(keys). Redis: EXISTS.</summary>
    /// <exception cref="ArgumentNullException">A key is null.</exception>
    public long Exists(ReadOnlySpan<string> keys)
    {
        _database.ThrowIfDisposed();
        return keys.IsEmpty ? 0 : _operations.Exists(_index, new TextKeys(keys));
    }

    /// <summary>Marks a key as used, so that it is evicted later. O(1). Redis: TOUCH.</summary>
    /// <returns>Whether it is there.</returns>
    public bool Touch(CacheKey key) => _operations.Touch(_index, new OneKey(key)) == 1;

    /// <summary>Marks keys as used, so that they are evicted later. O(keys). Redis: TOUCH.</summary>
    /// <returns>How many are there; a key that is named twice counts twice.</returns>
    /// <exception cref="ArgumentNullException">A key is null.</exception>
    public long Touch(ReadOnlySpan<string> keys)
    {
        _database.ThrowIfDisposed();
        return keys.IsEmpty ? 0 : _operations.Touch(_index, new TextKeys(keys));
    }

    /// <summary>Gives an entry another key, in place of whatever has it. The deadline goes along. O(1) and a copy of the value. Redis: RENAME.</summary>
    /// <remarks>A reader may for an instant find the entry under both keys, never under neither.</remarks>
    /// <returns>Whether there is such a key, for whose absence Redis answers an error.</returns>
    /// <exception cref="CacheFullException">The budget has no room for the copy. Nothing changes.</exception>
    public bool Rename(CacheKey key, CacheKey newKey) => Rename(key, newKey, onlyIfAbsent: false) == RenameOutcome.Renamed;

    /// <summary>Gives an entry another key, if nothing has that. O(1) and a copy of the value. Redis: RENAMENX.</summary>
    /// <returns>Whether it was renamed: false also if there is no such key, for which Redis answers an error.</returns>
    /// <exception cref="CacheFullException">The budget has no room for the copy. Nothing changes.</exception>
    public bool RenameIfAbsent(CacheKey key, CacheKey newKey) => Rename(key, newKey, onlyIfAbsent: true) == RenameOutcome.Renamed;

    /// <summary>Copies an entry with its deadline. O(1) and a copy of the value. Redis: COPY.</summary>
    /// <param name="key">The key.</param>
    /// <param name="newKey">The key of the copy.</param>
    /// <param name="replace">Whether the copy may replace what has its key.</param>
    /// <param name="database">The database of the copy; <see langword="null"/> for this one.</param>
    /// <returns>Whether it was copied: false if there is no such key, or something has the new one and <paramref name="replace"/> is not set.</returns>
    /// <exception cref="ArgumentException">Both are the same key of the same database. Nothing changes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room for the copy. Nothing changes.</exception>
    [SkipLocalsInit]
    public bool Copy(CacheKey key, CacheKey newKey, bool replace = false, int? database = null)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        Unsafe.SkipInit(out KeyScratch newScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        KeyProbe.Create(newKey, ref newScratch, out KeyProbe newProbe);
        JournalTicket ticket = default;
        bool isCopied = _operations.Copy(_index, probe, database ?? _index, newProbe, replace, ref ticket);
        _database.Wait(ticket);
        return isCopied;
    }

    /// <summary>Moves an entry with its deadline into another database. O(1) and a copy of the value. Redis: MOVE.</summary>
    /// <returns>Whether it was moved: false if there is no such key here, or there is one there.</returns>
    /// <exception cref="ArgumentException">It is this database. Nothing changes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such database. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room for the copy. Nothing changes.</exception>
    [SkipLocalsInit]
    public bool Move(CacheKey key, int database)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        bool isMoved = _operations.Move(_index, probe, database, ref ticket);
        _database.Wait(ticket);
        return isMoved;
    }

    /// <summary>
    /// Deletes all keys of the database, in one step for everybody else. O(shards), then O(n) to give the memory back, with no long lock. Not to be
    /// confused with <see cref="EmbeddedCache.FlushAsync"/>, which saves. Redis: FLUSHDB.
    /// </summary>
    /// <param name="mode">Whether to return only when the memory has been given back.</param>
    public void Flush(FlushMode mode = FlushMode.Synchronous)
    {
        JournalTicket ticket = default;

        // What is given back in the background can't fail and needs nobody to wait.
        _ = _database.Operations.Databases.Flush(_index, mode, ref ticket);
        _database.Wait(ticket);
    }

    [SkipLocalsInit]
    private bool Delete(CacheKey key, ref JournalTicket ticket)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return _operations.Delete(_index, probe, ref ticket);
    }

    private long Delete(ReadOnlySpan<string> keys, ref JournalTicket ticket)
    {
        _database.ThrowIfDisposed();
        return keys.IsEmpty ? 0 : _operations.Delete(_index, new TextKeys(keys), ref ticket);
    }

    [SkipLocalsInit]
    private RenameOutcome Rename(CacheKey key, CacheKey newKey, bool onlyIfAbsent)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        Unsafe.SkipInit(out KeyScratch newScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        KeyProbe.Create(newKey, ref newScratch, out KeyProbe newProbe);
        JournalTicket ticket = default;
        RenameOutcome outcome = _operations.Rename(_index, probe, newProbe, onlyIfAbsent, ref ticket);
        _database.Wait(ticket);
        return outcome;
    }
}
