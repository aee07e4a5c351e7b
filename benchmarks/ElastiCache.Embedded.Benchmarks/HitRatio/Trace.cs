using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>A recorded sequence of accesses: keys numbered from 0 in order of first use, and perhaps a size for each.</summary>
/// <remarks>
/// <code>
///   gzip of:  "CTR1"   u8 flags (bit 0: sizes follow)   u64 requests   u64 keys            little-endian
///             a varint a request: zigzag of the difference to the request before
///             a varint a key: its size in bytes                                            with bit 0
/// </code>
/// </remarks>
internal sealed class Trace
{
    public const string Extension = ".ctr.gz";

    private const int HeaderBytes = 21;

    private Trace(string name, int[] requests, int keys, int[]? sizes)
    {
        (Name, Requests, Keys, Sizes) = (name, requests, keys, sizes);
    }

    public string Name { get; }

    /// <summary>The key of each request.</summary>
    public int[] Requests { get; }

    /// <summary>How many keys there are: the footprint in entries.</summary>
    public int Keys { get; }

    /// <summary>The size of each key's value in bytes, where it was recorded.</summary>
    public int[]? Sizes { get; }

    /// <summary>All traces of a folder, by name.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static IReadOnlyList<Trace> LoadAll(string folder)
    {
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*" + Extension) : [];
        if (files.Length == 0)
        {
            throw new ArgumentException($"There are no traces (*{Extension}) in '{folder}'. Name their folder with --traces.");
        }

        Array.Sort(files, StringComparer.Ordinal);
        return [.. files.Select(Load)];
    }

    /// <summary>Reads one file.</summary>
    /// <exception cref="InvalidDataException">It is no trace, or cut off.</exception>
    public static Trace Load(string path)
    {
        using FileStream file = File.OpenRead(path);
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        using var memory = new MemoryStream();
        unpacked.CopyTo(memory);
        return Parse(Path.GetFileName(path)[..^Extension.Length], memory.GetBuffer().AsSpan(0, (int)memory.Length));
    }

    internal static Trace Parse(string name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || !bytes[..4].SequenceEqual("CTR1"u8))
        {
            throw new InvalidDataException($"Trace '{name}' does not begin with CTR1.");
        }

        bool hasSizes = (bytes[4] & 1) != 0;
        int[] requests = new int[BinaryPrimitives.ReadUInt64LittleEndian(bytes[5..])];
        int keys = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[13..]);
        int position = HeaderBytes;
        long key = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            ulong zigzag = Varint(name, bytes, ref position);
            key += (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
            requests[i] = key >= 0 && key < keys
                ? (int)key
                : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"Trace '{name}': request {i} is for key {key} of {keys}."));
        }

        int[]? sizes = hasSizes ? new int[keys] : null;
        for (int i = 0; i < sizes?.Length; i++)
        {
            sizes[i] = checked((int)Varint(name, bytes, ref position));
        }

        return new Trace(name, requests, keys, sizes);
    }

    private static ulong Varint(string name, ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (position == bytes.Length)
            {
                break;
            }

            byte next = bytes[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException($"Trace '{name}' is cut off.");
    }
}
