using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using ElastiCache.Embedded.Server.Tests.House;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>The same bytes to redis-server and to ours: the same bytes back, and the connection closed or not alike.</summary>
public sealed class PeerProtocolTests(PeerProtocolTests.DebugRedis redis) : IClassFixture<PeerProtocolTests.DebugRedis>
{
    public static TheoryData<string> Inputs =>
    [
        "*2147483648\r\n", "*-1\r\nPING\r\n", "*0\r\nPING\r\n", "*abc\r\n", "*1\r\n#4\r\nPING\r\n", "*1\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n$536870913\r\n",
        "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n", "PING \"abc\r\n", "\"PI\\x4eG\"\r\n", "'PING' 'a\\'b'\r\n", "\r\n\r\n  \r\nPING\n", "*1\r\n\r\n",
        "PING \"a\"b\r\n", "* 1\r\n", "*+1\r\n", "*01\r\n", "*1\r\n$04\r\nPING\r\n", "*1\r\n$0\r\n\r\nPING\r\n", "\"\"\r\nPING\r\n", "*\r\n", "*1\r\n$\r\n", "GET\r\n",
        "foo bar\r\n", "foo 'a\\nb'\r\n", "quit\r\nping\r\n", "PING a b\r\n", "PING a\r\n", "ECHO\r\n", "*3\r\n$3\r\nfoo\r\n$3\r\na\0b\r\n$1\r\n'\r\n",
        "CLIENT\r\n", "CLIENT foo\r\n", "CLIENT ID 1\r\n", "CLIENT SETNAME 'a b'\r\n", "CLIENT GETNAME\r\n", "CLIENT SETNAME ''\r\nCLIENT GETNAME\r\n",
        "CLIENT SETNAME x\r\nCLIENT GETNAME\r\n", "CLIENT LIST TYPE foo\r\n", "CLIENT LIST ID 1 x\r\n", "CLIENT LIST ID 99999\r\n", "CLIENT LIST foo\r\n",
        "CLIENT KILL 1.2.3.4:5\r\n", "CLIENT KILL ID x\r\n", "CLIENT KILL ID 0\r\n", "CLIENT KILL ID 99999\r\n", "CLIENT KILL foo bar\r\n", "CLIENT KILL ID 1 TYPE\r\n",
        "CLIENT KILL TYPE x\r\n", "CLIENT KILL USER x\r\n", "CLIENT KILL SKIPME x\r\n", "CLIENT REPLY foo\r\n", "CLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\n",
        "CLIENT REPLY SKIP\r\nPING\r\nPING\r\n", "CLIENT PAUSE x\r\n", "CLIENT PAUSE -1\r\n", "CLIENT PAUSE 1 foo\r\n", "CLIENT UNPAUSE\r\n", "CLIENT UNBLOCK 1\r\n",
        "CLIENT UNBLOCK x\r\n", "CLIENT UNBLOCK 1 foo\r\n", "CLIENT NO-EVICT on\r\n", "CLIENT NO-EVICT foo\r\n", "CLIENT GETREDIR\r\n", "CLIENT TRACKINGINFO\r\n",
        "HELLO 3\r\nCLIENT TRACKINGINFO\r\nCLIENT GETNAME\r\n", "CLIENT CACHING yes\r\n", "CLIENT TRACKING off\r\n", "CLIENT TRACKING foo\r\n",
        "AUTH x\r\n", "AUTH u x\r\n", "AUTH default x\r\n", "AUTH a b c\r\n", "RESET\r\n", "ROLE\r\n", "WAIT 0 0\r\n", "WAIT x 0\r\n", "WAIT 0 x\r\n", "WAIT 0 -1\r\n",
        "REPLICAOF NO ONE\r\n", "FAILOVER\r\n", "LOLWUT\r\n", "LOLWUT VERSION x\r\n", "SHUTDOWN foo\r\n", "SHUTDOWN ABORT\r\n", "SHUTDOWN SAVE NOSAVE\r\n",
        "SLOWLOG GET -2\r\n", "SLOWLOG GET x\r\n", "SLOWLOG FOO\r\n", "READONLY\r\n", "READWRITE\r\n", "ASKING\r\n", "CLUSTER INFO\r\n", "LATENCY LATEST\r\n",
        "LATENCY HISTORY command\r\n", "LATENCY RESET\r\n", "LATENCY foo\r\n", "LATENCY GRAPH nothing\r\n", "MEMORY PURGE\r\n", "MEMORY USAGE nothing\r\n", "MEMORY USAGE a SAMPLES -1\r\n", "MEMORY USAGE a b c\r\n",
        "CONFIG SET foo bar\r\n", "CONFIG SET port\r\n", "CONFIG SET maxmemory 1 maxmemory 2\r\n", "CONFIG GET\r\n", "CONFIG GET nothing\r\n", "CONFIG REWRITE\r\n",
        "CONFIG SET maxmemory 1 foo 2\r\n", "CONFIG SET save 'a b'\r\n", "CONFIG SET databases 2\r\n", "CONFIG SET maxmemory 10 maxmemory\r\n", "CONFIG GET hz HZ\r\n",
        "CONFIG SET hz 1000\r\nCONFIG GET hz\r\nCONFIG SET hz 10\r\n", "CONFIG SET dir /\r\n", "CONFIG SET maxmemory-clients 101%\r\n", "CONFIG SET maxmemory-clients -1\r\n", "CONFIG SET maxmemory-clients 5.5%\r\n",
        "CONFIG SET maxmemory-clients 3mb\r\nCONFIG GET maxmemory-clients\r\nCONFIG SET maxmemory-clients 7%\r\nCONFIG GET maxmemory-clients\r\nCONFIG SET maxmemory-clients 0%\r\nCONFIG GET maxmemory-clients\r\n",
        "CONFIG SET timeout '0 1'\r\n",
        "CONFIG SET notify-keyspace-events gKE\r\nCONFIG GET notify-keyspace-events\r\nCONFIG SET notify-keyspace-events AKE\r\nCONFIG GET notify-keyspace-events\r\nCONFIG SET notify-keyspace-events ''\r\n",
        "DEBUG JMAPX\r\n", "DEBUG SLEEP 0\r\n", "DEBUG OBJECT nothing\r\n", "DEBUG DIGEST\r\n", "DEBUG DIGEST-VALUE nothing\r\n", "DEBUG PROTOCOL double\r\n",
        "HELLO 3\r\nDEBUG PROTOCOL attrib\r\n", "HELLO 3\r\nDEBUG PROTOCOL map\r\n", "DEBUG PROTOCOL map\r\n", "DEBUG PROTOCOL foo\r\n", "DEBUG RELOAD foo\r\n", "DEBUG SET-ACTIVE-EXPIRE 1\r\n",
        "COMMAND INFO nothing\r\n", "COMMAND INFO get getset mget\r\n", "COMMAND INFO config|get client|list memory|usage\r\n", "HELLO 3\r\nCOMMAND INFO get config|set info ping append\r\n",
        "COMMAND LIST FILTERBY foo x\r\n", "COMMAND LIST foo\r\n", "COMMAND DOCS nothing\r\n", "COMMAND GETKEYS GET a\r\n", "COMMAND GETKEYS MSET a b c d\r\n", "COMMAND GETKEYS PING\r\n",
        "COMMAND GETKEYS PING a\r\n", "COMMAND GETKEYS nothing a\r\n", "COMMAND GETKEYSANDFLAGS SET a b\r\n", "COMMAND GETKEYSANDFLAGS SET a b GET\r\n", "COMMAND GETKEYSANDFLAGS MSET a b c d\r\n",
        "COMMAND GETKEYSANDFLAGS RENAME a b\r\n", "COMMAND GETKEYSANDFLAGS BITOP AND a b c\r\n", "COMMAND FOO\r\n", "MULTI\r\nfoo\r\nEXEC\r\n", "MULTI\r\nGET\r\nPING\r\nEXEC\r\n",
        "MULTI\r\nPING\r\nCLIENT GETNAME\r\nEXEC\r\n", "MULTI\r\nSHUTDOWN\r\nDISCARD\r\n", "MULTI\r\nCONFIG GET hz\r\nCONFIG FOO\r\nEXEC\r\n", "SELECT 16\r\n", "SELECT x\r\n",
    ];

