using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Several operations as one step.</summary>
public static class TransactionExtensions
{
    /// <summary>
    /// Runs operations as one step: no other writer comes in between, readers see all of it or nothing, and so does whoever recovers the log after a
    /// crash. O(keys), then what the operations cost. Redis: WATCH, MULTI and EXEC, without the retries.
    /// </summary>
    /// <param name="database">The database.</param>
    /// <param name="keys">Every key that <paramref name="work"/> writes to, and every one whose value it must read unchanged.</param>
    /// <param name="work">
    /// The operations, through the database that it is given. It runs once, on this thread, while other writers of these keys (and of keys that share
    /// a shard with them) wait: no I/O, no waiting, nothing that takes long. What it wrote before it throws stays written, as in Redis.
    /// </param>
    /// <returns>What <paramref name="work"/> returns, once the durability mode's promise holds for all that it wrote.</returns>
    /// <exception cref="ArgumentException">No key is named, or this is called inside another transaction.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="work"/> writes to a key that was not named. That write has changed nothing.</exception>
    /// <exception cref="LogException">The log refuses writes; <paramref name="work"/> was not called.</exception>
    /// <example>
    /// <code>
    ///   bool paid = cache.Database(0).Transact(["account:ada", "account:bob"], accounts =>
    ///   {
    ///       if (accounts.Strings.Get&lt;long&gt;("account:ada") &lt; 100) return false;
    ///       accounts.Strings.Increment("account:ada", -100);
    ///       accounts.Strings.Increment("account:bob", 100);
    ///       return true;
    ///   });
    /// </code>
    /// </example>
    public static TResult Transact<TResult>(this CacheDatabase database, ReadOnlySpan<string> keys, Func<CacheDatabase, TResult> work)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(work);
        if (keys.IsEmpty)
        {
            throw new ArgumentException("Name at least one key: a transaction holds the keys that it works on.", nameof(keys));
        }

        JournalTicket ticket = default;
        TResult result = database.Transact(keys, work, ref ticket);
        database.Wait(ticket);
        return result;
    }

    /// <summary>As the public form, for the caller to wait for the log.</summary>
    internal static TResult Transact<TResult>(this CacheDatabase database, ReadOnlySpan<string> keys, Func<CacheDatabase, TResult> work, ref JournalTicket ticket)
    {
        var transaction = new StoreTransaction(database.Cache.Store, ShardSet.Of(database.Cache.Store, new TextKeys(keys)));
        TResult result;
        try
        {
            result = work(database);
        }
        finally
        {
            transaction.Dispose();
        }

        ticket = transaction.Ticket;
        return result;
    }

    /// <summary>As the other form, on database 0.</summary>
    /// <inheritdoc cref="Transact{TResult}(CacheDatabase, ReadOnlySpan{string}, Func{CacheDatabase, TResult})"/>
    public static TResult Transact<TResult>(this EmbeddedCache cache, ReadOnlySpan<string> keys, Func<CacheDatabase, TResult> work)
    {
        ArgumentNullException.ThrowIfNull(cache);
        return cache.Database(0).Transact(keys, work);
    }

    /// <summary>As the other form, for work that returns nothing.</summary>
    /// <inheritdoc cref="Transact{TResult}(CacheDatabase, ReadOnlySpan{string}, Func{CacheDatabase, TResult})"/>
    public static void Transact(this CacheDatabase database, ReadOnlySpan<string> keys, Action<CacheDatabase> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        database.Transact(keys, given =>
        {
            work(given);
            return true;
        });
    }

    /// <summary>As the other form, on database 0, for work that returns nothing.</summary>
    /// <inheritdoc cref="Transact{TResult}(CacheDatabase, ReadOnlySpan{string}, Func{CacheDatabase, TResult})"/>
    public static void Transact(this EmbeddedCache cache, ReadOnlySpan<string> keys, Action<CacheDatabase> work)
    {
        ArgumentNullException.ThrowIfNull(cache);
        cache.Database(0).Transact(keys, work);
    }
}
