using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>How many addresses a store reserves for its arena: that many it can never exceed, and none of them costs memory before it is used.</summary>
internal static class AddressSpace
{
    private const long MostReserved = 32L << 30;
    private const long LeastReserved = 1L << 30;

    /// <summary>The addresses that a budget needs at least: for itself, for the entries that exceed it for a moment, and for tables that must grow beyond it.</summary>
    public static long BytesFor(long budget) => budget + (budget / 4) + (2L * Record.MaxLength);

    /// <summary>Reserves what a budget needs, and for three times as much should it be raised, up to where references would need larger granules. Without one: as much as the system lets us have.</summary>
    public static Arena Reserve(long budget)
    {
        long least = budget == 0 ? LeastReserved : BytesFor(budget);
        long most = budget == 0 ? MostReserved : Math.Max(least, Math.Min(MostReserved, least + (3 * budget)));
        for (long bytes = most; ; bytes = Math.Max(least, bytes / 2))
        {
            try
            {
                return new Arena(bytes);
            }
            catch (InsufficientMemoryException) when (bytes > least)
            {
                // A limit on virtual memory (ulimit -v, strict overcommit): ask for less.
            }
        }
    }
}
