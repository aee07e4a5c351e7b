using System.Numerics;

namespace ElastiCache.Embedded.Values;

/// <summary>Whole values combined bit by bit: BITOP.</summary>
/// <remarks>
/// The result is as long as the longest source; shorter ones are thought to be followed by zeros. Sources lie in records of
/// their own and a span of spans does not exist, so the result is folded together, one source after another:
/// <code>
///   BitOperation.Begin(result, first);                       the first source, zeros after it
///   BitOperation.Combine(BitOperator.And, result, second);   each further source
///   BitOperation.Not(result);                                NOT has one source
/// </code>
/// </remarks>
internal static class BitOperation
{
    /// <summary>Copies the first source into the result, which is at least as long, and clears what follows it.</summary>
    public static void Begin(Span<byte> result, ReadOnlySpan<byte> first)
    {
        first.CopyTo(result);
        result[first.Length..].Clear();
    }

    /// <summary>Combines a further source, not longer than the result, into the result. O(n), a vector at a time.</summary>
    public static void Combine(BitOperator with, Span<byte> result, ReadOnlySpan<byte> source)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Length, result.Length);
        switch (with)
        {
            case BitOperator.And:
                Fold<And>(result, source);
                result[source.Length..].Clear();
                break;
            case BitOperator.Or:
                Fold<Or>(result, source);
                break;
            case BitOperator.Xor:
                Fold<Xor>(result, source);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(with), with, "BITOP combines with AND, OR and XOR.");
        }
    }

    /// <summary>Turns each 0 of the value into a 1 and each 1 into a 0.</summary>
    public static void Not(Span<byte> result)
    {
        while (result.Length >= Vector<byte>.Count)
        {
            (~new Vector<byte>(result)).CopyTo(result);
            result = result[Vector<byte>.Count..];
        }

        foreach (ref byte target in result)
        {
            target = (byte)~target;
        }
    }

    private static void Fold<TOperator>(Span<byte> result, ReadOnlySpan<byte> source)
        where TOperator : struct, IOperator
    {
        while (source.Length >= Vector<byte>.Count)
        {
            TOperator.Apply(new Vector<byte>(result), new Vector<byte>(source)).CopyTo(result);
            result = result[Vector<byte>.Count..];
            source = source[Vector<byte>.Count..];
        }

        for (int i = 0; i < source.Length; i++)
        {
            result[i] = TOperator.Apply(result[i], source[i]);
        }
    }

    private interface IOperator
    {
        static abstract Vector<byte> Apply(Vector<byte> left, Vector<byte> right);

        static abstract byte Apply(byte left, byte right);
    }

    private readonly struct And : IOperator
    {
        public static Vector<byte> Apply(Vector<byte> left, Vector<byte> right) => left & right;

        public static byte Apply(byte left, byte right) => (byte)(left & right);
    }

    private readonly struct Or : IOperator
    {
        public static Vector<byte> Apply(Vector<byte> left, Vector<byte> right) => left | right;

        public static byte Apply(byte left, byte right) => (byte)(left | right);
    }

    private readonly struct Xor : IOperator
    {
        public static Vector<byte> Apply(Vector<byte> left, Vector<byte> right) => left ^ right;

        public static byte Apply(byte left, byte right) => (byte)(left ^ right);
    }
}
