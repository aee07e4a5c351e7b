using System.Text;
using ElastiCache.Embedded.Tests.Peers;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Commands;

public sealed class TransactionTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly EmbeddedCache _cache;
    private readonly CommandSession _one;
    private readonly CommandSession _two;

    public TransactionTests()
    {
        _cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = _time });
        _one = new CommandSession(_cache);
        _two = new CommandSession(_cache);
    }

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public void Commands_are_queued_and_run_at_EXEC()
    {
        Assert.Equal("\"OK\"", Run("MULTI"));
        Assert.Equal("\"QUEUED\"", Run("SET a 1"));
        Assert.Equal("\"QUEUED\"", Run("INCR a"));
        Assert.Equal("(nil)", _two.Execute("GET a").ToString());

        Assert.Equal("[\"OK\", 2]", Run("EXEC"));
        Assert.Equal("\"2\"", Text(_cache.Strings.GetString("a")));
    }

    [Fact]
    public void An_error_at_run_time_spares_the_other_commands()
    {
        Run("MULTI");
        Run("SET a x");
        Run("INCR a");
        Run("SET b 1");

        Assert.StartsWith("[\"OK\", (error) ", Run("EXEC"), StringComparison.Ordinal);
        Assert.Equal("1", _cache.Strings.GetString("b"));
    }

    [Theory]
    [InlineData("NOSUCH a")]
    [InlineData("SET a")]
    public void A_command_that_cannot_be_queued_makes_EXEC_refuse(string bad)
    {
        Run("MULTI");
        Run("SET a 1");
        Run(bad);

        Assert.Equal("(error) EXECABORT Transaction discarded because of previous errors.", Run("EXEC"));
        Assert.False(_cache.Keys.Exists("a"));
        Assert.Equal("(error) ERR EXEC without MULTI", Run("EXEC"));
    }

    [Theory]
    [InlineData("SET k 2")]
    [InlineData("DEL k")]
    [InlineData("EXPIRE k 100")]
    [InlineData("APPEND k x")]
    [InlineData("SETBIT k 6 1")]
    [InlineData("RENAME k other")]
    [InlineData("RENAME other k")]
    [InlineData("COPY other k REPLACE")]
    [InlineData("FLUSHDB")]
    [InlineData("FLUSHALL")]
    [InlineData("SWAPDB 0 1")]
    public void EXEC_refuses_when_a_watched_key_was_changed_by(string change)
    {
        _cache.Strings.Set("k", "12345678");
        _cache.Strings.Set("other", "x");
        Run("WATCH k");
        _two.Execute(change);
        Run("MULTI");
        Run("SET mine 1");

        Assert.Equal("(nil)", Run("EXEC"));
        Assert.False(_cache.Keys.Exists("mine"));
    }

    [Theory]
    [InlineData("GET k")]
    [InlineData("SET j 1")]
    [InlineData("DEL absent")]
    [InlineData("SWAPDB 1 2")]
    [InlineData("EXPIRE absent 10")]
    public void EXEC_runs_when_nothing_watched_was_changed_by(string command)
    {
        _cache.Strings.Set("k", "1");
        Run("WATCH k absent");
        _two.Execute(command);
        Run("MULTI");
        Run("SET mine 1");

        Assert.Equal("[\"OK\"]", Run("EXEC"));
    }

    [Fact]
    public void A_watched_key_that_expires_before_EXEC_makes_it_refuse()
    {
        _cache.Strings.Set("k", "1", TimeSpan.FromMilliseconds(10));
        Run("WATCH k");
        _time.Advance(TimeSpan.FromMilliseconds(11));
        Run("MULTI");
        Run("SET mine 1");

        Assert.Equal("(nil)", Run("EXEC"));
    }

    [Fact]
    public void DISCARD_and_UNWATCH_forget_what_was_watched()
    {
        Run("WATCH k");
        _cache.Strings.Set("k", "1");
        Run("MULTI");
        Assert.Equal("\"OK\"", Run("DISCARD"));
        Run("MULTI");
        Assert.Equal("[]", Run("EXEC"));

        Run("WATCH k");
        _cache.Strings.Set("k", "2");
        Run("UNWATCH");
        Run("MULTI");
        Assert.Equal("[]", Run("EXEC"));
        Assert.Equal("(error) ERR DISCARD without MULTI", Run("DISCARD"));
    }

    [Fact]
    public void MULTI_and_WATCH_inside_MULTI_are_refused_and_break_nothing()
    {
        Run("MULTI");
        Assert.Equal("(error) ERR MULTI calls can not be nested", Run("MULTI"));
        Assert.Equal("(error) ERR WATCH inside MULTI is not allowed", Run("WATCH k"));
        Assert.Equal("[]", Run("EXEC"));
    }

    [Fact]
    public async Task Readers_without_a_lock_see_a_transaction_whole()
    {
        const int Transactions = 20_000;
        byte[][][] commands = [.. new[] { "MULTI", "INCR first", "INCR second", "EXEC" }.Select(line => Array.ConvertAll(line.Split(' '), Encoding.ASCII.GetBytes))];
        _cache.Strings.Set("first", 0L);
        _cache.Strings.Set("second", 0L);
        int done = 0;
        Task writer = Task.Run(() =>
        {
            for (int i = 0; i < Transactions; i++)
            {
                foreach (byte[][] command in commands)
                {
                    _one.Run(command);
                }
            }

            Volatile.Write(ref done, 1);
        }, TestContext.Current.CancellationToken);

        long torn = 0;
        while (Volatile.Read(ref done) == 0)
        {
            long first = _cache.Strings.Get<long>("first");
            torn += _cache.Strings.Get<long>("second") < first ? 1 : 0;
        }

        await writer;
        Assert.Equal(0, torn);
        Assert.Equal(Transactions, _cache.Strings.Get<long>("second"));
    }

    private static string Text(string? text) => text is null ? "(nil)" : $"\"{text}\"";

    private string Run(string line) => _one.Execute(line).ToString();
}
