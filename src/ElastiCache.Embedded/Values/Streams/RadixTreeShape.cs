using System.Numerics;

namespace ElastiCache.Embedded.Values;

/// <summary>How many nodes Redis's radix tree would have for a stream's nodes: XINFO STREAM tells it.</summary>
/// <remarks>
/// Here there is no such tree, but its shape follows from the keys, IDs of 16 bytes with the highest first. Where keys part there is a node, and it holds the first byte
/// of each way on; further bytes up to where the next keys part share one node; each key ends in one.
/// <code>
///   01 02 03 04     01 02 ─► {03,07} ─┬─► 04 ─► ·         a chain, a fork, then a chain and an end for each: 6 nodes
///   01 02 07 09                       └─► 09 ─► ·
/// </code>
/// </remarks>
internal static class RadixTreeShape
{
    private const int KeyBytes = 16;

    /// <summary>The number of nodes. O(n).</summary>
    public static long Nodes(StreamNodes keys)
    {
        if (keys.Count == 0)
        {
            return 1;       // the empty tree has its root
        }

        long nodes = keys.Count;
        Span<int> forks = stackalloc int[KeyBytes];     // depths of those on the way to the last key
        int open = 0;
        IdPosition position = keys.First;
        StreamId last = keys.IdOf(position);
        for (position = keys.Next(position); keys.IsValid(position); position = keys.Next(position))
        {
            StreamId key = keys.IdOf(position);
            int common = CommonBytes(last, key);
            int below = KeyBytes;
            while (open > 0 && forks[open - 1] > common)
            {
                nodes += ChainNodes(forks[--open], below);
                below = forks[open];
            }

            if (open == 0 || forks[open - 1] < common)
            {
                forks[open++] = common;
                nodes++;
            }

            nodes += ChainNodes(common, below);
            last = key;
        }

        int depth = KeyBytes;
        while (open > 0)
        {
            nodes += ChainNodes(forks[--open], depth);
            depth = forks[open];
        }

        return nodes + (depth > 0 ? 1 : 0);
    }

    // Between a fork, which holds one byte of the way on, and what comes below.
    private static int ChainNodes(int fork, int below) => below - fork > 1 ? 1 : 0;

    private static int CommonBytes(StreamId a, StreamId b)
    {
        ulong difference = a.Milliseconds ^ b.Milliseconds;
        return difference != 0
            ? BitOperations.LeadingZeroCount(difference) / 8
            : sizeof(ulong) + (BitOperations.LeadingZeroCount(a.Sequence ^ b.Sequence) / 8);
    }
}
