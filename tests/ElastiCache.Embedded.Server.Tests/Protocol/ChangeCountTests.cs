using System.Globalization;
using ElastiCache.Embedded.Server.Tests.House;
using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Tests.Peers;
using Xunit;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>rdb_changes_since_last_save, command by command: as much as redis-server counts, with a log and without.</summary>
/// <remarks>Not PFADD: Redis counts the registers that have changed, ours the elements.</remarks>
public sealed class ChangeCountTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const string Commands =
        """
        SET a 1|SET a 1 EX 100|SET a 2 NX|SETEX a 100 1|MSET b 1 c 2 d 3|MSETNX q 1 r 2|MSETNX q 1 t 2|INCR b|INCRBY b 5|INCRBYFLOAT c 1.5|APPEND b 1|SETRANGE b 0 9|GETSET a 3
        SETBIT bits 1 1|SETBIT bits 1 1|BITFIELD fields SET u8 0 1|BITFIELD fields SET u8 0 1|BITOP NOT other bits|BITOP NOT other none|BITOP NOT other none|GETDEL d|GETEX c PERSIST|GETEX c EX 100|PERSIST c
        EXPIRE b 100|PERSIST b|EXPIRE none 100|DEL a b zz|UNLINK q r|RENAME c c2|COPY c2 c3|MOVE c3 1|TOUCH c2|SWAPDB 0 1|SWAPDB 0 1|PEXPIRE c2 -1
        RPUSH l a b c d e f g|LPUSHX none x|LPOP l|LPOP l 2|RPOP l|LSET l 0 x|LINSERT l BEFORE x y|LREM l 0 y|LTRIM l 0 1|LTRIM l 0 -1|LMOVE l l LEFT RIGHT|LMOVE l l2 LEFT RIGHT|RPUSH l 1 2 3|LMPOP 1 l LEFT COUNT 2
        SADD s a b c d e f g|SADD s a|SADD s a h|SREM s a b zz|SMOVE s s2 c|SPOP s|SPOP s 2|SPOP s 20|SADD s1 1 2 3|SADD s3 2 3|SINTERSTORE d1 s1 s3|SINTERSTORE d1 s1 s3|SINTERSTORE d1 s1 none|SINTERSTORE d1 s1 none|SUNIONSTORE d1 s1 s3
        HSET h a 1 b 2|HSET h a 1|HMSET h a 1 b 2 c 3|HINCRBY h a 1|HINCRBYFLOAT h a 1.5|HSETNX h a 3|HSETNX h new 3|HDEL h a b zz
        ZADD z 1 a 2 b 3 c|ZADD z 1 a 5 b|ZINCRBY z 1 a|ZINCRBY z 0 a|ZREM z a b zz|ZADD z 1 a 2 b 3 c 4 d 5 e|ZPOPMIN z|ZPOPMAX z 2|ZREMRANGEBYRANK z 0 0|ZREMRANGEBYSCORE z -inf +inf|ZADD z 1 a 2 b 3 c
        ZUNIONSTORE dz 1 z|ZINTERSTORE dz 2 z none|ZRANGESTORE dz z 0 1|ZRANGESTORE dz z 8 9|ZMPOP 1 z MIN COUNT 2|GEOADD g 1 1 a 2 2 b|GEOADD g 1 1 a|PFMERGE hl2 hl
        XADD x 1-1 a 1|XADD x MAXLEN 1 2-1 a 1|XADD x 3-1 a 1|XDEL x 3-1|XADD x 4-1 a 1|XTRIM x MAXLEN 0|XADD x 5-1 a 1|XADD x 6-1 a 1|XGROUP CREATE x g 0|XGROUP CREATECONSUMER x g c1|XGROUP CREATECONSUMER x g c1
        XREADGROUP GROUP g c1 COUNT 2 STREAMS x >|XACK x g 1-1|XACK x g 5-1|XGROUP SETID x g $|XGROUP DELCONSUMER x g c1|XGROUP DESTROY x g|XSETID x 9-9
        SORT s1 STORE so|SORT none STORE so|SORT none STORE so|GET so|LRANGE l 0 -1|EXISTS l|FLUSHDB|FLUSHDB|SET a 1|SET b 1|FLUSHALL|FLUSHALL
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Both_servers_count_alike(bool isDurable)
    {
        using var folder = new TemporaryFolder();
        using RawClient theirs = RawClient.Connect(redis.Server.Port);
        theirs.Ask("FLUSHALL");
        await using TestServer server = await TestServer.StartAsync(cacheOptions: new EmbeddedCacheOptions { Folder = isDurable ? folder.Path : null });
        using RawClient ours = server.Connect();
        var differences = new List<string>();

        foreach (string command in Commands.Split(['|', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            (long expected, string reply) = CountOf(theirs, command);
            (long actual, string ourReply) = CountOf(ours, command);
            if (expected != actual)
            {
                differences.Add($"{command}: redis-server {expected} ({reply.Trim()}), ours {actual} ({ourReply.Trim()})");
            }
        }

        Assert.Equal("", string.Join('\n', differences));
    }

    [Fact]
    public async Task What_expires_or_is_evicted_is_no_change()
    {
        await using TestServer server = await TestServer.StartAsync(withFakeTime: true);
        using RawClient client = server.Connect();
        client.Ask("SET a 1 PX 10");
        client.Ask("SET b 1 PX 10");
        long before = Changes(client);

        server.Time!.Advance(TimeSpan.FromMilliseconds(20));
        client.Ask("GET a");
        server.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(":0\r\n", client.Ask("DBSIZE"));
        Assert.Equal(before, Changes(client));
    }

    private static (long Count, string Reply) CountOf(RawClient client, string command)
    {
        long before = Changes(client);
        string reply = client.Ask(command);
        return (Changes(client) - before, reply);
    }

    private static long Changes(RawClient client) => long.Parse(
        client.Ask("INFO persistence").Split("\r\n").Single(line => line.StartsWith("rdb_changes_since_last_save:", StringComparison.Ordinal)).Split(':')[1],
        CultureInfo.InvariantCulture);
}
