using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ElastiCache.Embedded.Api.Serialization;
using MessagePack;

namespace ElastiCache.Embedded.Tests.Api;

public sealed partial class SerializerTests
{
    public sealed record Session(int UserId, string? Name, DateTimeOffset LastSeen, Dictionary<string, decimal> Basket);

    public sealed class Plain
    {
        public int Number { get; set; }

        public object? Anything { get; set; }

        public ReadOnlyMemory<byte> Bytes { get; set; }
    }

    public sealed class PlainNextVersion
    {
        public string? Added { get; set; }

        public int Number { get; set; }
    }

    [MessagePackObject]
    public sealed class Compact
    {
        [Key(0)]
        public int Number { get; set; }
    }

    [JsonSerializable(typeof(Session))]
    private sealed partial class SessionContext : JsonSerializerContext;

    public static TheoryData<ICacheSerializer> Serializers() => new()
    {
        MessagePackCacheSerializer.Default,
        JsonCacheSerializer.Default,
        new JsonCacheSerializer(new JsonSerializerOptions { WriteIndented = true }),
        new JsonCacheSerializer(SessionContext.Default),
    };

    [Theory]
    [MemberData(nameof(Serializers))]
    public void A_record_without_attributes_round_trips(ICacheSerializer serializer)
    {
        var session = new Session(42, "Ada", new DateTimeOffset(2024, 2, 29, 12, 0, 0, TimeSpan.FromHours(1)), new() { ["tea"] = 3.50m });

        Session? read = serializer.Deserialize<Session>(Bytes(session, serializer));

        Assert.NotNull(read);
        Assert.Equal(session with { Basket = read.Basket }, read);
        Assert.Equal(session.Basket, read.Basket);
    }

    [Theory]
    [MemberData(nameof(Serializers))]
    public void A_null_object_round_trips(ICacheSerializer serializer) =>
        Assert.Null(serializer.Deserialize<Session>(Bytes<Session?>(null, serializer)));

    [Theory]
    [MemberData(nameof(Serializers))]
    public void Foreign_bytes_are_refused_without_showing_them(ICacheSerializer serializer)
    {
        foreach (string foreign in new[] { "", "top secret", "{\"UserId\":\"top secret\"}", "[1,2", "{\"Basket\":{\"top secret\":\"x\"}}" })
        {
            var refused = Assert.Throws<FormatException>(() => serializer.Deserialize<Session>(Encoding.UTF8.GetBytes(foreign)));

            Assert.Contains(typeof(Session).ToString(), refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Serializers))]
    public void Bytes_behind_the_value_are_refused(ICacheSerializer serializer)
    {
        byte[] bytes = Bytes(new Session(1, null, default, []), serializer);

        Assert.Throws<FormatException>(() => serializer.Deserialize<Session>((byte[])[.. bytes, .. bytes]));
    }

    [Fact]
    public void MessagePack_keeps_nothing_of_the_pooled_buffer()
    {
        byte[] stored = Bytes(new Plain { Bytes = new byte[] { 1, 2, 3 } }, MessagePackCacheSerializer.Default);

        Plain read = MessagePackCacheSerializer.Default.Deserialize<Plain>(stored)!;
        Array.Clear(stored);

        Assert.Equal(new byte[] { 1, 2, 3 }, read.Bytes.ToArray());
    }

    [Fact]
    public void MessagePack_finds_members_by_name_so_that_a_type_may_gain_and_lose_some()
    {
        byte[] stored = Bytes(new Plain { Number = 7, Anything = "dropped" }, MessagePackCacheSerializer.Default);

        Assert.Equal(7, MessagePackCacheSerializer.Default.Deserialize<PlainNextVersion>(stored)!.Number);
    }

    [Fact]
    public void MessagePack_attributes_give_the_compact_form() =>
        Assert.Equal([0x91, 7], Bytes(new Compact { Number = 7 }, MessagePackCacheSerializer.Default));

    [Fact]
    public void MessagePack_stores_and_obeys_no_type_names()
    {
        byte[] stored = Bytes(new Plain { Anything = new Compact { Number = 1 } }, MessagePackCacheSerializer.Default);
        Assert.DoesNotContain(nameof(Compact), Encoding.UTF8.GetString(stored), StringComparison.Ordinal);

        byte[] typeless = MessagePackSerializer.Typeless.Serialize(
            new Plain { Anything = new Uri("http://localhost") }, cancellationToken: TestContext.Current.CancellationToken);
        object? read = null;
        try
        {
            read = MessagePackCacheSerializer.Default.Deserialize<Plain>(typeless)!.Anything;
        }
        catch (FormatException)
        {
            // Also fine: not read at all.
        }

        Assert.IsNotType<Uri>(read);
    }

    [Fact]
    public void MessagePack_limits_depth()
    {
        byte[] arrays = [.. Enumerable.Repeat((byte)0x91, 100_000), 0xC0];

        Assert.Throws<FormatException>(() => MessagePackCacheSerializer.Default.Deserialize<object>(arrays));
    }

    [Fact]
    public void A_source_generated_context_names_a_type_that_it_does_not_know()
    {
        var serializer = new JsonCacheSerializer(SessionContext.Default);

        var refused = Assert.Throws<NotSupportedException>(() => Bytes(new Plain(), serializer));

        Assert.Contains(nameof(Plain), refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Bytes<T>(T value, ICacheSerializer serializer)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        serializer.Serialize(value, buffer);
        return buffer.Written.ToArray();
    }
}
