using ElastiCache.Embedded.Server.Tests.House;
using ElastiCache.Embedded.Tests.Crash;
using Xunit;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>SAVE, BGSAVE, LASTSAVE and DEBUG RELOAD: the server's RDB file.</summary>
public sealed class SnapshotFileTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task SAVE_writes_what_another_cache_imports()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await StartAsync(folder);
        using RawClient client = server.Connect();
        Fill(client);

        Assert.Equal($":{Start.ToUnixTimeSeconds()}\r\n", client.Ask("LASTSAVE"));
        server.Time!.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal("+OK\r\n", client.Ask("SAVE"));
        Assert.Equal($":{Start.ToUnixTimeSeconds() + 7}\r\n", client.Ask("LASTSAVE"));

        await using EmbeddedCache other = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { TimeProvider = server.Time }, TestContext.Current.CancellationToken);
        ImportReport report = await other.ImportAsync(Path.Combine(folder.Path, "dump.rdb"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(3, report.Imported);
        Assert.Equal("1", other.Strings.Get<string>("text"));
        Assert.Equal(3, other.List<string>("list").Count());
    }

    [Fact]
    public async Task BGSAVE_answers_at_once_and_INFO_tells_how_it_ended()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await StartAsync(folder);
        using RawClient client = server.Connect();
        Fill(client);

        Assert.Equal("+Background saving started\r\n", client.Ask("BGSAVE"));
        string info;
        do
        {
            info = client.Ask("INFO persistence");
        }
        while (info.Contains("rdb_bgsave_in_progress:1", StringComparison.Ordinal));

        Assert.Contains("rdb_saves:1\r\n", info, StringComparison.Ordinal);
        Assert.Contains("rdb_last_bgsave_status:ok\r\n", info, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder.Path, "dump.rdb")));
    }

    [Theory]
    [InlineData("BGSAVE now")]
    [InlineData("BGSAVE SCHEDULE now")]
    public async Task BGSAVE_knows_one_option(string command)
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await StartAsync(folder);
        using RawClient client = server.Connect();

        Assert.Equal("-ERR syntax error\r\n", client.Ask(command));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public async Task A_save_that_fails_says_why_and_keeps_the_file_before()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await StartAsync(folder);
        using RawClient client = server.Connect();
        Fill(client);
        Assert.Equal("+OK\r\n", client.Ask("SAVE"));
        byte[] before = File.ReadAllBytes(Path.Combine(folder.Path, "dump.rdb"));
        client.Ask("SET text 2");

        // A folder with the name of the file that is written first.
        Directory.CreateDirectory(Path.Combine(folder.Path, $"temp-{Environment.ProcessId}-dump.rdb"));
        Assert.StartsWith("-ERR ", client.Ask("SAVE"), StringComparison.Ordinal);

        // As Redis: who asked has been told, and the status is that of saves in the background.
        Assert.Contains("rdb_last_bgsave_status:ok\r\n", client.Ask("INFO persistence"), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(folder.Path, "dump.rdb")));
    }

    [Fact]
    public async Task DEBUG_RELOAD_brings_everything_back_through_the_file()
    {
        using var folder = new TemporaryFolder();
        await using TestServer server = await StartAsync(folder);
        using RawClient client = server.Connect();
        Fill(client);
        string digest = client.Ask("DEBUG DIGEST");

        Assert.Equal("+OK\r\n", client.Ask("DEBUG RELOAD"));
        Assert.Equal(digest, client.Ask("DEBUG DIGEST"));

        client.Ask("SET text 2");
        Assert.Equal("+OK\r\n", client.Ask("DEBUG RELOAD NOSAVE"));
        Assert.Equal(digest, client.Ask("DEBUG DIGEST"));
    }

    private static void Fill(RawClient client)
    {
        client.Ask("SET text 1");
        client.Ask("RPUSH list a b c");
        client.Ask("ZADD places 1 x 2.5 y");
    }

    private static Task<TestServer> StartAsync(TemporaryFolder folder) =>
        TestServer.StartAsync(options => options.Parameters["dir"] = folder.Path, withFakeTime: true);
}
