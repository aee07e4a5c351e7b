using System.Buffers.Binary;
using System.Text;
using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>Hashes whose fields have deadlines, of Redis 7.4 and Valkey 9, built here by hand after their published layout.</summary>
public sealed class RdbFieldDeadlineTests : IDisposable
{
    private const long Deadline = 4_000_000_000_000;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, byte> Layouts => new() { { "REDIS0012", 22 }, { "REDIS0012", 23 }, { "REDIS0012", 24 }, { "REDIS0012", 25 }, { "VALKEY080", 22 } };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] DeadlineNumber => [0x81, .. BigEndian(Deadline)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task A_hash_keeps_the_deadlines_of_its_fields(string magic, byte type)
    {
        await using EmbeddedCache cache = await ImportAsync(magic, type, Value(magic, type));

        CacheHash<string, string> hash = cache.Hash<string, string>("h");
        Assert.Equal(2, hash.Count());
        Assert.Equal("v", hash.Get("f"));
        Assert.Equal("w", hash.Get("g"));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(Deadline), hash.ExpiresAt("f"));
        Assert.Null(hash.ExpiresAt("g"));
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task A_hash_that_ends_early_is_refused(string magic, byte type)
    {
        byte[] value = Value(magic, type);
        for (int length = 0; length < value.Length; length++)
        {
            await Assert.ThrowsAsync<RdbFileException>(() => ImportAsync(magic, type, value[..length]));
        }
    }

    [Fact]
    public async Task A_deadline_that_is_none_is_refused()
    {
        byte[] pair = [1, (byte)'f', 1, (byte)'v'];

        await Assert.ThrowsAsync<RdbFileException>(() => ImportAsync("VALKEY080", 22, [1, .. pair, .. LittleEndian(-2)]));
        await Assert.ThrowsAsync<RdbFileException>(() => ImportAsync("REDIS0012", 22, [1, 0x81, .. BigEndian(-1), .. pair]));
        await Assert.ThrowsAsync<RdbFileException>(() => ImportAsync("REDIS0012", 24, [.. LittleEndian(long.MaxValue), 1, 5, .. pair]));
        await Assert.ThrowsAsync<RdbFileException>(() => ImportAsync("REDIS0012", 25, [.. LittleEndian(1), .. Pack("f", "v", "soon")]));
        await Assert.ThrowsAsync<RdbFileException>(() => ImportAsync("REDIS0012", 25, [.. LittleEndian(1), .. Pack("f", "v")]));
    }

    [Theory]
    [InlineData("VALKEY080", 24)]
    [InlineData("VALKEY081", 22)]
    [InlineData("VALKEY010", 22)]
    [InlineData("REDIS0080", 22)]
    public async Task Another_version_or_an_encoding_of_the_other_family_is_refused(string magic, byte type) =>
        await Assert.ThrowsAsync<RdbFileException>(() => ImportAsync(magic, type, Value(magic, type)));

    [Fact]
    public void The_checksum_by_multiplication_is_that_by_tables()
    {
        byte[] bytes = new byte[1_000];
        new Random(1).NextBytes(bytes);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(Crc64.BySlices((ulong)length * 0x9E3779B97F4A7C15, bytes.AsSpan(0, length)), Crc64.Append((ulong)length * 0x9E3779B97F4A7C15, bytes.AsSpan(0, length)));
        }
    }

    private static byte[] Value(string magic, byte type)
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

    // As a string: one byte of length, the listpack. Its elements: short text, 0, or an integer of 64 bits.
    private static byte[] Pack(params string[] elements)
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

    private async Task<EmbeddedCache> ImportAsync(string magic, byte type, byte[] value)
    {
        byte[] file = [.. Encoding.ASCII.GetBytes(magic), 0xFE, 0, type, 1, (byte)'h', .. value, 0xFF];
        await File.WriteAllBytesAsync(_folder["fields.rdb"], [.. file, .. LittleEndian((long)Crc64.Append(0, file))], Token);
        var cache = new EmbeddedCache();
        try
        {
            await cache.ImportAsync(_folder["fields.rdb"], cancellationToken: Token);
            return cache;
        }
        catch
        {
            await cache.DisposeAsync();
            throw;
        }
    }

    private static byte[] LittleEndian(long number)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }

    private static byte[] BigEndian(long number)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }
}
