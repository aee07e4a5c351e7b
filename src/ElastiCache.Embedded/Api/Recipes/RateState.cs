using System.Buffers.Text;

namespace ElastiCache.Embedded.Api;

/// <summary>The state of a rate limit: decimal numbers with spaces between them, so that a Redis client can read it.</summary>
internal static class RateState
{
    /// <summary>Reads exactly so many numbers, none of them negative.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static void Read(ReadOnlySpan<byte> state, Span<long> numbers)
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            if (i > 0)
            {
                Require(state is [(byte)' ', ..]);
                state = state[1..];
            }

            Require(Utf8Parser.TryParse(state, out numbers[i], out int digits) && numbers[i] >= 0);
            state = state[digits..];
        }

        Require(state.IsEmpty);
    }

    /// <summary>Writes numbers.</summary>
    /// <returns>The length.</returns>
    public static int Write(ReadOnlySpan<long> numbers, Span<byte> state)
    {
        int length = 0;
        foreach (long number in numbers)
        {
            if (length > 0)
            {
                state[length++] = (byte)' ';
            }

            Utf8Formatter.TryFormat(number, state[length..], out int digits);
            length += digits;
        }

        return length;
    }

    private static void Require(bool isMet)
    {
        if (!isMet)
        {
            throw new FormatException("Its value was not written by a rate limit of this kind and size. Delete the key, or choose another name. Nothing was changed.");
        }
    }
}
