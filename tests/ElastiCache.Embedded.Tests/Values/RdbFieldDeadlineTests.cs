using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Values;
using static ElastiCache.Embedded.Tests.Values.FieldDeadlineLayouts;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>Hashes whose fields have deadlines, of Redis 7.4 and Valkey 9, built here by hand after their published layout.</summary>
public sealed class RdbFieldDeadlineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Layouts), MemberType = typeof(FieldDeadlineLayouts))]
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
    [MemberData(nameof(Layouts), MemberType = typeof(FieldDeadlineLayouts))]
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

    private async Task<EmbeddedCache> ImportAsync(string magic, byte type, byte[] value)
    {
        await File.WriteAllBytesAsync(_folder["fields.rdb"], FileOf(magic, type, value), Token);
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
}
