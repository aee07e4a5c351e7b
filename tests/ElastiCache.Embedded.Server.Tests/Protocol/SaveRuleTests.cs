using ElastiCache.Embedded.Server.Configuration;
using ElastiCache.Embedded.Server.Hosting;
using ElastiCache.Embedded.Server.Tests.House;
using ElastiCache.Embedded.Tests.Crash;
using Xunit;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>The rules of <c>save</c>: when a snapshot is due, what a failed one does to writes, and what SHUTDOWN does.</summary>
public sealed class SaveRuleTests : IDisposable
{
    private const string Refused = "-MISCONF Redis is configured to save RDB snapshots";

    private readonly TemporaryFolder _folder = new();

    private string Dump => Path.Combine(_folder.Path, "dump.rdb");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_rule_saves_when_so_much_has_changed_and_the_last_save_is_so_long_ago()
    {
        await using TestServer server = await StartAsync("60 3");
        using RawClient client = server.Connect();
        client.Ask("SET a 1");
        client.Ask("SET b 1");

        server.Time!.Advance(TimeSpan.FromSeconds(90));
        await EndOfSaveAsync(server);
        Assert.False(File.Exists(Dump));

        client.Ask("SET c 1");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await EndOfSaveAsync(server);
        Assert.True(File.Exists(Dump));
        Assert.Equal("0", Field(client, "rdb_changes_since_last_save"));

        // From the last save on the seconds count anew.
        File.Delete(Dump);
        client.Ask("MSET a 2 b 2 c 2");
        server.Time.Advance(TimeSpan.FromSeconds(50));
        await EndOfSaveAsync(server);
        Assert.False(File.Exists(Dump));
        server.Time.Advance(TimeSpan.FromSeconds(20));
        await EndOfSaveAsync(server);
        Assert.True(File.Exists(Dump));
    }

    [Fact]
    public async Task The_rules_of_a_server_inside_a_program_are_none_and_CONFIG_SET_makes_some()
    {
        await using TestServer server = await StartAsync(rules: null);
        using RawClient client = server.Connect();
        Assert.Equal("*2\r\n$4\r\nsave\r\n$0\r\n\r\n", client.Ask("CONFIG GET save"));
        client.Ask("SET a 1");
        server.Time!.Advance(TimeSpan.FromDays(1));
        await EndOfSaveAsync(server);
        Assert.False(File.Exists(Dump));

        Assert.Equal("+OK\r\n", client.AskWords("CONFIG", "SET", "save", "10 1"));
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await EndOfSaveAsync(server);
        Assert.True(File.Exists(Dump));
    }

    [Fact]
    public void The_rules_of_the_program_are_those_of_Redis()
    {
        ServerConfiguration configuration = Server.Cli.ServeCommand.ReadConfiguration([]);
        Assert.Equal([new SaveRule(3600, 1), new SaveRule(300, 100), new SaveRule(60, 10000)], SaveRule.Parse(configuration["save"]));
        Assert.Empty(SaveRule.Parse(Server.Cli.ServeCommand.ReadConfiguration(["--save", ""])["save"]));
        Assert.Equal("900 1 300 10", Server.Cli.ServeCommand.ReadConfiguration(["--save", "900 1", "--save", "300", "10"])["save"]);
    }

    [Fact]
    public async Task A_save_covers_what_was_changed_before_its_moment_and_no_more()
    {
        await using TestServer server = await StartAsync("3600 1");
        using RawClient client = server.Connect();
        client.Ask("MSET a 1 b 2 c 3");
        Assert.Equal("3", Field(client, "rdb_changes_since_last_save"));

        // Its turn comes when another snapshot is over; what comes before the turn is in the file.
        await server.Cache.Store.SnapshotTurn.TakeAsync(TestContext.Current.CancellationToken);
        client.Ask("BGSAVE");
        client.Ask("SET d 4");
        Assert.Equal("1", Field(client, "rdb_bgsave_in_progress"));
        Assert.Equal("4", Field(client, "rdb_changes_since_last_save"));
        server.Cache.Store.SnapshotTurn.Give();
        await EndOfSaveAsync(server);
        Assert.Equal("0", Field(client, "rdb_changes_since_last_save"));
        client.Ask("SET e 5");
        Assert.Equal("1", Field(client, "rdb_changes_since_last_save"));
    }

