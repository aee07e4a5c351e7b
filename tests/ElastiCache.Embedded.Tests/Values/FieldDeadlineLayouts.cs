using System.Buffers.Binary;
using System.Text;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>Hashes whose fields have deadlines, as Redis 7.4 and Valkey 9 write them: built by hand after their published layout.</summary>
internal static class FieldDeadlineLayouts
{
    public const long Deadline = 4_000_000_000_000;

    /// <summary>The start of a file, and the encodings of a value that belong to it.</summary>
    public static TheoryData<string, byte> Layouts => new() { { "REDIS0012", 22 }, { "REDIS0012", 23 }, { "REDIS0012", 24 }, { "REDIS0012", 25 }, { "VALKEY080", 22 } };

    private static byte[] DeadlineNumber => [0x81, .. BigEndian(Deadline)];

    /// <summary>A hash of two fields: f, with a deadline, holds v; g, without, holds w.</summary>
    public static byte[] Value(string magic, byte type)
    {
        byte[] f = [1, (byte)'f', 1, (byte)'v'], g = [1, (byte)'g', 1, (byte)'w'];
        return (magic[0], type) switch
        {
            ('V', 22) => [2, .. f, .. LittleEndian(Deadline), .. g, .. LittleEndian(-1)],
            (_, 22) => [2, .. DeadlineNumber, .. f, 0, .. g],
            (_, 24) => [.. LittleEndian(Deadline - 4), 2, 5, .. f, 0, .. g],
            (_, 25) => [.. LittleEndian(Deadline), .. Pack("f", "v", $"{Deadline}", "g", "w", "0")],
            _ => Pack("f", "v", $"{Deadline}", "g", "w", "0"),
        };
    }

    /// <summary>As a string: one byte of length, the listpack. Its elements: short text, 0, or an integer of 64 bits.</summary>
    public static byte[] Pack(params string[] elements)
    {
        var body = new List<byte>();
        foreach (string element in elements)
        {
            byte[] data = long.TryParse(element, out long number)
                ? number == 0 ? [0] : [0xF4, .. LittleEndian(number)]
                : [(byte)(0x80 | element.Length), .. Encoding.ASCII.GetBytes(element)];
            body.AddRange([.. data, (byte)data.Length]);
        }

        byte length = (byte)(body.Count + 7);
        return [length, length, 0, 0, 0, (byte)elements.Length, 0, .. body, 0xFF];
    }

    /// <summary>A file that holds nothing else, at the key h.</summary>
    public static byte[] FileOf(string magic, byte type, byte[] value)
    {
        byte[] file = [.. Encoding.ASCII.GetBytes(magic), 0xFE, 0, type, 1, (byte)'h', .. value, 0xFF];
        return [.. file, .. LittleEndian((long)Crc64.Append(0, file))];
    }

    /// <summary>What DUMP gives of it.</summary>
    public static byte[] PayloadOf(int version, byte type, byte[] value)
    {
        byte[] payload = [type, .. value, (byte)version, (byte)(version >> 8)];
        return [.. payload, .. LittleEndian((long)Crc64.Append(0, payload))];
    }

    public static byte[] LittleEndian(long number)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }

    public static byte[] BigEndian(long number)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }
}
