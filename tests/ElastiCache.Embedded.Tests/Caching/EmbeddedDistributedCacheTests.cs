using System.Buffers;
using System.Text;
using ElastiCache.Embedded.Caching;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Caching;

public class EmbeddedDistributedCacheTests : IDisposable
{
    private static readonly byte[] Data = "data"u8.ToArray();

    private readonly FakeTimeProvider _time = new();
    private readonly EmbeddedCache _store;
    private readonly EmbeddedDistributedCache _cache;

    public EmbeddedDistributedCacheTests()
        : this(options => new EmbeddedCache(options))
    {
    }

    private protected EmbeddedDistributedCacheTests(Func<EmbeddedCacheOptions, EmbeddedCache> open)
    {
        _store = open(new EmbeddedCacheOptions { TimeProvider = _time, Shards = 2 });
        _cache = new EmbeddedDistributedCache(_store);
    }

    public void Dispose()
    {
        _store.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void An_entry_is_read_as_it_was_stored()
    {
        foreach (int length in new[] { 0, 1, 1006, 1007, 1008, 1022, 1023, 1024, 1025, 100_000 })
        {
            byte[] data = new byte[length];
            new Random(length).NextBytes(data);

            _cache.Set("plain", data, new());
            _cache.Set("sliding", data, new() { SlidingExpiration = TimeSpan.FromMinutes(1) });

            Assert.Equal(data, _cache.Get("plain"));
            Assert.Equal(data, _cache.Get("sliding"));
        }
    }

    [Fact]
    public void An_absent_key_is_null() => Assert.Null(_cache.Get("absent"));

    [Fact]
    public void A_removed_entry_is_gone_and_removing_it_again_is_fine()
    {
        _cache.Set("k", Data, new());

        _cache.Remove("k");
        _cache.Remove("k");

        Assert.Null(_cache.Get("k"));
    }

    [Fact]
    public void An_absolute_limit_holds_however_often_the_entry_is_read()
    {
        _cache.Set("k", Data, new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(10) });

        _time.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.NotNull(_cache.Get("k"));
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Null(_cache.Get("k"));
    }

