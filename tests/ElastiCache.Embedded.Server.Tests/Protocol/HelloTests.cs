using ElastiCache.Embedded.Server.Tests.House;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

public class HelloTests
{
    private const string Three = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:";

    [Fact]
    public async Task HELLO_3_switches_to_RESP3_and_back()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();

        Assert.StartsWith(Three, client.Ask("HELLO 3"), StringComparison.Ordinal);
        Assert.Equal("_\r\n", client.Ask("GET nothing"));
        Assert.StartsWith("%1\r\n", client.Ask("CONFIG GET hz"), StringComparison.Ordinal);
        Assert.StartsWith("*14\r\n", client.Ask("HELLO 2"), StringComparison.Ordinal);
        Assert.Equal("$-1\r\n", client.Ask("GET nothing"));
        Assert.Equal("*2\r\n$2\r\nhz\r\n$2\r\n10\r\n", client.Ask("CONFIG GET hz"));
    }

    [Theory]
    [InlineData("HELLO 4", "-NOPROTO unsupported protocol version\r\n")]
    [InlineData("HELLO x", "-ERR Protocol version is not an integer or out of range\r\n")]
    [InlineData("HELLO 3 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n")]
    [InlineData("HELLO 3 AUTH default wrong", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")]
    [InlineData("AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")]
    [InlineData("AUTH nobody secret", "-WRONGPASS invalid username-password pair or user is disabled.\r\n")]
    [InlineData("GET a", "-NOAUTH Authentication required.\r\n")]
    [InlineData("GET", "-ERR wrong number of arguments for 'get' command\r\n")]
    public async Task Before_authentication_little_is_answered(string command, string reply)
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Password = "secret");
        using RawClient client = server.Connect();

        Assert.Equal(reply, client.Ask(command));
        Assert.Equal("-NOAUTH Authentication required.\r\n", client.Ask("PING"));
    }

    [Theory]
    [InlineData("AUTH secret")]
    [InlineData("AUTH default secret")]
    [InlineData("HELLO 3 AUTH default secret SETNAME me")]
    public async Task With_the_password_everything_is(string command)
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Password = "secret");
        using RawClient client = server.Connect();

        client.Ask(command);

        Assert.Equal("+PONG\r\n", client.Ask("PING"));
    }

    [Fact]
    public async Task RESET_makes_a_connection_as_new()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient client = server.Connect();
        client.Ask("HELLO 3 SETNAME me");
        client.Ask("SELECT 3");
        client.Ask("MULTI");

        Assert.Equal("+RESET\r\n", client.Ask("RESET"));

        Assert.Equal("-ERR EXEC without MULTI\r\n", client.Ask("EXEC"));
        Assert.Equal("$-1\r\n", client.Ask("CLIENT GETNAME"));
        Assert.Contains(" db=0 ", client.Ask("CLIENT INFO"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_that_is_set_later_shuts_out_new_clients_only()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawClient earlier = server.Connect();
        earlier.Ask("PING");

        earlier.Ask("CONFIG SET requirepass secret");
        using RawClient later = server.Connect();

        Assert.Equal("+PONG\r\n", earlier.Ask("PING"));
        Assert.Equal("-NOAUTH Authentication required.\r\n", later.Ask("PING"));
    }
}
