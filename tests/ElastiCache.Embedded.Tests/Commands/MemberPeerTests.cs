using System.Text;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Hashes and sets here and on redis-server: every reply is the same to the byte, those without an order as sets.</summary>
public sealed class MemberPeerTests(RedisServerFixture redis, ITestOutputHelper output) : IClassFixture<RedisServerFixture>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_commands_get_the_replies_of_redis_server(int seed)
    {
        const int Rounds = 8;
        const int CommandsARound = 1_000;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var source = new MemberCommandSource(random);

        for (int round = 0; round < Rounds; round++)
        {
            using var ours = new CommandSession();
            redis.Server.Execute("FLUSHALL");
            byte[][][] commands = [Words("SET text some"), .. Enumerable.Range(0, CommandsARound).Select(_ => source.Next())];

            PeerComparison.Same(redis.Server, ours, commands, MemberCommandSource.Unordered, $"seed {seed}, round {round}");
        }
    }

    [Theory]
    [InlineData("HSET h", "HSET h a", "HSET h a 1 b", "HMSET h a 1 b", "HSET h a 1", "HSET h a 2 b 3", "HINCRBY h a x", "HINCRBYFLOAT h a x", "HINCRBYFLOAT h a inf", "HINCRBYFLOAT h a nan", "HINCRBY s a x", "HSET s a 1")]
    [InlineData("HSET h a 1", "HRANDFIELD h x", "HRANDFIELD h 1 foo", "HRANDFIELD h -9223372036854775808", "HRANDFIELD h 4611686018427387904 withvalues", "HRANDFIELD h 5 withvalues", "HRANDFIELD h -3", "HRANDFIELD h -3 WITHVALUES", "HRANDFIELD h", "HRANDFIELD none", "HRANDFIELD none 3", "HRANDFIELD none x")]
    [InlineData("HSET h a 1", "HSCAN h x", "HSCAN h -1", "HSCAN h 0 COUNT 0", "HSCAN h 0 COUNT x", "HSCAN h 0 MATCH", "HSCAN h 0 TYPE hash", "HSCAN none 0 foo", "HSCAN none x", "HSCAN h 18446744073709551616", "HSCAN h 0 MATCH b*", "HSCAN s 0", "HSCAN h 0 MATCH a* COUNT 5")]
    [InlineData("SADD t 1 2 3", "SPOP t -1", "SPOP t x", "SPOP t 1 2", "SPOP none 0", "SPOP none", "SPOP t 0", "SPOP t 9223372036854775807", "SCARD t", "SPOP s", "SRANDMEMBER t x", "SRANDMEMBER t -9223372036854775808", "SRANDMEMBER t 1 1", "SRANDMEMBER none", "SRANDMEMBER none 3")]
    [InlineData("SADD a 1 2", "SINTERCARD 0 a", "SINTERCARD x a", "SINTERCARD 2 a", "SINTERCARD 1 a LIMIT -1", "SINTERCARD 1 a LIMIT x", "SINTERCARD 1 a LIMIT", "SINTERCARD 1 a foo 1", "SINTERCARD 1 a b", "SINTERCARD 1 a LIMIT 1", "SINTERCARD 1 a LIMIT 0", "SINTERCARD 1 a LIMIT 1 LIMIT 2", "SINTERCARD 2147483648 a")]
    [InlineData("SET s x", "SADD t 1", "SMOVE s t 1", "SMOVE t s 1", "SMOVE t t 1", "SMOVE t t 9", "SMOVE none s 1", "SMOVE t s 99", "SINTER t s", "SINTER none s", "SINTERSTORE d s t", "SUNION t s", "SDIFF none s", "SINTERSTORE s t", "TYPE s", "SINTERSTORE s none", "EXISTS s", "SMISMEMBER none 1 2", "SSCAN t 0 TYPE set", "SSCAN none 0 bad", "OBJECT ENCODING t")]
    public void Arguments_are_checked_in_the_order_of_redis_server(params string[] lines)
    {
        using var ours = new CommandSession();
        redis.Server.Execute("FLUSHALL");
        byte[][][] commands = [Words("SET s x"), .. lines.Select(Words)];

        PeerComparison.Same(redis.Server, ours, commands, MemberCommandSource.Unordered, lines[0]);
    }

    [Theory]
    [InlineData("HSET", 512)]
    [InlineData("HSET", 513)]
    [InlineData("SADD", 512)]
    [InlineData("SADD", 513)]
    public void Encodings_change_where_those_of_redis_server_do_and_never_back(string name, int count)
    {
        using var ours = new CommandSession();
        redis.Server.Execute("FLUSHALL");
        List<byte[][]> commands = [];
        for (int i = 0; i < count; i++)
        {
            commands.Add(Words(name == "HSET" ? $"HSET k {i} v" : $"SADD k {i}"));
            commands.Add(Words("OBJECT ENCODING k"));
        }

        for (int i = 0; i < count - 1; i++)
        {
            commands.Add(Words(name == "HSET" ? $"HDEL k {i}" : $"SREM k {i}"));
        }

        commands.Add(Words("OBJECT ENCODING k"));

        PeerComparison.Same(redis.Server, ours, commands, MemberCommandSource.Unordered, $"{name} {count}");
    }

    private static byte[][] Words(string line) => Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes);
}
