using System.Buffers.Binary;
using System.Numerics;

namespace ElastiCache.Embedded.Values;

/// <summary>Which register an element belongs to, and the rank that it brings.</summary>
/// <remarks>
/// The hash is Austin Appleby's MurmurHash64A with Redis's seed: another one would make values from Redis count every element twice. It is not
/// keyed, so somebody who chooses the elements can spoil the estimate, here as there.
/// </remarks>
internal static class ElementHash
{
    private const ulong Seed = 0xADC83B19;
    private const ulong Multiplier = 0xC6A4A7935BD1E995;
    private const int Shift = 47;

    /// <summary>Finds the register and the rank: one more than the zeros at the low end of the bits that did not choose the register.</summary>
    public static (int Register, int Rank) Locate(ReadOnlySpan<byte> element)
    {
        ulong hash = Of(element);
        int register = (int)(hash & (HyperLogLogFormat.Registers - 1));

        // A bit beyond the end, or a hash of zeros would have no rank.
        ulong rest = (hash >> HyperLogLogFormat.IndexBits) | (1UL << (HyperLogLogFormat.MaxRank - 1));
        return (register, BitOperations.TrailingZeroCount(rest) + 1);
    }

    /// <summary>MurmurHash64A.</summary>
    internal static ulong Of(ReadOnlySpan<byte> element)
    {
        ulong hash = Seed ^ ((ulong)element.Length * Multiplier);
        for (; element.Length >= sizeof(ulong); element = element[sizeof(ulong)..])
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(element) * Multiplier;
            word ^= word >> Shift;
            hash = (hash ^ (word * Multiplier)) * Multiplier;
        }

        if (!element.IsEmpty)
        {
            Span<byte> tail = stackalloc byte[sizeof(ulong)];
            tail.Clear();
            element.CopyTo(tail);
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(tail)) * Multiplier;
        }

        hash = (hash ^ (hash >> Shift)) * Multiplier;
        return hash ^ (hash >> Shift);
    }
}
