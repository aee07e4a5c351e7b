using System.Buffers.Binary;
using System.IO.Compression;

namespace QuickStart;

/// <summary>A recorded sequence of requests; samples/data/README.md describes the file and where it comes from.</summary>
internal sealed class RecordedTrace
{
    private const int HeaderBytes = 4 + 1 + 8 + 8;

    private RecordedTrace(int[] requests, int keys)
    {
        Requests = requests;
        Keys = keys;
    }

    /// <summary>The object that each request asks for, numbered from 0.</summary>
    public int[] Requests { get; }

    /// <summary>How many different objects there are.</summary>
    public int Keys { get; }

    public static RecordedTrace Load(string file, int most)
    {
        using var unpacked = new MemoryStream();
        using (var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress))
        {
            packed.CopyTo(unpacked);
        }

        ReadOnlySpan<byte> bytes = unpacked.GetBuffer().AsSpan(0, (int)unpacked.Length);
        if (!bytes.StartsWith("CTR1"u8))
        {
            throw new InvalidDataException($"'{file}' is no trace: it does not begin with CTR1.");
        }

        int count = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[5..]);
        int keys = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[13..]);
        int[] requests = new int[Math.Min(count, most)];
        int position = HeaderBytes;
        long key = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            key += ReadDifference(bytes, ref position);
            requests[i] = (int)key;
        }

        return new RecordedTrace(requests, keys);
    }

    private static long ReadDifference(ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong zigzag = 0;
        int shift = 0;
        byte next;
        do
        {
            next = bytes[position++];
            zigzag |= (ulong)(next & 0x7F) << shift;
            shift += 7;
        }
        while (next >= 0x80);

        return (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
    }
}
