using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Tests.Commands;

namespace ElastiCache.Embedded.Tests.Messaging;

public sealed class KeyWaitersTests
{
    // The pop of a command that need not wait counted as a change of its key, and the waiter, still listed, was served in the middle of it: a second element
    // was lost, and the task completed twice. It was missed because lists in the tests of blocking pops had one element.
    [Fact]
    public void A_blocking_pop_that_finds_elements_takes_one()
    {
        using var session = new CommandSession();
        session.Execute("RPUSH l a b c");

        Assert.Equal("[\"l\", \"a\"]", session.Execute("BLPOP l 0.01").ToString());
        Assert.Equal("2", session.Execute("LLEN l").ToString());
        Assert.Equal(0, session.Cache.Waiters.Count);
    }

    [Fact]
    public async Task Closing_the_cache_ends_those_who_wait()
    {
        var cache = new EmbeddedCache();
        KeyWaiter waiter = cache.Waiters.Wait(0, ["one"u8.ToArray(), "two"u8.ToArray()], new NeverAttempt(), TimeSpan.FromHours(1));

        await cache.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiter.Completion);
        Assert.Equal(0, cache.Waiters.Count);
    }

    private sealed class NeverAttempt : KeyAttempt
    {
        public override bool TryRun(int keyIndex, ref JournalTicket ticket) => false;
    }
}
