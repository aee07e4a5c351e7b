using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>A lock that was got from <see cref="Locks"/>. Disposing gives it back, if it has not ended already.</summary>
/// <remarks>Its members may be used from any thread. None of them touches a lock that somebody else has got since.</remarks>
public sealed class CacheLock : IAsyncDisposable, IDisposable
{
    private readonly CacheDatabase _database;
    private readonly LockKeys _keys;
    private volatile LockGrant _grant;

    internal CacheLock(CacheDatabase database, LockKeys keys, LockGrant grant)
    {
        _database = database;
        _keys = keys;
        _grant = grant;
    }

    /// <summary>The lock's key, as text.</summary>
    public string Key => Encoding.UTF8.GetString(_keys.Name);

    /// <summary>A number that is greater than that of everybody who held this lock before.</summary>
    public long FencingToken => _grant.Fence;

    /// <summary>When it ends, by the cache's clock.</summary>
    public DateTimeOffset ExpiresAt => _grant.Deadline > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
        ? DateTimeOffset.MaxValue
        : DateTimeOffset.FromUnixTimeMilliseconds(_grant.Deadline);

    /// <summary>Whether it is still held. O(1). True may be out of date by the time that it is looked at; false is final.</summary>
    public bool IsHeld => _database.Operations.Locks.IsHeld(_database.Index, _keys, _grant);

    /// <summary>Holds it for longer: it now ends so much after this moment. O(1). Redis: PEXPIRE, if the value is ours.</summary>
    /// <returns>Whether it was still held; if not, somebody else may have it, and nothing changes.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="expiry"/> is not more than zero.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public bool Renew(TimeSpan expiry)
    {
        if (expiry <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(expiry), expiry, "The expiry of a lock must be more than zero. To give it back, release it.");
        }

        JournalTicket ticket = default;
        LockGrant? renewed = _database.Operations.Locks.Renew(_database.Index, _keys, _grant, SetOptions.CeilingToMilliseconds(expiry.Ticks), ref ticket);
        if (renewed is null)
        {
            return false;
        }

        _grant = renewed;
        _database.Wait(ticket);
        return true;
    }

    /// <summary>Gives it back; who waits longest gets it. O(1). Redis: DEL, if the value is ours.</summary>
    /// <returns>Whether it was still held; if not, nothing changes.</returns>
    /// <exception cref="LogException">The log refuses writes. Nothing changes; the lock ends at its time.</exception>
    public bool Release()
    {
        JournalTicket ticket = default;
        bool wasHeld = _database.Operations.Locks.Release(_database.Index, _keys, _grant, ref ticket);
        _database.Wait(ticket);
        return wasHeld;
    }

    /// <summary>As <see cref="Release"/>; when the cache is closed, it does nothing.</summary>
    public void Dispose()
    {
        if (!_database.Cache.Store.IsDisposed)
        {
            Release();
        }
    }

    /// <summary>As <see cref="Dispose"/>, without holding a thread until it is on disk.</summary>
    public ValueTask DisposeAsync()
    {
        if (_database.Cache.Store.IsDisposed)
        {
            return ValueTask.CompletedTask;
        }

        JournalTicket ticket = default;
        _database.Operations.Locks.Release(_database.Index, _keys, _grant, ref ticket);
        return _database.WaitAsync(ticket, CancellationToken.None);
    }
}
