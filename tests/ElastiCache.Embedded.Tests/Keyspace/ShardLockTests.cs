using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed class ShardLockTests
{
    private ShardLock _lock;
    private long _counter;

    [Fact]
    public void Who_has_waited_for_long_has_the_lock_before_one_who_takes_it_again_at_once()
    {
        const int Rounds = 200;
        int first = 0;
        for (int i = 0; i < Rounds; i++)
        {
            bool hasHadIt = false;
            _lock.Enter();
            using var waiting = new Background(() =>
            {
                _lock.Enter();
                hasHadIt = true;
                _lock.Exit();
            });
            SpinWait.SpinUntil(() => _lock.IsAskedFor);
            _lock.Exit();
            _lock.Enter();
            first += hasHadIt ? 1 : 0;
            _lock.Exit();
            waiting.Join();
        }

        // Not in all: now and then who waits has just been looking for himself.
        Assert.True(first > Rounds / 2, $"{first} of {Rounds}");
    }

    [Fact]
    public void Only_one_at_a_time_has_it_however_many_want_it()
    {
        const int Threads = 4, Times = 20_000;
        Background[] all = [.. Enumerable.Range(0, Threads).Select(_ => new Background(() =>
        {
            for (int i = 0; i < Times; i++)
            {
                _lock.Enter();
                _counter++;
                Thread.SpinWait(i % 100 == 0 ? 1_000 : i % 10);
                _lock.Exit();
            }
        }))];
        foreach (Background thread in all)
        {
            thread.Join();
        }

        Assert.Equal(Threads * Times, _counter);
    }
}
