using System.Buffers;
using System.Text;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class StringsTests : CacheFixture
{
    public enum Colour
    {
        Red,
        Green,
    }

    public sealed record Session(int User, string Name);

    [Fact]
    public void Every_type_is_read_as_it_was_stored()
    {
        RoundTrip("text", "");
        RoundTrip("text", "héllo 日本");
        RoundTrip("text", new string('x', 100_000));
        RoundTrip("bytes", new byte[] { 0, 1, 255 });
        RoundTrip("bytes", new byte[70_000]);
        foreach (long number in new[] { 0, 1, -1, int.MinValue, int.MaxValue, (1L << 32) + 1, long.MinValue, long.MaxValue })
        {
            RoundTrip("number", number);
        }

        RoundTrip("number", ulong.MaxValue);
        RoundTrip("number", 0.1);
        RoundTrip("number", double.NegativeInfinity);
        RoundTrip("number", 1.50m);
        RoundTrip("bool", true);
        RoundTrip("guid", Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"));
        RoundTrip("date", new DateTimeOffset(2024, 2, 29, 12, 30, 0, TimeSpan.FromHours(2)));
        RoundTrip("span", TimeSpan.FromTicks(1));
        RoundTrip("enum", Colour.Green);
        RoundTrip("object", new Session(42, "Ada"));
        RoundTrip<Session?>("object", null);
        RoundTrip("list", new[] { 1, 2, 3 });
    }

    [Theory]
    [InlineData("hello", "hello")]
    [InlineData(42, "42")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(true, "1")]
    [InlineData(Colour.Green, "Green")]
    public void Plain_types_are_stored_as_a_Redis_client_would_read_them<T>(T value, string stored)
    {
        Strings.Set("k", value);

        Assert.Equal(stored, Encoding.UTF8.GetString(Strings.GetBytes("k")!));
        Assert.Equal(stored, Strings.GetString("k"));
    }

    [Fact]
    public void A_key_is_the_same_as_text_and_as_bytes()
    {
        Strings.Set("ключ", 1);

        Assert.Equal(1, Strings.Get<int>("ключ"u8));
        Assert.Equal(1, Strings.Get<int>(Encoding.UTF8.GetBytes("ключ")));
        Assert.Equal(1, Strings.Get<int>("ключ".AsSpan()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(10_000)]
    public void Keys_of_every_length_find_their_values(int length)
    {
        string ascii = new('k', length);
        string other = new('ж', length);

        Strings.Set(ascii, "ascii");
        Strings.Set(other + "!", "other");

        Assert.Equal("ascii", Strings.GetString(ascii));
        Assert.Equal("other", Strings.GetString(other + "!"));
        Assert.Equal(2, Keys.Count);
    }

    [Fact]
    public void An_absent_key_has_no_value_in_any_form()
    {
        var writer = new ArrayBufferWriter<byte>();

        Assert.Null(Strings.GetString("absent"));
        Assert.Null(Strings.GetBytes("absent"));
        Assert.Null(Strings.Get<int?>("absent"));
        Assert.Equal(0, Strings.Get<int>("absent"));
        Assert.Null(Strings.Get<Session>("absent"));
        Assert.False(Strings.TryGet("absent", out byte[]? _));
        Assert.False(Strings.TryGet("absent", out int _));
        Assert.False(Strings.TryGet("absent", out Session? _));
        Assert.False(Strings.TryGet("absent", writer));
        Assert.Equal(0, writer.WrittenCount);
        Assert.False(Strings.TryGet("absent", new byte[10], out int length));
        Assert.Equal(-1, length);
        Assert.Equal(0, Strings.Length("absent"));
    }

    [Fact]
    public void An_empty_value_is_a_value()
    {
        Strings.Set("k", ReadOnlySpan<byte>.Empty);

        Assert.True(Strings.TryGet("k", out byte[]? bytes));
        Assert.Empty(bytes!);
        Assert.Equal("", Strings.GetString("k"));
        Assert.True(Keys.Exists("k"));
    }

    [Theory]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(100_000)]
    public void A_buffer_writer_receives_values_of_every_length(int length)
    {
        byte[] value = new byte[length];
        new Random(length).NextBytes(value);
        Strings.Set("k", value);
        var writer = new ArrayBufferWriter<byte>();

        Assert.True(Strings.TryGet("k", writer));

        Assert.Equal(value, writer.WrittenSpan.ToArray());
    }

    [Fact]
    public void A_buffer_that_is_too_short_is_told_the_length()
    {
        Strings.Set("k", new byte[10]);

        Assert.False(Strings.TryGet("k", new byte[9], out int length));
        Assert.Equal(10, length);
        Assert.True(Strings.TryGet("k", new byte[10], out length));
        Assert.Equal(10, length);
        Assert.Equal(10, Strings.Length("k"));
    }

    [Fact]
    public void A_value_that_is_something_else_is_refused_with_its_key_and_without_itself()
    {
        Strings.Set("k", "secret");

        foreach (Action read in new Action[]
        {
            () => Strings.Get<int>("k"),
            () => Strings.Get<Guid>("k"),
            () => Strings.Get<Session>("k"),
            () => Strings.GetMany<int>("k"),
            () => Strings.TryGetVersioned<Session>("k", out _),
        })
        {
            var refused = Assert.Throws<FormatException>(read);
            Assert.Contains("'k'", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Null_is_refused_for_types_that_have_a_plain_form()
    {
        Strings.Set("k", 1);

        Assert.Throws<ArgumentNullException>(() => Strings.Set<string?>("k", null));
        Assert.Throws<ArgumentNullException>(() => Strings.Set<byte[]?>("k", null));
        Assert.Throws<ArgumentNullException>(() => Strings.Set<int?>("k", null));
        Assert.Throws<ArgumentNullException>(() => Strings.Set((string)null!, 1));
        Assert.Throws<ArgumentNullException>(() => Strings.TryGet("k", null!));

        Assert.Equal(1, Strings.Get<int>("k"));
    }

    [Fact]
    public void A_text_that_is_no_text_is_refused_and_the_old_value_stays()
    {
        Strings.Set("k", "old");

        Assert.Throws<ArgumentException>(() => Strings.Set("k", "half a pair: \ud800"));

        Assert.Equal("old", Strings.GetString("k"));
    }

    [Fact]
    public void A_value_lives_until_its_deadline()
    {
        Strings.Set("k", 1, TimeSpan.FromSeconds(10));
        Strings.Set("k2", 2, new SetOptions { ExpiresAt = Time.GetUtcNow().AddSeconds(10) });

        Time.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.Equal(1, Strings.Get<int?>("k"));
        Assert.Equal(2, Strings.Get<int?>("k2"));
        Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Null(Strings.Get<int?>("k"));
        Assert.Null(Strings.Get<int?>("k2"));
    }

    [Fact]
    public void A_plain_Set_removes_the_deadline_and_KeepExpiry_keeps_it()
    {
        Strings.Set("plain", 1, TimeSpan.FromSeconds(10));
        Strings.Set("kept", 1, TimeSpan.FromSeconds(10));

        Strings.Set("plain", 2);
        Strings.Set("kept", 2, new SetOptions { KeepExpiry = true });
        Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(2, Strings.Get<int?>("plain"));
        Assert.Null(Strings.Get<int?>("kept"));
    }

    [Fact]
    public void Conditions_decide_whether_a_value_is_stored()
    {
        Assert.False(Strings.Set("k", 1, new SetOptions { Condition = SetCondition.IfPresent }));
        Assert.True(Strings.Set("k", 2, new SetOptions { Condition = SetCondition.IfAbsent }));
        Assert.False(Strings.Set("k", 3, new SetOptions { Condition = SetCondition.IfAbsent }));
        Assert.Equal(2, Strings.Get<int>("k"));
        Assert.True(Strings.Set("k", 4, new SetOptions { Condition = SetCondition.IfPresent }));

        Assert.Equal(4, Strings.Get<int>("k"));
    }

    [Fact]
    public void A_deadline_that_has_passed_leaves_the_key_absent()
    {
        Strings.Set("k", 1);

        Assert.True(Strings.Set("k", 2, new SetOptions { ExpiresAt = Time.GetUtcNow().AddSeconds(-1) }));

        Assert.False(Keys.Exists("k"));
    }

    [Fact]
    public void Bad_options_are_refused_and_change_nothing()
    {
        Strings.Set("k", 1);
        TimeSpan life = TimeSpan.FromSeconds(1);

        Assert.Throws<ArgumentOutOfRangeException>(() => Strings.Set("k", 2, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => Strings.Set("k", 2, TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentException>(() => Strings.Set("k", 2, new SetOptions { Expiry = life, KeepExpiry = true }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Strings.Set("k", 2, new SetOptions { Condition = (SetCondition)9 }));

        Assert.Equal(1, Strings.Get<int>("k"));
    }

    [Fact]
    public void The_longest_expiry_is_no_error()
    {
        Strings.Set("k", 1, TimeSpan.MaxValue);

        Assert.Equal(1, Strings.Get<int>("k"));
    }

    [Fact]
    public async Task The_asynchronous_forms_do_the_same_and_complete_at_once_in_memory()
    {
        Assert.True(Strings.SetAsync("bytes", "b"u8, Token).AsTask().IsCompletedSuccessfully);
        Assert.True(Strings.SetAsync("typed", 1, cancellationToken: Token).AsTask().IsCompletedSuccessfully);
        Assert.True(Strings.SetAsync("expiring", 1, TimeSpan.FromSeconds(1), Token).AsTask().IsCompletedSuccessfully);
        Assert.False(await Strings.SetAsync("typed", 2, new SetOptions { Condition = SetCondition.IfAbsent }, Token));
        Assert.True(await Strings.SetAsync("bytes", "c"u8, new SetOptions { Condition = SetCondition.IfPresent }, Token));

        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("c", Strings.GetString("bytes"));
        Assert.Equal(1, Strings.Get<int>("typed"));
        Assert.False(Keys.Exists("expiring"));
    }

    [Fact]
    public async Task A_cancelled_token_is_honoured_before_anything_is_stored()
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Strings.SetAsync("k", "v"u8, cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Strings.SetAsync("k", "v"u8, default, cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Strings.SetAsync("k", 1, TimeSpan.FromSeconds(1), cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Strings.SetAsync("k", 1, default(SetOptions), cancelled).AsTask());

        Assert.False(Keys.Exists("k"));
    }

    [Fact]
    public void A_value_that_is_too_large_is_refused_with_its_key()
    {
        var cache = new EmbeddedCache(new EmbeddedCacheOptions { Serializer = new Flooding(), Shards = 1 });

        var refused = Assert.Throws<ValueTooLargeException>(() => cache.Strings.Set("flood", new Session(1, "")));

        Assert.Equal("flood", refused.Key);
        Assert.False(cache.Keys.Exists("flood"));
        cache.Dispose();
    }

    private void RoundTrip<T>(string key, T value)
    {
        Strings.Set(key, value);

        Assert.Equal(value, Strings.Get<T>(key));
        Assert.True(Strings.TryGet(key, out T? same));
        Assert.Equal(value, same);
    }

    /// <summary>Claims to have written more than a value may hold, without taking the memory.</summary>
    private sealed class Flooding : ICacheSerializer
    {
        public void Serialize<T>(T value, IBufferWriter<byte> destination) => throw new ValueTooLargeException(CacheLimits.MaxValueBytes + 1L);

        public T? Deserialize<T>(ReadOnlyMemory<byte> source) => default;
    }
}
