using System.Buffers;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Rdb;
using ElastiCache.Embedded.Values;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>More than one thread and one batch have a part in loading something large; nobody must notice.</summary>
public sealed class BulkLoadTests : IDisposable
{
    private const int Keys = 500;
    private const int Entries = 20 * Keys;      // several batches

    private const int LongestInHash = 256;

    private readonly EmbeddedCache _cache = new();

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void Of_entries_with_one_key_the_last_wins_whatever_their_kinds_and_sizes()
    {
        using var import = new BulkImport(_cache.Store, replaces: true);
        for (int i = 0; i < Entries; i++)
        {
            Add(import, i % Keys, i);
        }

        import.Finish();

        Assert.Equal(Entries, import.Stored);
        for (int key = 0; key < Keys; key++)
        {
            int last = Entries - Keys + key;
            bool isHash = last % 3 != 0 && TextOf(last).Length < LongestInHash;
            Assert.Equal(TextOf(last), isHash ? _cache.Hash<string, string>($"key:{key}").Get("f") : _cache.Strings.Get<string>($"key:{key}"));
        }
    }

    [Fact]
    public void Keys_that_are_there_stay_if_they_shall()
    {
        _cache.Strings.Set("key:7", "mine");
        using var import = new BulkImport(_cache.Store, replaces: false);
        for (int i = 0; i < Entries; i++)
        {
            Add(import, i % Keys, i);
        }

        import.Finish();

        Assert.Equal("mine", _cache.Strings.Get<string>("key:7"));
        Assert.Equal(Keys - 1, import.Stored);
        Assert.Equal(Entries - Keys + 1, import.Kept);
    }

