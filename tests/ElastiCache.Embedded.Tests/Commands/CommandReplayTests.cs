using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Tests.House;
using ElastiCache.Embedded.Tests.Operations;

namespace ElastiCache.Embedded.Tests.Commands;

public sealed class CommandReplayTests : IDisposable
{
    private readonly KeyTestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Nothing_is_logged_and_nothing_expires_while_a_log_is_replayed()
    {
        _store.Replay(
        [
            LoggedCommand.Of("SET a 1 PXAT 1000"),
            LoggedCommand.Of("PEXPIREAT a 0"),
            LoggedCommand.Of("PEXPIREAT a -5"),
            LoggedCommand.Of("INCR a"),
            LoggedCommand.Of("RENAME a b"),
            LoggedCommand.Of("SET c 1 PXAT 1000"),
            LoggedCommand.Of("PERSIST b"),
        ]);

        Assert.Equal("2", _store.Get("b"));
        Assert.Equal("", _store.Log());
        Assert.Null(_store.Get("c"));
        _store.Time.Advance(TimeSpan.FromSeconds(2));
        _store.Store.Sweep();
        Assert.Equal(1, _store.Databases.Size(0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(long.MinValue)]
    public void A_deadline_before_all_times_still_is_one_after_a_replay(long deadline)
    {
        _store.Replay([LoggedCommand.Of("SET a 1"), LoggedCommand.Of($"PEXPIREAT a {deadline}")]);

        Assert.Equal(1, _store.Databases.Size(0));
        Assert.Null(_store.Get("a"));
    }

    [Theory]
    [InlineData("JSON.SET z $ secret", "its command JSON.SET can't be applied: this version does not know it")]
    [InlineData("SET secret", "its command SET can't be applied: wrong number of arguments for 'set' command")]
    [InlineData("SETBIT a secret 1", "its command SETBIT can't be applied: bit offset is not an integer or out of range")]
    [InlineData("INCRBY a secret", "its command INCRBY can't be applied: value is not an integer or out of range")]
    public void What_can_not_be_applied_is_named_and_no_value_is(string words, string objection)
    {
        LoggedCommand command = LoggedCommand.Of(words);

        Assert.Equal(objection, new CommandReplay(_store.Store).Apply(0, command.ToArguments()));
        Assert.Empty(_store.Dump());
    }

    [Fact]
    public void What_an_operation_refuses_is_an_objection_too()
    {
        _store.Set("a", "secret");
        _store.Put("list", ValueKind.List, [1], default);
        var replay = new CommandReplay(_store.Store);

        foreach (string words in new[] { "INCR a", "APPEND list x", "SETRANGE a 536870912 x" })
        {
            string? objection = replay.Apply(0, LoggedCommand.Of(words).ToArguments());
            Assert.StartsWith($"its command {words.Split(' ')[0]} can't be applied: ", objection, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", objection, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(16)]
    [InlineData(int.MaxValue)]
    public void A_database_that_there_is_not_is_an_objection(int database)
    {
        string? objection = new CommandReplay(_store.Store).Apply(database, LoggedCommand.Of("SET a 1").ToArguments());

        Assert.Equal($"it writes to database {database}, and this cache has 16, numbered from 0", objection);
    }

    [Fact]
    public void A_rename_that_the_data_has_seen_already_is_no_objection()
    {
        _store.Replay([LoggedCommand.Of("SET a 1"), LoggedCommand.Of("RENAME a b"), LoggedCommand.Of("RENAME a b")]);

        Assert.Equal(["0 b = 1 (int) until -1"], _store.Dump());
    }

    [Fact]
    public void Arguments_of_a_replay_cost_no_allocation()
    {
        byte[] bytes = "SETkvalue"u8.ToArray();
        (int, int)[] places = [(0, 3), (3, 1), (4, 5)];
        var replay = new CommandReplay(_store.Store);
        _store.Store.Journal = null;

        Assert.Equal(0, Allocations.Least(() => replay.Apply(0, new CommandArguments(bytes, places))));
        Assert.Equal("value", _store.Get("k"));
    }
}