    [Fact]
    public void A_sliding_entry_lives_as_long_as_it_is_read()
    {
        _cache.Set("k", Data, new() { SlidingExpiration = TimeSpan.FromSeconds(10) });

        for (int i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(9_999));
            Assert.NotNull(_cache.Get("k"));
        }

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(_cache.Get("k"));
    }

    [Fact]
    public void Refresh_is_as_good_as_a_read()
    {
        _cache.Set("k", Data, new() { SlidingExpiration = TimeSpan.FromSeconds(10) });

        _time.Advance(TimeSpan.FromSeconds(9));
        _cache.Refresh("k");
        _time.Advance(TimeSpan.FromSeconds(9));

        Assert.NotNull(_cache.Get("k"));
    }

    [Fact]
    public void Sliding_stops_at_the_absolute_limit()
    {
        _cache.Set("k", Data, new()
        {
            SlidingExpiration = TimeSpan.FromSeconds(10),
            AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(15),
        });

        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.NotNull(_cache.Get("k"));
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.Null(_cache.Get("k"));
    }

    [Fact]
    public void A_new_entry_takes_nothing_over_from_the_old_one()
    {
        _cache.Set("k", Data, new() { SlidingExpiration = TimeSpan.FromSeconds(10) });

        _cache.Set("k", Data, new());
        _time.Advance(TimeSpan.FromHours(1));

        Assert.NotNull(_cache.Get("k"));
    }

    [Fact]
    public void A_reader_of_an_old_entry_does_not_prolong_a_newer_one()
    {
        // The reader takes the time after it has read the entry and before it moves the deadline: there a writer comes between.
        var time = new InterruptingTimeProvider();
        using var store = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = time });
        var cache = new EmbeddedDistributedCache(store);
        cache.Set("k", Data, new() { SlidingExpiration = TimeSpan.FromHours(1) });
        time.OnSecondReading = () => cache.Set("k", "new"u8.ToArray(), new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(1) });

        Assert.Equal(Data, cache.Get("k"));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(time.OnSecondReading);
        Assert.Null(cache.Get("k"));
    }

    [Fact]
    public void An_absolute_moment_that_has_passed_is_refused_and_the_old_entry_stays()
    {
        _cache.Set("k", Data, new());

        Assert.Throws<ArgumentOutOfRangeException>(() => _cache.Set("k", [1], new() { AbsoluteExpiration = _time.GetUtcNow() }));

        Assert.Equal(Data, _cache.Get("k"));
    }

    [Fact]
    public void The_longest_span_is_no_error()
    {
        _cache.Set("k", Data, new() { AbsoluteExpirationRelativeToNow = TimeSpan.MaxValue, SlidingExpiration = TimeSpan.MaxValue });

        Assert.Equal(Data, _cache.Get("k"));
        Assert.Equal(Data, _cache.Get("k"));
    }

    [Fact]
    public void An_instance_name_and_a_database_keep_entries_apart()
    {
        var named = new EmbeddedDistributedCache(_store, new() { InstanceName = "app:" });
        var numbered = new EmbeddedDistributedCache(_store, new() { Database = 3 });

        named.Set("k", [1], new());
        numbered.Set("k", [3], new());

        Assert.Null(_cache.Get("k"));
        Assert.Equal([1], _cache.Get("app:k"));
        Assert.Equal([1], named.Get("k"));
        Assert.Equal([3], numbered.Get("k"));
    }

    [Fact]
    public void A_database_that_does_not_exist_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new EmbeddedDistributedCache(_store, new() { Database = 16 }));

    [Fact]
    public void A_value_that_the_app_wrote_itself_is_refused_and_named()
    {
        _store.Strings.Set("k", "hello"u8);

        var refused = Assert.Throws<FormatException>(() => _cache.Get("k"));

        Assert.Contains("'k'", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hello", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_receives_the_data_and_nothing_if_there_is_none()
    {
        var first = new Piece([1, 2]);
        var pieces = new ReadOnlySequence<byte>(first, 0, new Piece([3], first), 1);
        var buffer = new ArrayBufferWriter<byte>();
        _cache.Set("k", pieces, new() { SlidingExpiration = TimeSpan.FromMinutes(1) });

        Assert.True(_cache.TryGet("k", buffer));
        Assert.False(_cache.TryGet("absent", buffer));

        Assert.Equal([1, 2, 3], buffer.WrittenSpan.ToArray());
    }

    [Fact]
    public async Task The_asynchronous_forms_do_the_same_and_complete_at_once_in_memory()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        var buffer = new ArrayBufferWriter<byte>();

        Task stored = _cache.SetAsync("k", Data, new() { SlidingExpiration = TimeSpan.FromSeconds(10) }, token);
        Assert.True(stored.IsCompletedSuccessfully);
        Task alsoStored = _cache.SetAsync("k2", new ReadOnlySequence<byte>(Data), new(), token).AsTask();
        Assert.True(alsoStored.IsCompletedSuccessfully);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.True(_cache.RefreshAsync("k", token).IsCompletedSuccessfully);
        _time.Advance(TimeSpan.FromSeconds(9));

        Assert.Equal(Data, await _cache.GetAsync("k", token));
        Assert.True(await _cache.TryGetAsync("k2", buffer, token));
        Assert.Equal(Data, buffer.WrittenSpan.ToArray());
        Assert.True(_cache.RemoveAsync("k", token).IsCompletedSuccessfully);
        Assert.Null(await _cache.GetAsync("k", token));
    }

    [Fact]
    public async Task A_cancelled_token_is_honoured_before_anything_is_done()
    {
        var cancelled = new CancellationToken(canceled: true);
        _cache.Set("k", Data, new());

        await Refused(() => _cache.GetAsync("k", cancelled));
        await Refused(() => _cache.TryGetAsync("k", new ArrayBufferWriter<byte>(), cancelled).AsTask());
        await Refused(() => _cache.SetAsync("k", [1], new(), cancelled));
        await Refused(() => _cache.SetAsync("k", new ReadOnlySequence<byte>([1]), new(), cancelled).AsTask());
        await Refused(() => _cache.RefreshAsync("k", cancelled));
        await Refused(() => _cache.RemoveAsync("k", cancelled));

        Assert.Equal(Data, _cache.Get("k"));

        static Task Refused(Func<Task> call) => Assert.ThrowsAnyAsync<OperationCanceledException>(call);
    }

    [Fact]
    public void Null_is_refused_everywhere()
    {
        var buffer = new ArrayBufferWriter<byte>();
        Assert.Throws<ArgumentNullException>(() => new EmbeddedDistributedCache(null!));
        Assert.Throws<ArgumentNullException>(() => new EmbeddedDistributedCache(_store, new() { InstanceName = null! }));
        Assert.Throws<ArgumentNullException>("key", () => _cache.Get(null!));
        Assert.Throws<ArgumentNullException>("key", () => { _ = _cache.GetAsync(null!, CancellationToken.None); });
        Assert.Throws<ArgumentNullException>("key", () => _cache.TryGet(null!, buffer));
        Assert.Throws<ArgumentNullException>("destination", () => _cache.TryGet("k", null!));
        Assert.Throws<ArgumentNullException>("key", () => _cache.Set(null!, Data, new()));
        Assert.Throws<ArgumentNullException>("value", () => _cache.Set("k", null!, new()));
        Assert.Throws<ArgumentNullException>("options", () => _cache.Set("k", Data, null!));
        Assert.Throws<ArgumentNullException>("value", () => { _ = _cache.SetAsync("k", null!, new(), CancellationToken.None); });
        Assert.Throws<ArgumentNullException>("options", () => { _ = _cache.SetAsync("k", Data, null!, CancellationToken.None); });
        Assert.Throws<ArgumentNullException>("key", () => _cache.Refresh(null!));
        Assert.Throws<ArgumentNullException>("key", () => { _ = _cache.RefreshAsync(null!, CancellationToken.None); });
        Assert.Throws<ArgumentNullException>("key", () => _cache.Remove(null!));
        Assert.Throws<ArgumentNullException>("key", () => { _ = _cache.RemoveAsync(null!, CancellationToken.None); });
    }

    [Fact]
    public void Keys_may_be_empty_and_of_any_script()
    {
        foreach (string key in new[] { "", "héllo", "日本", "a\0b", new string('k', 10_000) })
        {
            _cache.Set(key, Encoding.UTF8.GetBytes(key), new());
            Assert.Equal(Encoding.UTF8.GetBytes(key), _cache.Get(key));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(250)]
    [InlineData(1_000)]
    public void An_instance_name_may_be_long(int length)
    {
        var named = new EmbeddedDistributedCache(_store, new() { InstanceName = new string('n', length) });

        named.Set("key", [1], new());

        Assert.Equal([1], named.Get("key"));
        Assert.True(_store.Keys.Exists(new string('n', length) + "key"));
    }

    private sealed class InterruptingTimeProvider : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch.AddYears(50);
        private int _readings;

        public Action? OnSecondReading { get; set; }

        public void Advance(TimeSpan by) => _now += by;

        public override DateTimeOffset GetUtcNow()
        {
            if (OnSecondReading is { } interrupt && ++_readings == 2)
            {
                OnSecondReading = null;
                interrupt();
            }

            return _now;
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(byte[] bytes, Piece? before = null)
        {
            Memory = bytes;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.RunningIndex + before.Memory.Length;
            }
        }
    }
}
