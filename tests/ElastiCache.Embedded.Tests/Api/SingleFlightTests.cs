using ElastiCache.Embedded.Api;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class SingleFlightTests
{
    // What breaks here tends to hang. Never reached otherwise.
    private const int HangMs = 30_000;

    private static readonly byte[] Key = "user:42"u8.ToArray();

    private readonly SingleFlight _flights = new();

    // Runs its continuations at once, so that a run has ended when SetResult returns.
    private readonly TaskCompletionSource<string> _answer = new();
    private int _runs;
    private CancellationToken _tokenOfRun;

    [Fact(Timeout = HangMs)]
    public async Task Callers_of_one_key_share_one_run()
    {
        Task<string>[] callers = [.. Enumerable.Range(0, 100).Select(_ => JoinAsync())];

        _answer.SetResult("ada");

        Assert.All(await Task.WhenAll(callers), value => Assert.Equal("ada", value));
        Assert.Equal(1, _runs);
    }

    [Fact(Timeout = HangMs)]
    public async Task Callers_on_many_threads_share_one_run()
    {
        using var start = new Barrier(8);
        Task<Task<string>>[] callers = [.. Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                return JoinAsync();
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task<string>[] waits = await Task.WhenAll(callers);

        _answer.SetResult("ada");

        Assert.All(await Task.WhenAll(waits), value => Assert.Equal("ada", value));
        Assert.Equal(1, _runs);
    }

    [Fact(Timeout = HangMs)]
    public async Task Another_key_another_database_and_another_type_have_runs_of_their_own()
    {
        Task<string> first = JoinAsync();
        Task<string> otherKey = JoinAsync(key: "user:43"u8.ToArray());
        Task<string> otherDatabase = JoinAsync(database: 1);
        Task<int> otherType = _flights.RunAsync(0, Key, 7, (state, _) => ValueTask.FromResult(state), CancellationToken.None).AsTask();

        _answer.SetResult("ada");

        Assert.Equal(["ada", "ada", "ada"], await Task.WhenAll(first, otherKey, otherDatabase));
        Assert.Equal(7, await otherType);
        Assert.Equal(3, _runs);
    }

    [Fact(Timeout = HangMs)]
    public async Task The_next_caller_after_a_run_has_ended_starts_another()
    {
        _answer.SetResult("ada");
        await JoinAsync();

        await JoinAsync();

        Assert.Equal(2, _runs);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_run_is_gone_as_soon_as_its_outcome_is_known()
    {
        Task<string> waits = JoinAsync();
        _answer.SetResult("ada");
        Assert.Equal(0, _flights.Count);
        await waits;

        var failing = new TaskCompletionSource<string>();
        Task<string> fails = JoinAsync(answer: failing.Task);
        failing.SetException(new TimeoutException());
        Assert.Equal(0, _flights.Count);
        await Assert.ThrowsAsync<TimeoutException>(() => fails);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_caller_who_leaves_takes_nobody_along()
    {
        using var leaving = new CancellationTokenSource();
        Task<string> starter = JoinUntilAsync(leaving.Token);
        Task<string> other = JoinAsync();

        await leaving.CancelAsync();
        var left = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starter);
        _answer.SetResult("ada");

        Assert.Equal(leaving.Token, left.CancellationToken);
        Assert.Equal("ada", await other);
        Assert.False(_tokenOfRun.IsCancellationRequested);
    }

    [Fact(Timeout = HangMs)]
    public async Task The_factory_is_cancelled_when_the_last_caller_has_left()
    {
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Task<string> a = JoinUntilAsync(first.Token);
        Task<string> b = JoinUntilAsync(second.Token);
        var cancelled = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = _tokenOfRun.Register(cancelled.SetResult);

        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => a);
        Assert.False(_tokenOfRun.IsCancellationRequested);
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => b);

        await cancelled.Task;
        Assert.Equal(0, _flights.Count);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_caller_after_everyone_left_starts_afresh_and_the_abandoned_run_disturbs_nothing()
    {
        using var leaving = new CancellationTokenSource();
        Task<string> abandoned = JoinUntilAsync(leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        var secondAnswer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);

        Task<string> fresh = JoinAsync(answer: secondAnswer.Task);
        _answer.SetResult("too late");
        Task<string> joinsFresh = JoinAsync(answer: secondAnswer.Task);
        secondAnswer.SetResult("ada");

        Assert.Equal("ada", await fresh);
        Assert.Equal("ada", await joinsFresh);
        Assert.Equal(2, _runs);
        Assert.Equal(0, _flights.Count);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_caller_who_is_cancelled_already_starts_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => JoinUntilAsync(cancelled));

        Assert.Equal(0, _runs);
        Assert.Equal(0, _flights.Count);
    }

    [Fact(Timeout = HangMs)]
    public async Task An_exception_goes_to_everyone_who_waits_and_is_not_kept()
    {
        Task<string> a = JoinAsync();
        Task<string> b = JoinAsync();

        var failure = new TimeoutException("database");
        _answer.SetException(failure);

        Assert.Same(failure, await Assert.ThrowsAsync<TimeoutException>(() => a));
        Assert.Same(failure, await Assert.ThrowsAsync<TimeoutException>(() => b));
        Assert.Equal("second try", await JoinAsync(answer: Task.FromResult("second try")));
        Assert.Equal(0, _flights.Count);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_factory_that_throws_before_its_first_await_is_no_different()
    {
        ValueTask<string> run = _flights.RunAsync<int, string>(0, Key, 0, (_, _) => throw new TimeoutException(), CancellationToken.None);

        await Assert.ThrowsAsync<TimeoutException>(async () => await run);
        Assert.Equal(0, _flights.Count);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_factory_may_ask_for_another_key()
    {
        ValueTask<string> outer = _flights.RunAsync(0, Key, 0, async (_, token) => "outer " + await InnerAsync(token), CancellationToken.None);

        Assert.Equal("outer inner", await outer);

        ValueTask<string> InnerAsync(CancellationToken token) =>
            _flights.RunAsync(0, "inner"u8, 0, (_, _) => ValueTask.FromResult("inner"), token);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_factory_that_asks_for_its_own_key_is_refused_and_does_not_hang()
    {
        ValueTask<string> run = _flights.RunAsync(0, Key, 0, async (_, _) => await JoinAsync(), CancellationToken.None);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(async () => await run);
        Assert.Contains("user:42", refused.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = HangMs)]
    public async Task A_factory_that_asks_for_its_own_key_by_way_of_another_is_refused()
    {
        ValueTask<string> run = _flights.RunAsync(0, Key, 0, async (_, _) => await OtherAsync(), CancellationToken.None);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await run);

        ValueTask<string> OtherAsync() => _flights.RunAsync(0, "other"u8, 0, async (_, _) => await JoinAsync(), CancellationToken.None);
    }

    [Fact(Timeout = HangMs)]
    public async Task The_caller_may_ask_for_the_key_again_after_the_run_it_started()
    {
        _answer.SetResult("ada");
        await JoinAsync();
        var pending = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);

        Task<string> second = JoinAsync(answer: pending.Task);
        Task<string> joins = JoinAsync(answer: pending.Task);
        pending.SetResult("ada");

        Assert.Equal(["ada", "ada"], await Task.WhenAll(second, joins));
    }

    [Fact(Timeout = HangMs)]
    public async Task Work_left_behind_by_a_factory_that_has_ended_may_ask_for_its_key()
    {
        var afterwards = new TaskCompletionSource();
        Task<string>? background = null;
        await _flights.RunAsync(0, Key, 0, (_, _) =>
        {
            background = BackgroundAsync();
            return ValueTask.FromResult("ada");
        }, CancellationToken.None);

        afterwards.SetResult();

        Assert.Equal("again", await background!);

        async Task<string> BackgroundAsync()
        {
            await afterwards.Task;
            return await JoinAsync(answer: Task.FromResult("again"));
        }
    }

    private Task<string> JoinAsync(byte[]? key = null, int database = 0, Task<string>? answer = null) =>
        _flights.RunAsync(database, key ?? Key, answer ?? _answer.Task, CountAndWaitAsync, CancellationToken.None).AsTask();

    private Task<string> JoinUntilAsync(CancellationToken leave) =>
        _flights.RunAsync(0, Key, _answer.Task, CountAndWaitAsync, leave).AsTask();

    private async ValueTask<string> CountAndWaitAsync(Task<string> answer, CancellationToken token)
    {
        Interlocked.Increment(ref _runs);
        _tokenOfRun = token;
        return await answer.ConfigureAwait(false);
    }
}
