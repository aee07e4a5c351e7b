namespace ElastiCache.Embedded.Tests.Api;

public sealed class GetOrCreateTests : CacheFixture
{
    private int _runs;

    [Fact]
    public async Task A_missing_value_is_created_once_and_then_found()
    {
        Assert.Equal("value 1", await Strings.GetOrCreateAsync("k", CreateAsync, TimeSpan.FromMinutes(1), Token));

        ValueTask<string> hit = Strings.GetOrCreateAsync("k", CreateAsync, TimeSpan.FromMinutes(1), Token);

        Assert.True(hit.IsCompletedSuccessfully);
        Assert.Equal("value 1", await hit);
        Assert.Equal(TimeSpan.FromMinutes(1), Keys.TimeToLive("k"));
    }

    [Fact]
    public async Task However_many_callers_miss_together_one_factory_runs()
    {
        var gate = new TaskCompletionSource();
        var callers = new List<Task<string>>();
        for (int i = 0; i < 1_000; i++)
        {
            callers.Add(Task.Run(() => Strings.GetOrCreateAsync("k", async token =>
            {
                await gate.Task.WaitAsync(token);
                return await CreateAsync(token);
            }, cancellationToken: Token).AsTask(), Token));
        }

        gate.SetResult();
        string[] values = await Task.WhenAll(callers);

        Assert.Equal(1, _runs);
        Assert.All(values, value => Assert.Equal("value 1", value));
        Assert.Equal("value 1", Strings.GetString("k"));
    }

    [Fact]
    public async Task Expired_values_are_created_again()
    {
        await Strings.GetOrCreateAsync("k", CreateAsync, TimeSpan.FromMinutes(1), Token);

        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("value 2", await Strings.GetOrCreateAsync("k", CreateAsync, TimeSpan.FromMinutes(1), Token));
    }

    [Fact]
    public async Task A_failure_reaches_the_caller_and_the_next_one_tries_again()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() =>
            Strings.GetOrCreateAsync<string>("k", _ => throw new InvalidDataException(), cancellationToken: Token).AsTask());

        Assert.False(Keys.Exists("k"));
        Assert.Equal("value 1", await Strings.GetOrCreateAsync("k", CreateAsync, cancellationToken: Token));
    }

    [Fact]
    public async Task Null_is_returned_and_not_stored()
    {
        Assert.Null(await Strings.GetOrCreateAsync("k", _ => new ValueTask<string?>((string?)null), cancellationToken: Token));

        Assert.False(Keys.Exists("k"));
    }

    [Fact]
    public async Task State_reaches_the_factory_and_options_the_store()
    {
        string created = await Strings.GetOrCreateAsync("k", 42, static (number, _) => new ValueTask<string>($"user {number}"),
            new SetOptions { Expiry = TimeSpan.FromSeconds(3) }, Token);

        Assert.Equal("user 42", created);
        Assert.Equal(TimeSpan.FromSeconds(3), Keys.TimeToLive("k"));
    }

    [Fact]
    public async Task Bad_options_are_refused_before_the_factory_runs()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Strings.GetOrCreateAsync("k", CreateAsync, TimeSpan.Zero, Token).AsTask());

        Assert.Equal(0, _runs);
    }

    [Fact]
    public async Task A_factory_that_asks_for_its_own_key_is_refused()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Strings.GetOrCreateAsync(
            "k", token => Strings.GetOrCreateAsync("k", CreateAsync, cancellationToken: token), cancellationToken: Token).AsTask());

        Assert.Equal(0, _runs);
    }

    [Fact]
    public async Task The_same_key_of_another_database_is_another_key()
    {
        Strings other = Cache.Database(1).Strings;

        string created = await Strings.GetOrCreateAsync(
            "k", async token => "from " + await other.GetOrCreateAsync("k", CreateAsync, cancellationToken: token), cancellationToken: Token);

        Assert.Equal("from value 1", created);
    }

    [Fact]
    public void The_synchronous_form_does_the_same_on_the_callers_thread()
    {
        int factoryThread = 0;

        int created = Strings.GetOrCreate("k", () =>
        {
            factoryThread = Environment.CurrentManagedThreadId;
            return 7;
        }, TimeSpan.FromSeconds(1));

        Assert.Equal(7, created);
        Assert.Equal(Environment.CurrentManagedThreadId, factoryThread);
        Assert.Equal(7, Strings.GetOrCreate<int>("k", () => throw new InvalidOperationException("It is there.")));
        Assert.Throws<InvalidDataException>(() => Strings.GetOrCreate<int>("other", () => throw new InvalidDataException()));
    }

    private ValueTask<string> CreateAsync(CancellationToken token) => new($"value {Interlocked.Increment(ref _runs)}");
}