    [Fact]
    public async Task After_a_failed_BGSAVE_writes_are_refused_and_reads_go_on_until_one_succeeds()
    {
        await using TestServer server = await StartAsync("3600 1");
        using RawClient client = server.Connect();
        client.Ask("SET a 1");
        Directory.CreateDirectory(Dump);    // nothing can take its place

        client.Ask("BGSAVE");
        await EndOfSaveAsync(server);

        Assert.Equal("err", Field(client, "rdb_last_bgsave_status"));
        Assert.Equal("1", Field(client, "rdb_changes_since_last_save"));
        Assert.StartsWith(Refused, client.Ask("SET a 2"), StringComparison.Ordinal);
        Assert.StartsWith(Refused, client.Ask("PING"), StringComparison.Ordinal);
        Assert.Equal("$1\r\n1\r\n", client.Ask("GET a"));
        Assert.Equal("+OK\r\n", client.Ask("MULTI"));
        Assert.StartsWith(Refused, client.Ask("SET a 3"), StringComparison.Ordinal);
        Assert.StartsWith("-EXECABORT", client.Ask("EXEC"), StringComparison.Ordinal);

        // Whoever has no rules, or says that it doesn't matter, may go on.
        client.Ask("CONFIG SET stop-writes-on-bgsave-error no");
        Assert.Equal("+OK\r\n", client.Ask("SET a 4"));
        client.Ask("CONFIG SET stop-writes-on-bgsave-error yes");
        Assert.StartsWith(Refused, client.Ask("SET a 5"), StringComparison.Ordinal);
        client.AskWords("CONFIG", "SET", "save", "");
        Assert.Equal("+OK\r\n", client.Ask("SET a 6"));
        client.AskWords("CONFIG", "SET", "save", "3600 1");
        Assert.StartsWith(Refused, client.Ask("SET a 7"), StringComparison.Ordinal);

        Directory.Delete(Dump);
        client.Ask("BGSAVE");
        await EndOfSaveAsync(server);
        Assert.Equal("ok", Field(client, "rdb_last_bgsave_status"));
        Assert.Equal("+OK\r\n", client.Ask("SET a 8"));
    }

    [Fact]
    public async Task A_rule_tries_again_more_than_five_seconds_after_a_failure()
    {
        await using TestServer server = await StartAsync("1 1");
        using RawClient client = server.Connect();
        client.Ask("SET a 1");
        Directory.CreateDirectory(Dump);
        server.Time!.Advance(TimeSpan.FromSeconds(2));
        await EndOfSaveAsync(server);
        Assert.Equal("err", Field(client, "rdb_last_bgsave_status"));
        Directory.Delete(Dump);

        server.Time.Advance(TimeSpan.FromSeconds(4));
        await EndOfSaveAsync(server);
        Assert.False(File.Exists(Dump));

        server.Time.Advance(TimeSpan.FromSeconds(2));
        await EndOfSaveAsync(server);
        Assert.True(File.Exists(Dump));
        Assert.Equal("+OK\r\n", client.Ask("SET a 2"));
    }

    [Theory]
    [InlineData("3600 1", "SHUTDOWN", true)]
    [InlineData("3600 1", "SHUTDOWN NOSAVE", false)]
    [InlineData("", "SHUTDOWN", false)]
    [InlineData("", "SHUTDOWN SAVE", true)]
    public async Task SHUTDOWN_saves_if_there_are_rules_or_it_is_told_to(string rules, string command, bool saves)
    {
        await using TestServer server = await StartAsync(rules);
        using RawClient client = server.Connect();
        client.Ask("SET a 1");

        client.SendCommand(command.Split(' '));
        await server.Server.ShutdownRequested.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(saves, File.Exists(Dump));
    }

    [Fact]
    public async Task SHUTDOWN_stays_where_the_data_can_not_be_saved_unless_it_is_forced()
    {
        await using TestServer server = await StartAsync("3600 1");
        using RawClient client = server.Connect();
        Directory.CreateDirectory(Dump);

        Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.\r\n", client.Ask("SHUTDOWN"));
        Assert.False(server.Server.ShutdownRequested.IsCompleted);

        client.SendCommand("SHUTDOWN", "FORCE");
        await server.Server.ShutdownRequested.WaitAsync(TestContext.Current.CancellationToken);
    }

    private static string Field(RawClient client, string name) =>
        client.Ask("INFO persistence").Split("\r\n").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..];

    private static async Task EndOfSaveAsync(TestServer server) => await server.Server.State.Snapshots.Ended.WaitAsync(TestContext.Current.CancellationToken);

    private Task<TestServer> StartAsync(string? rules) => TestServer.StartAsync(
        options =>
        {
            options.Parameters["dir"] = _folder.Path;
            if (rules != null)
            {
                options.Parameters["save"] = rules;
            }
        },
        withFakeTime: true);
}
