using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>Looks ahead in pipelined requests and asks the processor for the cache lines that their keys will need.</summary>
/// <remarks>
/// A lookup in a large store waits for memory two or three times, 100 ns each. Sixteen requests that are asked for together wait as long as one. Only what looks
/// like <c>*3 $3 SET $5 key:1 …</c> is understood, and nothing is decided by it: whatever looks otherwise ends the look ahead. Benchmark: compare, "RESP".
/// </remarks>
internal static class KeyPrefetch
{
    /// <summary>How many requests one look covers.</summary>
    public const int Requests = LinePrefetch.BatchKeys;

    // Behind the first argument there may be long values; walking over more than this is not worth it.
    private const int MostBytes = 16 * 1024;

    /// <summary>Asks for the keys of the next requests.</summary>
    /// <param name="store">The store.</param>
    /// <param name="database">The client's database.</param>
    /// <param name="input">Where the next request begins.</param>
    public static void Run(Store store, int database, ReadOnlySpan<byte> input)
    {
        Span<ulong> hashes = stackalloc ulong[Requests];
        int found = 0;
        input = input[..Math.Min(input.Length, MostBytes)];
        while (found < hashes.Length && TryNext(ref input, out ulong hash))
        {
            hashes[found++] = hash;
        }

        // One alone would be asked for a moment before it is needed.
        if (found > 1)
        {
            store.Prefetch.OfRecords(database, hashes[..found]);
        }
    }

    private static bool TryNext(ref ReadOnlySpan<byte> input, out ulong hash)
    {
        hash = 0;
        if (!TryNumber(ref input, (byte)'*', out int arguments) || arguments < 2 || !TryString(ref input, out _) || !TryString(ref input, out ReadOnlySpan<byte> key))
        {
            return false;
        }

        KeyProbe.Create(key, out KeyProbe probe);
        hash = probe.Hash;
        for (int i = 2; i < arguments; i++)
        {
            if (!TryString(ref input, out _))
            {
                // Where the next request begins is not known, but this key is.
                input = default;
            }
        }

        return true;
    }

    private static bool TryString(ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!TryNumber(ref input, (byte)'$', out int length) || length > input.Length - 2)
        {
            return false;
        }

        text = input[..length];
        input = input[(length + 2)..];
        return true;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> input, byte kind, out int number)
    {
        number = 0;
        if (input.Length < 4 || input[0] != kind)
        {
            return false;
        }

        int at = 1;
        for (; at < input.Length && at < 7 && (uint)(input[at] - '0') <= 9; at++)
        {
            number = (number * 10) + input[at] - '0';
        }

        if (at == 1 || at + 2 > input.Length || input[at] != '\r')
        {
            return false;
        }

        input = input[(at + 2)..];
        return true;
    }
}