    /// <summary>A redis-server that lets its clients use DEBUG, as ours does in tests.</summary>
    public sealed class DebugRedis : IDisposable
    {
        private RedisServer? _server;

        public RedisServer Server => _server ??= RedisServer.Start("--enable-debug-command", "yes");

        public void Dispose() => _server?.Dispose();
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task Both_servers_answer_alike(string input)
    {
        int redisPort = redis.Server.Port;
        redis.Server.Execute("CONFIG", "SET", "hz", "10");
        await using TestServer ours = await TestServer.StartAsync();

        string expected = Answer(redisPort, input);
        string actual = Answer(ours.Server.Port, input);

        Assert.Equal(expected, actual);
    }

    // A further ECHO tells where the answer ends, or that the connection does.
    private static string Answer(int port, string input)
    {
        const string Mark = "$8\r\nthe-end!\r\n";
        using var socket = new TcpClient("127.0.0.1", port);
        NetworkStream stream = socket.GetStream();
        stream.ReadTimeout = 30_000;
        stream.Write(Encoding.Latin1.GetBytes(input));
        var answer = new StringBuilder();
        byte[] buffer = new byte[64 * 1024];
        try
        {
            stream.Write("ECHO the-end!\r\n"u8);
            while (!answer.ToString().EndsWith(Mark, StringComparison.Ordinal) && stream.Read(buffer) is > 0 and var count)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            answer.Append("(reset)");
        }

        bool isOpen = answer.ToString().EndsWith(Mark, StringComparison.Ordinal);
        string text = answer.Replace(Mark, "").Replace("(reset)", "").Append(isOpen ? "(open)" : "(closed)").ToString();

        // The connection's number, which HELLO tells.
        return Regex.Replace(text, "\\$2\r\nid\r\n:[0-9]+", "id");
    }
}
