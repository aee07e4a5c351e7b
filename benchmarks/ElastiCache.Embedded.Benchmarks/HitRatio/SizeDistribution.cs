using System.Globalization;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>Sizes of values from a published distribution, for traces that come without: each key draws one by its number.</summary>
internal sealed class SizeDistribution(string name, int[] sizes)
{
    public string Name => name;

    /// <summary>All <c>sizes_*.txt</c> of a folder: one size in bytes a line.</summary>
    public static IReadOnlyList<SizeDistribution> LoadAll(string folder)
    {
        string[] files = Directory.GetFiles(folder, "sizes_*.txt");
        Array.Sort(files, StringComparer.Ordinal);
        return [.. files.Select(file => new SizeDistribution(
            Path.GetFileNameWithoutExtension(file)["sizes_".Length..],
            [.. File.ReadLines(file).Where(line => line.Length > 0).Select(line => int.Parse(line, CultureInfo.InvariantCulture))]))];
    }

    /// <summary>The sizes of the keys 0 to <paramref name="keys"/> - 1, the same in every run.</summary>
    public int[] Draw(int keys)
    {
        int[] drawn = new int[keys];
        for (int i = 0; i < keys; i++)
        {
            drawn[i] = sizes[(int)(Mixed.Bits((ulong)i) % (ulong)sizes.Length)];
        }

        return drawn;
    }
}

/// <summary>A hash of numbers (the finalizer of SplitMix64; Steele, Lea and Flood 2014).</summary>
internal static class Mixed
{
    public static ulong Bits(ulong value)
    {
        value += 0x9E37_79B9_7F4A_7C15;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