    [Fact]
    public void Where_there_is_no_room_the_import_ends_with_the_key_that_found_none()
    {
        using var small = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = 8 << 20, EvictionPolicy = EvictionPolicy.NoEviction });
        using var import = new BulkImport(small.Store, replaces: true);

        Assert.Throws<CacheFullException>(() =>
        {
            for (int i = 0; i < 1_000_000; i++)
            {
                Add(import, i, i % 900);
            }
        });

        Assert.StartsWith("key:", Encoding.ASCII.GetString(import.RefusedKey), StringComparison.Ordinal);
        Assert.Throws<CacheFullException>(import.Finish);
        Assert.Equal(import.Stored, small.Keys.Count);
        Assert.True(import.Stored > 0);
    }

    [Fact]
    public void A_command_that_cannot_be_applied_is_told_by_its_place_and_nothing_behind_it_is_applied()
    {
        const int Bad = 15_000;
        var log = new StringBuilder();
        int badOffset = 0;
        for (int i = 0; i < 2 * Bad; i++)
        {
            badOffset = i == Bad ? log.Length : badOffset;
            log.Append(CultureInfo.InvariantCulture, $"*3\r\n$3\r\n{(i == Bad ? "BAD" : "SET")}\r\n$6\r\n{i:D6}\r\n$1\r\nv\r\n");
        }

        // Damage far behind must not be what is told.
        log.Append("*1\r\nrubbish");
        using var file = new MemoryFile();
        file.Write(0, Encoding.ASCII.GetBytes(log.ToString()));
        var target = new ModelStore();

        var failure = Assert.Throws<LogFormatException>(() => new LogReplay(target).Replay(file, "log", new LogFileRole(IsLast: true, MustHaveHeader: false, MustBeRdb: false, BytesBefore: null)));

        Assert.Equal(badOffset, failure.Offset);
        Assert.Equal(Bad, target.Entries.Count);
    }

    [Theory]
    [InlineData(10_000, 14_000, 4_096)]     // by themselves 10,000 entries make 2,048 buckets, and 4,096 are not too many for them
    [InlineData(10_000, 1L << 60, 4_096)]   // what the file can't hold is not believed
    [InlineData(10_000, 0, 2_048)]
    public void The_table_gets_the_buckets_for_as_many_entries_as_the_file_says(int entries, long said, uint buckets)
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });
        using MemoryFile file = FileOf(entries, said);

        new LogReplay(new StoreReplay(cache.Store)).Replay(file, "dump.rdb", new LogFileRole(IsLast: false, MustHaveHeader: false, MustBeRdb: true, BytesBefore: null));

        Assert.Equal(entries, cache.Keys.Count);
        Assert.Equal(buckets, cache.Store.ShardAt(0).TableForWriting(0).Buckets);
        for (int i = 0; i < entries; i++)
        {
            Assert.Equal("text", cache.Strings.Get<string>($"key:{i}"));
        }
    }

    [Fact]
    public void Buckets_that_prove_too_many_are_given_back_at_the_end()
    {
        using var cache = new EmbeddedCache(new EmbeddedCacheOptions { Shards = 1 });
        using (var import = new BulkImport(cache.Store, replaces: true))
        {
            import.Expect(0, 100_000);
            uint expected = cache.Store.ShardAt(0).TableForWriting(0).Buckets;
            Assert.Equal(TableGeometry.BucketsFor(100_000), expected);
            Add(import, 1, 3);
            import.Finish();
            cache.Strings.Set("another", 1);
            cache.Keys.Delete("another");
            Assert.Equal(expected, cache.Store.ShardAt(0).TableForWriting(0).Buckets);
        }

        Assert.InRange(cache.Store.ShardAt(0).TableForWriting(0).Buckets, 1u, 2u);
    }

    [Fact]
    public void Buckets_for_which_the_budget_has_no_room_are_not_made_before_their_entries()
    {
        using var small = new EmbeddedCache(new EmbeddedCacheOptions { MaxMemory = 8 << 20, Shards = 1 });
        using var import = new BulkImport(small.Store, replaces: true);

        import.Expect(0, 10_000_000);

        Assert.Equal(0u, small.Store.ShardAt(0).TableForWriting(0).Buckets);
    }

    private static MemoryFile FileOf(int entries, long said)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new RdbWriter(bytes, compresses: false);
        writer.Raw("REDIS0010"u8);
        writer.Byte(RdbOpcode.Database);
        writer.Number(0);
        writer.Byte(RdbOpcode.Sizes);
        writer.Number((ulong)said);
        writer.Number(0);
        for (int i = 0; i < entries; i++)
        {
            writer.Byte((byte)RdbType.String);
            writer.String(Encoding.ASCII.GetBytes($"key:{i}"));
            writer.String("text"u8);
        }

        writer.Byte(RdbOpcode.End);
        writer.Raw(new byte[sizeof(ulong)]);    // no checksum
        var file = new MemoryFile();
        file.Write(0, bytes.WrittenSpan);
        return file;
    }

    private static string TextOf(int i) => i % 1_000 == 999 ? new string('x', 300_000) + i : $"text {i}";

    private static void Add(BulkImport import, int key, int i)
    {
        byte[] name = Encoding.ASCII.GetBytes($"key:{key}"), text = Encoding.ASCII.GetBytes(TextOf(i));
        byte[] packed = new byte[512];
        switch (i % 3)
        {
            case 1 when text.Length < LongestInHash:
                PackedHash.Create(packed);
                PackedHash.Set(packed, "f"u8, text);
                import.Add(new RdbEntry { Database = 0, Key = name, Deadline = Record.NoExpiry, Kind = ValueKind.Hash, Bytes = packed.AsSpan(0, PackedHash.TotalBytes(packed)) });
                break;
            case 2 when text.Length < LongestInHash:
                var value = new RdbValue(ValueKind.Hash);
                value.Items.Add("f"u8, text);
                import.Add(new RdbEntry { Database = 0, Key = name, Deadline = Record.NoExpiry, Kind = ValueKind.Hash, Value = value });
                break;
            default:
                import.Add(new RdbEntry { Database = 0, Key = name, Deadline = Record.NoExpiry, Kind = ValueKind.String, Bytes = text });
                break;
        }
    }
}
