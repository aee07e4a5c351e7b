using System.Text;
using ElastiCache.Embedded.Tests.Api;
using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Tests.Values;
using Microsoft.Extensions.Time.Testing;
using static ElastiCache.Embedded.Tests.Values.FieldDeadlineLayouts;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>What Redis 7.4 and Valkey 9 write and no older server does, on its way through the log: payloads of RESTORE, and a folder with a base of Valkey's.</summary>
public sealed class LaterFormsTests
{
    private const string Base = "appendonlydir/appendonly.aof.1.base.rdb";
    private const string Increment = "appendonlydir/appendonly.aof.1.incr.aof";

    private static readonly DateTimeOffset Until = DateTimeOffset.FromUnixTimeMilliseconds(Deadline);

    private readonly SimulatedDisk _disk = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_767_225_600));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Layouts), MemberType = typeof(FieldDeadlineLayouts))]
    public void A_payload_with_deadlines_of_fields_is_restored_and_is_the_same_after_a_restart(string magic, byte type)
    {
        byte[] payload = PayloadOf(VersionOf(magic), type, Value(magic, type));
        using (EmbeddedCache cache = Open())
        {
            Assert.True(cache.Keys.Restore("h", payload));
            AssertFields(cache);
        }

        _disk.Kill();
        using EmbeddedCache again = Open();
        AssertFields(again);
        _time.AdjustTime(Until); // only readers look at the deadline
        Assert.Null(again.Hash<string, string>("h").Get("f"));
        Assert.Equal("w", again.Hash<string, string>("h").Get("g"));
    }

    /// <remarks>The payload itself stood in the log, and redis-server, which knows no later version than 10, loaded the log without the key.</remarks>
    [Fact]
    public async Task A_payload_of_a_later_server_is_in_the_log_in_a_form_that_redis_7_0_reads()
    {
        string server = Peers.RedisServer;
        Assert.NotNull(server);
        using var folder = new TemporaryFolder();
        await using (EmbeddedCache cache = await Caches.OpenAsync(folder["cache"]))
        {
            Assert.True(cache.Keys.Restore("string", PayloadOf(12, 0, [1, (byte)'v'])));
            Assert.True(cache.Keys.Restore("hash", PayloadOf(12, 24, [.. LittleEndian(0), 1, 0, 1, (byte)'f', 1, (byte)'v'])));
            Assert.True(cache.Keys.Restore("valkey", PayloadOf(80, 22, [1, 1, (byte)'f', 1, (byte)'v', .. LittleEndian(-1)])));
        }

        using var redis = new RedisServer(folder["cache"]);
        Assert.Equal("v", redis.Ask("get", "string"));
        Assert.Equal("f\nv", redis.Ask("hgetall", "hash"));
        Assert.Equal("f\nv", redis.Ask("hgetall", "valkey"));
    }

    [Theory]
    [MemberData(nameof(Layouts), MemberType = typeof(FieldDeadlineLayouts))]
    public void A_damaged_payload_with_deadlines_of_fields_is_refused_and_changes_nothing(string magic, byte type)
    {
        using EmbeddedCache cache = Open();
        cache.Strings.Set("h", "before");
        byte[] value = Value(magic, type);
        for (int length = 0; length < value.Length; length++)
        {
            byte[] cut = PayloadOf(VersionOf(magic), type, value[..length]);
            Assert.Throws<FormatException>(() => cache.Keys.Restore("h", cut, replace: true));
        }

        byte[] whole = PayloadOf(VersionOf(magic), type, value);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] flipped = [.. whole];
            flipped[i] ^= 0x10;
            Assert.Throws<FormatException>(() => cache.Keys.Restore("h", flipped, replace: true));
        }

        Assert.Equal("before", cache.Strings.GetString("h"));
    }

    [Theory]
    [InlineData(13, "REDIS0012", 24)]
    [InlineData(79, "REDIS0012", 22)]
    [InlineData(81, "VALKEY080", 22)]
    [InlineData(80, "REDIS0012", 24)]
    [InlineData(80, "REDIS0012", 25)]
    [InlineData(80, "REDIS0012", 22)]
    [InlineData(12, "VALKEY080", 22)]
    public void A_payload_of_a_version_or_in_a_form_that_is_not_its_own_is_refused(int version, string magic, byte type)
    {
        using EmbeddedCache cache = Open();

        Assert.Throws<FormatException>(() => cache.Keys.Restore("h", PayloadOf(version, type, Value(magic, type))));

        Assert.Equal(0, cache.Keys.Count);
    }

    [Theory]
    [MemberData(nameof(Layouts), MemberType = typeof(FieldDeadlineLayouts))]
    public async Task A_folder_whose_base_a_later_server_wrote_opens_goes_on_and_is_rewritten(string magic, byte type)
    {
        WriteFolder(FileOf(magic, type, Value(magic, type)));
        using (EmbeddedCache cache = Open())
        {
            AssertFields(cache);
            Assert.Equal("v", cache.Strings.GetString("k"));
            cache.Hash<string, string>("h").Set("more", "x");
        }

        _disk.Crash(new Random(1));
        using (EmbeddedCache cache = Open())
        {
            await cache.RewriteLogAsync(Token);
        }

        _disk.Crash(new Random(2));
        using EmbeddedCache again = Open();
        Assert.Equal("x", again.Hash<string, string>("h").Get("more"));
        Assert.True(again.Hash<string, string>("h").Remove("more"));
        AssertFields(again);
        Assert.False(_disk.Exists(Base));
    }

    [Theory]
    [InlineData("REDIS0012", 25)]
    [InlineData("VALKEY080", 22)]
    public void A_base_of_a_later_server_that_is_cut_or_changed_anywhere_is_named_and_left_as_it_is(string magic, byte type)
    {
        byte[] whole = FileOf(magic, type, Value(magic, type));
        for (int i = 0; i < whole.Length; i++)
        {
            AssertRefused(whole[..i]);
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] flipped = [.. whole];
                flipped[i] ^= (byte)(1 << bit);
                AssertRefused(flipped);
            }
        }
    }

    [Theory]
    [InlineData("VALKEY081")]
    [InlineData("VALKEY010")]
    [InlineData("REDIS0080")]
    public void A_base_of_a_server_that_is_not_known_yet_is_said_to_be_one(string magic)
    {
        WriteFolder(FileOf(magic, 22, Value("VALKEY080", 22)));

        var error = Assert.Throws<LogFormatException>(Open);

        Assert.Contains(Base, error.Message, StringComparison.Ordinal);
        Assert.Contains("version", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_increment_that_is_a_file_of_valkey_is_a_mistake_in_the_manifest()
    {
        WriteFolder(FileOf("VALKEY080", 22, Value("VALKEY080", 22)));
        _disk[Increment] = FileOf("VALKEY080", 22, Value("VALKEY080", 22));

        var error = Assert.Throws<LogFormatException>(Open);

        Assert.Contains("the manifest calls it an increment", error.Message, StringComparison.Ordinal);
    }

    private static int VersionOf(string magic) => magic[0] == 'V' ? 80 : 12;

    private static void AssertFields(EmbeddedCache cache)
    {
        CacheHash<string, string> hash = cache.Hash<string, string>("h");
        Assert.Equal((2, "v", "w"), (hash.Count(), hash.Get("f"), hash.Get("g")));
        Assert.Equal((Until, null), (hash.ExpiresAt("f"), hash.ExpiresAt("g")));
    }

    private void AssertRefused(byte[] file)
    {
        WriteFolder(file);
        LogException error = Assert.ThrowsAny<LogException>(Open);
        Assert.True(error is LogDamagedException or LogFormatException, $"{error.GetType().Name}: {error.Message}");
        Assert.Contains(Base, error.Message, StringComparison.Ordinal);
        Assert.Equal(file, _disk[Base]);
        _disk.Kill();
    }

    // As a server leaves it: no annotations, and an increment after the base.
    private void WriteFolder(byte[] file)
    {
        _disk.MakeDirectory("");
        _disk.MakeDirectory("appendonlydir");
        _disk[LogUnderTest.ManifestFile] = "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"u8.ToArray();
        _disk[Base] = file;
        _disk[Increment] = Encoding.ASCII.GetBytes("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
    }

    private EmbeddedCache Open() => CacheFixture.OpenOn(_disk, _time, DurabilityMode.Always);
}
