using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class CacheListTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly EmbeddedCache _cache;

    public CacheListTests()
    {
        _cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = _time });
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _cache.Dispose();

    [Fact]
    public void Elements_come_out_at_either_end()
    {
        CacheList<string> list = _cache.List<string>("l");
        list.PushRightMany("b", "c");
        list.PushLeft("a");

        Assert.Equal(["a", "b", "c"], list.Range());
        Assert.True(list.TryPopLeft(out string? head));
        Assert.True(list.TryPopRight(out string? tail));
        Assert.Equal(("a", "c"), (head, tail));
        Assert.Equal(["b"], list.PopLeftMany(5));
        Assert.False(list.TryPopLeft(out _));
        Assert.False(_cache.Keys.Exists("l"));
    }

    [Fact]
    public void A_large_list_does_what_a_list_does()
    {
        const int Seed = 11;
        var random = new Random(Seed);
        var model = new List<long>();
        CacheList<long> list = _cache.List<long>("l");
        for (int step = 0; step < 30_000; step++)
        {
            long element = random.NextInt64(1L << random.Next(1, 60));
            switch (random.Next(8))
            {
                case 0 or 1:
                    list.PushLeft(element);
                    model.Insert(0, element);
                    break;
                case 2 or 3:
                    list.PushRight(element);
                    model.Add(element);
                    break;
                case 4 when model.Count > 3000:
                    Assert.True(list.TryPopLeft(out long popped), $"seed {Seed}");
                    Assert.Equal(model[0], popped);
                    model.RemoveAt(0);
                    break;
                case 5 when model.Count > 0:
                    int index = random.Next(model.Count);
                    list.Set(index, element);
                    model[index] = element;
                    break;
                case 6 when model.Count > 0:
                    long pivot = model[random.Next(model.Count)];
                    list.InsertAfter(pivot, element);
                    model.Insert(model.IndexOf(pivot) + 1, element);
                    break;
                case 7 when model.Count > 0:
                    long gone = model[random.Next(model.Count)];
                    list.Remove(gone, 1);
                    model.Remove(gone);
                    break;
            }
        }

        Assert.Equal(model, list.Enumerate());
        Assert.Equal(model[^7], list.TryGet(-7, out long near) ? near : -1);
        list.Trim(100, 199);
        Assert.Equal(model[100..200], list.Range());
    }

    [Fact]
    public async Task Who_waits_gets_the_next_element_in_the_order_of_arrival()
    {
        CacheList<string> jobs = _cache.List<string>("jobs");
        Task<string?> first = jobs.PopLeftAsync(cancellationToken: Token);
        Task<string?> second = jobs.PopLeftAsync(cancellationToken: Token);

        jobs.PushRight("one");
        jobs.PushRight("two");

        Assert.Equal("one", await first);
        Assert.Equal("two", await second);
        Assert.Equal(0, jobs.Count());
    }

    [Fact]
    public async Task A_wait_ends_when_its_time_is_up_or_it_is_cancelled()
    {
        CacheList<string> jobs = _cache.List<string>("jobs");
        using var cancellation = new CancellationTokenSource();
        Task<string?> limited = jobs.PopLeftAsync(TimeSpan.FromSeconds(5), Token);
        Task<string?> cancelled = jobs.PopRightAsync(null, cancellation.Token);

        _time.Advance(TimeSpan.FromSeconds(6));
        await cancellation.CancelAsync();

        Assert.Null(await limited);
        await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled);
        jobs.PushRight("still here");
        Assert.Equal(1, jobs.Count());
    }

    [Fact]
    public void Memory_returns_when_a_large_list_is_deleted()
    {
        long before = _cache.Store.Arena.UsedBytes;
        CacheList<string> list = _cache.List<string>("l");
        for (int i = 0; i < 50_000; i++)
        {
            list.PushRight($"element {i}");
        }

        _cache.Keys.Delete("l");
        for (int i = 0; i < 2000; i++)
        {
            _cache.Store.Sweep();
        }

        Assert.InRange(_cache.Store.Arena.UsedBytes - before, 0, 256 * 1024);
    }

    [Fact]
    public void Elements_move_between_lists_in_one_step()
    {
        CacheList<int> todo = _cache.List<int>("todo");
        CacheList<int> doing = _cache.List<int>("doing");
        todo.PushRightMany(1, 2);

        Assert.True(todo.TryMoveTo(doing, out int moved, fromLeft: true, toLeft: false));

        Assert.Equal(1, moved);
        Assert.Equal([2], todo.Range());
        Assert.Equal([1], doing.Range());
    }
}
