using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.RegularExpressions;
using ElastiCache.Embedded.Server.Connections;
using ElastiCache.Embedded.Server.Tests.House;
using ElastiCache.Embedded.Tests.Peers;
using Microsoft.AspNetCore.Connections;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>maxmemory-clients closes the connections that hold most; CLIENT LIST and INFO tell what they hold.</summary>
public sealed class ClientMemoryTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_client_that_holds_most_is_closed_when_all_hold_too_much_together()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient observer = Observer(server);
        observer.Ask("CONFIG SET maxmemory-clients 2500000");
        using RawClient small = Named(server, "small");
        using RawClient large = Named(server, "large");

        Queue(small, 1_000_000);
        Queue(large, 2_000_000);

        large.ReadToEnd();
        Assert.True(small.IsAlive());
        Assert.Equal(1, Info(observer, "evicted_clients"));
        string list = observer.Ask("CLIENT LIST");
        Assert.Contains("name=small", list, StringComparison.Ordinal);
        Assert.DoesNotContain("name=large", list, StringComparison.Ordinal);
        observer.Ask("CONFIG RESETSTAT");
        Assert.Equal(0, Info(observer, "evicted_clients"));
    }

    [Fact]
    public async Task A_lower_limit_closes_the_largest_before_the_next_command_and_no_more_than_it_must()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient observer = Observer(server);
        RawClient[] clients = [.. Enumerable.Range(0, 6).Select(i => Named(server, $"client{i}"))];
        for (int i = 0; i < clients.Length; i++)
        {
            Queue(clients[i], 100_000 * (i + 1));
        }

        observer.Ask("CONFIG SET maxmemory-clients 1100000");      // of 2.1 million and some KB

        string list = observer.Ask("CLIENT LIST");
        Assert.Equal(["client0", "client1", "client2", "client3"], Regex.Matches(list, "name=(client[0-9])").Select(match => match.Groups[1].Value));
        Assert.Equal(2, Info(observer, "evicted_clients"));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task A_client_that_is_not_to_be_evicted_stays_and_goes_once_it_may_be()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient observer = Observer(server);
        observer.Ask("CONFIG SET maxmemory-clients 1mb");
        using RawClient client = Named(server, "exempt");
        Assert.Equal("+OK\r\n", client.Ask("CLIENT NO-EVICT on"));
        string[] keys = [.. Enumerable.Range(0, 10_000).Select(i => $"key{i}")];

        Assert.Equal("+OK\r\n", client.AskWords(["WATCH", .. keys]));
        Assert.True(Field(observer, "exempt", "tot-mem") > 1 << 20);
        Assert.Matches("name=exempt .* flags=e", observer.Ask("CLIENT LIST"));
        Assert.True(client.IsAlive());

        client.SendCommand("CLIENT", "NO-EVICT", "off");
        client.ReadToEnd();
        Assert.Equal(1, Info(observer, "evicted_clients"));
    }

    [Theory]
    [InlineData("3mb", "0", 3 << 20)]
    [InlineData("7%", "6mb", 440401)]
    [InlineData("7%", "0", long.MaxValue)]
    [InlineData("0", "6mb", long.MaxValue)]
    [InlineData("0%", "6mb", long.MaxValue)]
    [InlineData("1", "6mb", 128 << 10)]
    [InlineData("1%", "6mb", 128 << 10)]
    public async Task The_limit_is_bytes_or_a_share_of_maxmemory_and_never_too_little_to_talk(string clients, string maxmemory, long expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();

        client.Ask($"CONFIG SET maxmemory-clients {clients}");
        client.Ask($"CONFIG SET maxmemory {maxmemory}");

        Assert.Equal(expected, server.Server.State.ClientMemory.LimitBytes);
    }

    [Theory]
    [InlineData("WATCH", "UNWATCH")]
    [InlineData("SUBSCRIBE", "UNSUBSCRIBE")]
    [InlineData("PSUBSCRIBE", "PUNSUBSCRIBE")]
    [InlineData("SSUBSCRIBE", "SUNSUBSCRIBE")]
    public async Task What_a_client_watches_and_listens_to_counts_as_its_memory(string take, string giveUp)
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient observer = Observer(server);
        using RawClient client = Named(server, "listener");
        client.Ask("HELLO 3");
        long before = Field(observer, "listener", "tot-mem");

        for (int i = 0; i < 100; i++)
        {
            client.Ask($"{take} name{i}");
        }

        long with = Field(observer, "listener", "tot-mem");
        client.Ask(giveUp);
        for (int i = 1; i < 100 && take != "WATCH"; i++)
        {
            client.Read();
        }

        Assert.InRange(with - before, 100 * 100, 100 * 300);
        Assert.InRange(Field(observer, "listener", "tot-mem") - before, 0, 8192);      // the buffer of 100 confirmations is kept
    }

    [Fact]
    public async Task A_request_that_is_not_whole_shows_as_in_Redis()
    {
        const string Input = "PING\r\n*3\r\n$4\r\nMSET\r\n$3\r\nkey\r\n$5000\r\n";
        await using TestServer server = await TestServer.StartAsync();

        foreach (int port in (int[])[server.Server.Port, redis.Server.Port])
        {
            using RawClient observer = RawClient.Connect(port);
            using RawClient client = RawClient.Connect(port);
            client.Ask("CLIENT SETNAME half");

            client.Send(Input + new string('x', 1000));     // one write of less than a read
            client.Read();

            Assert.Equal(1000, Field(observer, "half", "qbuf"));
            Assert.Equal(7, Field(observer, "half", "argv-mem"));
            Assert.True(Field(observer, "half", "tot-mem") > 1007 + Field(observer, "half", "qbuf-free"));
            Assert.Equal(26, long.Parse(Regex.Match(observer.Ask("CLIENT LIST"), @" qbuf=(\d+) .*argv-mem=10 .*cmd=client\|list").Groups[1].Value, CultureInfo.InvariantCulture));
            client.Send(new string('x', 4000) + "\r\n");
            Assert.Equal("+OK\r\n", client.Read());
            Assert.Equal(0, Field(observer, "half", "qbuf"));
            Assert.Equal(0, Field(observer, "half", "argv-mem"));
        }
    }

    [Fact]
    public async Task Replies_that_a_client_does_not_read_count_and_close_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient observer = Observer(server);
        server.Cache.Strings.Set("large", new byte[1 << 20]);
        observer.Ask("CONFIG SET maxmemory-clients 10mb");
        (RespConnection client, PipeWriter input) = Attach(server);
        Task end = client.RunAsync();

        await input.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET large\r\n", 16))), Token);

        await end.WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.Equal(1, Info(observer, "evicted_clients"));
        Assert.Null(server.Server.State.Clients.Find(client.Context.Id));
        Assert.Equal("+PONG\r\n", observer.Ask("PING"));
    }

    [Fact]
    public async Task What_grew_too_little_to_be_told_is_counted_by_the_timer()
    {
        const int Clients = 40;
        await using TestServer server = await TestServer.StartAsync(withFakeTime: true);
        using RawClient observer = Observer(server);
        RawClient[] clients = [.. Enumerable.Range(0, Clients).Select(i => Named(server, $"client{i}"))];
        long together = Regex.Matches(observer.Ask("CLIENT LIST"), @"tot-mem=(\d+)").Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        observer.Ask(FormattableString.Invariant($"CONFIG SET maxmemory-clients {together + (64 << 10)}"));
        Array.ForEach(clients, client => client.Ask("WATCH a b c d e f g h i j k l m n o p"));
        Assert.Equal(0, Info(observer, "evicted_clients"));

        server.Time!.Advance(TimeSpan.FromMilliseconds(100));

        long evicted = Info(observer, "evicted_clients");
        Assert.InRange(evicted, 1, Clients / 2);
        Assert.Equal(Clients - evicted, Regex.Count(observer.Ask("CLIENT LIST"), "name=client"));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task INFO_has_the_largest_buffers_of_the_last_eight_seconds()
    {
        await using TestServer server = await TestServer.StartAsync(withFakeTime: true);
        using RawClient observer = Observer(server);
        using RawClient client = server.Connect();
        client.Send("PING\r\n*2\r\n$4\r\nECHO\r\n$2000\r\n" + new string('x', 1500));
        client.Read();

        server.Time!.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1504, Info(observer, "client_recent_max_input_buffer"));
        Assert.Equal(0, Info(observer, "client_recent_max_output_buffer"));

        client.Send(new string('x', 500) + "\r\n");
        client.Read();
        server.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(1504, Info(observer, "client_recent_max_input_buffer"));
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, Info(observer, "client_recent_max_input_buffer"));
    }

    [Fact]
    public async Task What_clients_hold_is_in_INFO_memory_whether_it_is_limited_or_not()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient observer = Observer(server);
        using RawClient client = Named(server, "queue");
        long before = Info(observer, "mem_clients_normal");

        Queue(client, 500_000);
        Assert.StartsWith("-ERR WATCH inside MULTI", client.Ask("WATCH k"), StringComparison.Ordinal);     // by now the buffer that the command came in has been given back

        Assert.InRange(Info(observer, "mem_clients_normal") - before, 500_000, 510_000);
        Assert.Equal(500_008, Field(observer, "queue", "multi-mem"));
        client.Ask("DISCARD");
        Assert.InRange(Info(observer, "mem_clients_normal") - before, 0, 10_000);
    }

    [Fact]
    public async Task A_killed_client_is_listed_no_more_though_its_loop_has_not_ended()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient observer = Observer(server);
        (RespConnection client, _) = Attach(server);        // nobody runs its loop
        string line = FormattableString.Invariant($"id={client.Context.Id} ");
        Assert.Contains(line, observer.Ask("CLIENT LIST"), StringComparison.Ordinal);

        Assert.Equal(":1\r\n", observer.Ask(FormattableString.Invariant($"CLIENT KILL ID {client.Context.Id}")));

        Assert.DoesNotContain(line, observer.Ask("CLIENT LIST"), StringComparison.Ordinal);
        Assert.Equal(0, client.Memory.Recount());
    }

    // A connection whose other side never reads.
    private static (RespConnection Client, PipeWriter Input) Attach(TestServer server)
    {
        var toServer = new Pipe();
        var toClient = new Pipe();
        var context = new DefaultConnectionContext("test", new Duplex(toServer.Reader, toClient.Writer), new Duplex(toClient.Reader, toServer.Writer));
        var client = new RespConnection(server.Server.State, context);
        server.Server.State.Clients.Add(client);
        return (client, toServer.Writer);
    }

    private static RawClient Observer(TestServer server)
    {
        RawClient observer = server.Connect();
        observer.Ask("CLIENT NO-EVICT on");
        return observer;
    }

    private static RawClient Named(TestServer server, string name)
    {
        RawClient client = server.Connect();
        client.Ask($"CLIENT SETNAME {name}");
        return client;
    }

    // In a transaction, so that the server has answered when it holds the bytes.
    private static void Queue(RawClient client, int bytes)
    {
        client.Ask("MULTI");
        try
        {
            client.AskWords("SET", "queue", new string('x', bytes));
        }
        catch (IOException)
        {
            // That was too much.
        }
    }

    private static long Field(RawClient observer, string name, string field) =>
        long.Parse(Regex.Match(observer.Ask("CLIENT LIST"), $@"name={name} .* {field}=(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);

    private static long Info(RawClient observer, string field) =>
        long.Parse(Regex.Match(observer.Ask("INFO everything"), $@"\b{field}:(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
