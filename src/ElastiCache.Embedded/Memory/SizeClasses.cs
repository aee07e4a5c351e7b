using System.Runtime.CompilerServices;
using System.Numerics;

namespace ElastiCache.Embedded.Memory;

/// <summary>The block sizes that slabs are cut into, and how long a slab of each is.</summary>
/// <remarks>
/// Steps of 8 bytes up to 256, then sixteen steps to a doubling, so a block wastes at most 7 bytes or 6 %:
/// <code>
///   class    0   1   2  …  30   31   32  …   46   47  …   62  …  126
///   bytes   16  24  32  … 256  272  288  …  512  544  … 1024  … 16384
/// </code>
/// Blocks above <see cref="LargestBlock"/> are spans of whole arena units.
/// A slab is 16 KB for blocks up to 1 KB and otherwise long enough for at least four blocks: small enough that the half-empty
/// slab that every class has in every shard doesn't matter, large enough that its unusable tail stays near 1 %.
/// </remarks>
internal static class SizeClasses
{
    public const int SmallestBlock = 16;
    public const int LargestBlock = 16 * 1024;
    private const int FineLimit = 256;
    private const int FineClasses = ((FineLimit - SmallestBlock) / 8) + 1;
    private const int StepsADoubling = 16;

    /// <summary>The number of classes.</summary>
    public const int Count = FineClasses + (6 * StepsADoubling);   // 256 -> 16384 is six doublings

    private static readonly int[] Blocks = MakeSizes();
    private static readonly int[] Slabs = [.. Enumerable.Range(0, Count).Select(sizeClass => SlabUnits(sizeClass) * Arena.UnitBytes / Blocks[sizeClass] * Blocks[sizeClass])];

    /// <summary>The smallest class whose blocks hold <paramref name="bytes"/> (1 to <see cref="LargestBlock"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(int bytes)
    {
        if (bytes <= FineLimit)
        {
            return bytes <= SmallestBlock ? 0 : (bytes - SmallestBlock + 7) >> 3;
        }

        int doubling = BitOperations.Log2((uint)(bytes - 1));        // 8 for 257..512
        int stepShift = doubling - 4;
        int step = (bytes - 1 - (1 << doubling)) >> stepShift;       // 0..15
        return FineClasses + ((doubling - 8) * StepsADoubling) + step;
    }

    /// <summary>The size of a class's blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BlockBytes(int sizeClass) => Blocks[sizeClass];

    /// <summary>What a block of <paramref name="bytes"/> really takes, spans included.</summary>
    public static long RoundedBytes(long bytes) => bytes <= LargestBlock
        ? Blocks[Of((int)bytes)]
        : (bytes + Arena.UnitBytes - 1) & -Arena.UnitBytes;

    /// <summary>The length of a slab of this class, in arena units.</summary>
    public static int SlabUnits(int sizeClass) => Blocks[sizeClass] switch
    {
        <= 1024 => 4,
        <= 4096 => 8,
        _ => 16,
    };

    /// <summary>The bytes of all blocks of a slab of this class; its tail is less than one.</summary>
    public static int SlabBytes(int sizeClass) => Slabs[sizeClass];

    /// <summary>Bytes that so many blocks of a size hold, if nothing else shares their slabs: whole slabs, or spans.</summary>
    public static long HeldBytes(long blocks, long bytes)
    {
        if (bytes > LargestBlock)
        {
            return blocks * RoundedBytes(bytes);
        }

        int sizeClass = Of((int)bytes);
        int blocksOfSlab = SlabBytes(sizeClass) / BlockBytes(sizeClass);
        return (blocks + blocksOfSlab - 1) / blocksOfSlab * SlabUnits(sizeClass) * Arena.UnitBytes;
    }

    private static int[] MakeSizes()
    {
        int[] sizes = new int[Count];
        for (int i = 0; i < FineClasses; i++)
        {
            sizes[i] = SmallestBlock + (8 * i);
        }

        for (int i = FineClasses; i < Count; i++)
        {
            int doubling = 8 + ((i - FineClasses) / StepsADoubling);
            int step = (i - FineClasses) % StepsADoubling;
            sizes[i] = (1 << doubling) + ((step + 1) << (doubling - 4));
        }

        return sizes;
    }
}
