using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Messaging;

public sealed class KeyspaceEventsTests
{
    private readonly ChannelHub _hub = new();
    private readonly RecordingSubscriber _all = new();
    private readonly KeyspaceEvents _events;

    public KeyspaceEventsTests()
    {
        _events = new KeyspaceEvents(_hub);
        _hub.Subscribe(_all, ChannelKind.Pattern, "__key*"u8);
    }

    [Fact]
    public void An_event_goes_to_the_keys_channel_and_to_its_own()
    {
        _events.Classes = KeyEventClass.Keyspace | KeyEventClass.Keyevent | KeyEventClass.All;

        _events.Raise(KeyEventClass.String, "set"u8, 3, "user:1"u8);

        Assert.Equal(["__key*<-__keyspace@3__:user:1=set", "__key*<-__keyevent@3__:set=user:1"], _all.Received);
    }

    [Theory]
    [InlineData("KA", "__key*<-__keyspace@0__:k=set")]
    [InlineData("EA", "__key*<-__keyevent@0__:set=k")]
    [InlineData("A", "")]
    public void K_and_E_choose_the_channels(string letters, string expected)
    {
        Assert.True(KeyEventFlags.TryParse(letters, out KeyEventClass classes));
        _events.Classes = classes;

        _events.Raise(KeyEventClass.String, "set"u8, 0, "k"u8);

        Assert.Equal(expected, string.Join(',', _all.Received));
    }

    [Fact]
    public void A_key_of_any_length_has_its_channel()
    {
        string key = new('k', 100_000);
        _events.Classes = KeyEventClass.Keyspace | KeyEventClass.Generic;

        _events.Raise(KeyEventClass.Generic, "del"u8, 15, System.Text.Encoding.UTF8.GetBytes(key));

        Assert.Equal([$"__key*<-__keyspace@15__:{key}=del"], _all.Received);
    }

    [Fact]
    public async Task The_cache_publishes_what_its_option_asks_for()
    {
        var time = new FakeTimeProvider();
        await using var cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time, KeyspaceNotifications = "Ex" });
        await using ChannelSubscription expired = cache.Channels.Subscribe("__keyevent@0__:expired", TestContext.Current.CancellationToken);
        var reader = new MessageReader(expired);
        cache.Strings.Set("session", "x", TimeSpan.FromSeconds(1));

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(cache.Keys.Exists("session"));

        Assert.Equal("__keyevent@0__:expired=session", await reader.NextAsync());
    }

    [Fact]
    public async Task A_cache_without_the_option_publishes_nothing()
    {
        var time = new FakeTimeProvider();
        await using var cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time });
        await using ChannelSubscription all = cache.Channels.SubscribePattern("*", TestContext.Current.CancellationToken);
        var reader = new MessageReader(all);
        cache.Strings.Set("session", "x", TimeSpan.FromSeconds(1));

        time.Advance(TimeSpan.FromSeconds(2));
        cache.Keys.Exists("session");

        Assert.False(reader.HasNext);
    }
}
