using System.Text;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Differential;

/// <summary>What random commands once found to differ from redis-server, each as short as it can be said.</summary>
public sealed class FoundDifferenceTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    [Theory]
    [InlineData("SET s v", "SET s w XX XX GET", "SET s w EX 100 EX 200", "SET s w NX NX", "SET s w EX 100 PX 100", "GETEX s EX 100 EX 200", "GETEX s PERSIST PERSIST")]
    [InlineData("SETRANGE b 10 x", "BITCOUNT b -1 -4 EXTRA", "BITCOUNT b 0 -1 EXTRA", "BITCOUNT b -4 -1 EXTRA")]
    [InlineData("RPUSH l a b a", "LPOS l a RANK -9223372036854775808", "LPOS l a RANK -9223372036854775808 COUNT 0", "LPOS l a RANK -9223372036854775808 COUNT 1", "LPOS l a RANK 9223372036854775807")]
    [InlineData("ZADD z1 -inf a 1 b", "ZADD z2 inf a", "ZADD z2 2 b 3 c", "ZINTERSTORE z3 2 z1 z2 WEIGHTS 2 0", "ZRANGE z3 0 -1 WITHSCORES", "ZINTERSTORE z3 2 z1 z2 WEIGHTS 0 2", "ZRANGE z3 0 -1 WITHSCORES", "ZUNIONSTORE z3 2 z1 z2 WEIGHTS 0 0", "ZRANGE z3 0 -1 WITHSCORES", "ZINTER 2 z1 z2 WEIGHTS 1 0 AGGREGATE MAX WITHSCORES")]
    [InlineData("ZADD g -1 a -5 b inf c -inf d 1.5 e -1.5 f 9223372036854775808 g 1e30 h 4503599627370496 i -1e300 j -0.5 k", "GEOPOS g a b c d e f g h i j k", "GEOHASH g a b c d e f g h i j k", "GEODIST g a c", "GEODIST g d h")]
    [InlineData("ZADD z -0 a 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -0 b", "ZRANGESTORE y z 0 -1", "ZRANGE y 0 -1 WITHSCORES", "ZRANGESTORE y z 0 -1 REV", "ZRANGE y 0 -1 WITHSCORES")]
    [InlineData("SETRANGE s 70000 x", "LCS s s EXTRA", "LCS s s")]
    [InlineData("XADD x 8-2 f v", "XADD x 9-0 f v", "XDEL x 9-0", "XTRIM x MINID = 8-3", "XLEN x", "XSETID x 2", "XADD x 7-1 f v", "XRANGE x 1-0 7-2", "XREVRANGE x 7-2 1-0", "XRANGE x - +", "XREAD STREAMS x 0")]
    [InlineData("SET s 5", "OBJECT REFCOUNT s", "SET s 10000", "OBJECT REFCOUNT s", "SET s abc", "OBJECT REFCOUNT s", "SET s -1", "OBJECT REFCOUNT s")]
    public void It_is_as_in_redis_now(params string[] commands)
    {
        redis.Server.Execute("FLUSHALL");
        using var ours = new CommandSession();

        PeerComparison.Same(redis.Server, ours, [.. commands.Select(command => (byte[][])[.. command.Split(' ').Select(Encoding.ASCII.GetBytes)])], CommandFamilies.Unordered, commands[0]);
    }
}
