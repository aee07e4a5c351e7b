using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>How readily entries of any kind give way when the budget is used up. Redis has nothing like it; for a string <see cref="SetOptions"/> has it too.</summary>
/// <remarks>Priority and cost stay until the key gets another whole value. In the log and in snapshots redis-server passes over them. Together they take 8 bytes of an entry that has one of them.</remarks>
public static class KeyPriorityExtensions
{
    /// <summary>Gives an entry a priority. O(1); a copy of its value, unless that is a large collection, when it had neither a priority nor a cost before.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="key">The key.</param>
    /// <param name="priority">The priority.</param>
    /// <returns>Whether the key is there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such priority. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The entry had none, and the budget has no room for 8 bytes more. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public static bool SetPriority(this Keys keys, CacheKey key, EvictionPriority priority)
    {
        SetOptions.RequireKnown(priority);
        return Change(keys, key, priority, cost: null);
    }

    /// <summary>Gives an entry a cost; see <see cref="SetOptions.EvictionCost"/>. O(1); a copy of its value as for <see cref="SetPriority"/>.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="key">The key.</param>
    /// <param name="cost">The cost, 1 to 65,536.</param>
    /// <returns>Whether the key is there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The cost is none. Nothing changes.</exception>
    /// <exception cref="CacheFullException">As for <see cref="SetPriority"/>.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public static bool SetEvictionCost(this Keys keys, CacheKey key, int cost)
    {
        SetOptions.RequireCost(cost);
        return Change(keys, key, priority: null, cost);
    }

    /// <summary>An entry's priority; null if there is no such key. O(1), and no use of the entry.</summary>
    public static EvictionPriority? Priority(this Keys keys, CacheKey key) => MarksOf(keys, key)?.Priority;

    /// <summary>An entry's cost; null if there is no such key. O(1), and no use of the entry.</summary>
    public static int? EvictionCost(this Keys keys, CacheKey key) => MarksOf(keys, key)?.Cost;

    [SkipLocalsInit]
    private static bool Change(Keys keys, CacheKey key, EvictionPriority? priority, int? cost)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        CacheDatabase database = keys.Database;
        JournalTicket ticket = default;
        bool isThere = database.Operations.Marks.Change(database.Index, probe, priority, cost, ref ticket);
        database.Wait(ticket);
        return isThere;
    }

    [SkipLocalsInit]
    private static EntryMarks? MarksOf(Keys keys, CacheKey key)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return keys.Database.Operations.Marks.Of(keys.Database.Index, probe);
    }
}
