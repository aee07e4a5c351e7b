using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ElastiCache.Embedded.Server.Tests.House;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

public class ConnectionTests
{
    [Fact]
    public async Task Commands_sent_at_once_are_answered_in_their_order()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();

        client.Send(string.Concat(Enumerable.Range(0, 2000).Select(i => RawClient.Encode("SET", $"key:{i}", $"value {i}") + RawClient.Encode("GET", $"key:{i}"))));

        for (int i = 0; i < 2000; i++)
        {
            Assert.Equal("+OK\r\n", client.Read());
            Assert.Equal($"${$"value {i}".Length}\r\nvalue {i}\r\n", client.Read());
        }
    }

    // A page in a browser can send a form to a port of this machine; its lines must not become commands.
    [Theory]
    [InlineData("POST / HTTP/1.1\r\nSET a 1\r\n")]
    [InlineData("host: example.org\r\nSET a 1\r\n")]
    public async Task A_request_of_HTTP_ends_the_connection_without_a_word(string request)
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();

        client.Send(request);

        Assert.Equal("", client.ReadToEnd());
        using RawClient other = server.Connect();
        Assert.Equal("$-1\r\n", other.Ask("GET a"));
    }

    [Fact]
    public async Task A_command_may_arrive_a_byte_at_a_time()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();

        foreach (char letter in RawClient.Encode("SET", "a", "12345") + "GET a\r\n")
        {
            client.Send(letter.ToString());
        }

        Assert.Equal("+OK\r\n", client.Read());
        Assert.Equal("$5\r\n12345\r\n", client.Read());
    }

    [Fact]
    public async Task Values_of_many_megabytes_go_both_ways()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();
        string value = new('x', 20_000_000);

        Assert.Equal("+OK\r\n", client.AskWords("SET", "large", value));
        string reply = client.AskWords("GET", "large");

        Assert.Equal($"${value.Length}\r\n{value}\r\n", reply);
    }

    [Fact]
    public async Task A_client_that_sends_everything_before_it_reads_anything_is_answered()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();
        client.AskWords("SET", "k", new string('v', 10_000));

        client.Send(string.Concat(Enumerable.Repeat(RawClient.Encode("GET", "k"), 5000)));   // 50 MB of replies

        for (int i = 0; i < 5000; i++)
        {
            Assert.Equal(10_010, client.Read().Length);
        }
    }

    [Fact]
    public async Task After_a_protocol_error_the_connection_is_closed()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();

        client.Send("*1\r\n$4\r\nPING\r\n*1\r\n!\r\n*1\r\n$4\r\nPING\r\n");

        Assert.Equal("+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n", client.ReadToEnd());
    }

    [Fact]
    public async Task QUIT_is_answered_and_what_follows_is_not()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();

        client.Send("QUIT\r\nPING\r\n");

        Assert.Equal("+OK\r\n", client.ReadToEnd());
    }

    [Fact]
    public async Task A_Unix_socket_serves_the_same_data_and_goes_with_the_server()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("elasticache-socket-").FullName, "s");
        await using (TestServer server = await TestServer.StartAsync(options => options.UnixSocketPath = path))
        {
            using RawClient tcp = server.Connect();
            using RawClient unix = RawClient.Connect(new UnixDomainSocketEndPoint(path));

            tcp.Ask("SET a 1");

            Assert.Equal("$1\r\n1\r\n", unix.Ask("GET a"));
            Assert.Contains($"addr={path}:0 ", unix.Ask("CLIENT INFO"), StringComparison.Ordinal);
            Assert.Contains("flags=U ", unix.Ask("CLIENT INFO"), StringComparison.Ordinal);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task TLS_has_a_port_of_its_own()
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.TlsPort = 0;
            options.Certificate = certificate;
        });
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Server.TlsPort, TestContext.Current.CancellationToken);
        using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, presented, _, _) => presented?.GetCertHashString() == certificate.GetCertHashString());
        await tls.AuthenticateAsClientAsync("localhost");
        using var client = new RawClient(tls);

        Assert.NotEqual(server.Server.Port, server.Server.TlsPort);
        Assert.Equal("+OK\r\n", client.Ask("SET a b"));
        Assert.Equal("$1\r\nb\r\n", client.Ask("GET a"));
    }

    [Fact]
    public async Task Disposing_the_server_ends_connections_and_leaves_the_cache_open()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();
        client.Ask("SET a b");

        await server.Server.DisposeAsync();

        Assert.Equal("", client.ReadToEnd());
        Assert.Equal("b", server.Cache.Strings.GetString("a"));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_an_error_that_says_so()
    {
        await using TestServer server = await TestServer.StartAsync();

        IOException e = await Assert.ThrowsAnyAsync<IOException>(() => RespServer.StartAsync(server.Cache, new RespServerOptions { Port = server.Server.Port }, TestContext.Current.CancellationToken));

        Assert.Contains("in use", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_clients_than_maxclients_are_told_so()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Parameters["maxclients"] = "1");
        using RawClient first = server.Connect();
        first.Ask("PING");

        using RawClient second = server.Connect();

        Assert.Equal("-ERR max number of clients reached\r\n", second.ReadToEnd());
        Assert.Contains("rejected_connections:1\r\n", first.Ask("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_idle_client_is_disconnected_after_its_timeout()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Parameters["timeout"] = "10", withFakeTime: true);
        using RawClient client = server.Connect();
        client.Ask("PING");

        server.Time!.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal("+PONG\r\n", client.Ask("PING"));
        server.Time.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal("", client.ReadToEnd());
    }

    [Fact]
    public async Task With_durability_Always_a_reply_comes_after_the_disk()
    {
        string folder = Directory.CreateTempSubdirectory("elasticache-always-").FullName;
        await using TestServer server = await TestServer.StartAsync(cacheOptions: new EmbeddedCacheOptions { Folder = folder, Durability = DurabilityMode.Always });
        using RawClient client = server.Connect();

        client.Send(string.Concat(Enumerable.Range(0, 100).Select(i => RawClient.Encode("SET", $"k{i}", "v"))));
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal("+OK\r\n", client.Read());
        }

        string log = File.ReadAllText(Directory.GetFiles(folder, "*.incr.aof", SearchOption.AllDirectories).Single(), Encoding.Latin1);
        Assert.Contains("$3\r\nk99\r\n", log, StringComparison.Ordinal);
    }
}
