namespace ElastiCache.Embedded.Tests.House;

/// <summary>What code allocates on this thread.</summary>
internal static class Allocations
{
    private const int Rounds = 4;

    /// <summary>Bytes that so many calls allocate once they are warm: the least of several rounds.</summary>
    /// <remarks>The runtime itself allocates now and then, when it compiles a method anew. What the code allocates is there in every round.</remarks>
    public static long Least(Action action, int calls = 1_000)
    {
        for (int i = 0; i < 100; i++)
        {
            action();
        }

        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < calls; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
