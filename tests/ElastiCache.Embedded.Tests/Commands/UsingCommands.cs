using System.Text;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Commands of all kinds, and keys for them, to see which keys each of them uses, and how often.</summary>
internal static class UsingCommands
{
    /// <summary>What makes the keys.</summary>
    public static readonly string[] Fill =
    [
        "SET s hello", "SET n 50000", "SET d v EX 1000", "RPUSH l 1 2 3", "HSET h f 1 g 2", "SADD e 1 2 3", "ZADD z 1 a 2 b", "XADD x 1-1 a b", "XADD x 2-1 a b", "XGROUP CREATE x g 0", "PFADD p a", "GEOADD o 1 1 a 2 2 b",
        $"RPUSH big {string.Join(' ', Enumerable.Range(0, 400).Select(static i => new string((char)('a' + (i % 26)), 60)))}", $"SET bs {new string('x', 3000)}", $"HSET bh {string.Join(' ', Enumerable.Range(0, 2000))}",
    ];

    /// <summary>The keys.</summary>
    public static readonly string[] Keys = ["s", "n", "d", "l", "h", "e", "z", "x", "p", "o", "big", "bs", "bh"];

    /// <summary>To be run one after another, each on <see cref="Keys"/> as <see cref="Restore"/> leaves them.</summary>
    public static readonly string[] Lines =
    [
        "GET s", "STRLEN s", "GETRANGE s 0 1", "MGET s n absent", "EXISTS s n", "TYPE s", "TTL d", "PTTL d", "EXPIRETIME d", "PEXPIRETIME d", "OBJECT ENCODING s",
        "OBJECT REFCOUNT s", "OBJECT IDLETIME s", "DUMP s", "TOUCH s n", "EXPIRE s 100", "EXPIRE s 100 GT", "PERSIST d", "PERSIST s", "APPEND s x", "SETRANGE s 0 x",
        "SETBIT s 1 1", "GETBIT s 1", "BITCOUNT s", "BITPOS s 1", "BITFIELD s GET u8 0", "BITFIELD s SET u8 0 1", "BITFIELD_RO s GET u8 0", "BITOP NOT t s", "BITOP AND t s n",
        "INCR n", "INCRBYFLOAT n 1", "DECR n", "GETSET s v", "SET s v", "SET s v NX", "SET s v XX GET", "SETNX s v", "SETEX s 100 v", "MSET s a n b", "MSETNX s a absent b",
        "GETEX s", "GETEX s EX 100", "GETEX d PERSIST", "LCS s bs", "SUBSTR s 0 1", "LLEN l", "LRANGE l 0 -1", "LINDEX l 0", "LPOS l 1", "LPUSH l x", "RPUSHX l x", "LPOP l",
        "LSET l 0 x", "LREM l 1 1", "LTRIM l 0 1", "LINSERT l BEFORE 1 z", "LMOVE l t LEFT RIGHT", "RPOPLPUSH l big", "LMPOP 1 l LEFT", "LPUSH big x", "LINDEX big 3",
        "HGET h f", "HMGET h f g", "HGETALL h", "HKEYS h", "HLEN h", "HEXISTS h f", "HSTRLEN h f", "HRANDFIELD h", "HSCAN h 0", "HSET h f 2", "HSETNX h f 2", "HDEL h f",
        "HDEL h nof", "HINCRBY h f 1", "HINCRBYFLOAT h f 1", "HSET bh 1 2", "HGET bh 2", "SCARD e", "SISMEMBER e 1", "SMISMEMBER e 1 2", "SMEMBERS e", "SRANDMEMBER e",
        "SSCAN e 0", "SADD e 1", "SADD e 9", "SREM e 1", "SREM e 99", "SPOP e", "SMOVE e t 1", "SINTER e e", "SINTERCARD 1 e", "SUNION e absent", "SDIFF e absent",
        "SINTERSTORE t e", "SUNIONSTORE t e", "SDIFFSTORE e absent", "ZCARD z", "ZSCORE z a", "ZMSCORE z a", "ZRANK z a", "ZRANGE z 0 -1", "ZRANGEBYSCORE z 0 9", "ZCOUNT z 0 9",
        "ZLEXCOUNT z - +", "ZRANDMEMBER z", "ZSCAN z 0", "ZADD z 3 c", "ZADD z 1 a", "ZINCRBY z 1 a", "ZREM z a", "ZREM z no", "ZPOPMIN z", "ZMPOP 1 z MIN",
        "ZREMRANGEBYRANK z 0 0", "ZREMRANGEBYSCORE z 8 9", "ZUNION 1 z", "ZINTER 2 z e", "ZDIFF 1 z", "ZINTERCARD 1 z", "ZUNIONSTORE t 1 z", "ZRANGESTORE t z 0 -1",
        "GEOPOS o a", "GEODIST o a b", "GEOHASH o a", "GEOSEARCH o FROMMEMBER o a BYRADIUS 10 km", "GEOSEARCH o FROMMEMBER a BYRADIUS 10 km", "GEOADD o 3 3 c",
        "GEOSEARCHSTORE t o FROMMEMBER a BYRADIUS 10 km", "PFCOUNT p", "PFCOUNT p absent", "PFADD p b", "PFADD p a", "PFMERGE t p", "PFMERGE p absent", "XLEN x", "XRANGE x - +",
        "XREAD STREAMS x 0", "XREAD STREAMS x 99", "XREADGROUP GROUP g c STREAMS x >", "XADD x * a b", "XDEL x 1-1", "XTRIM x MAXLEN 1", "XINFO STREAM x", "XINFO GROUPS x",
        "XINFO CONSUMERS x g", "XPENDING x g", "XACK x g 1-1", "XGROUP CREATE x g2 0", "XGROUP CREATECONSUMER x g c", "XGROUP SETID x g 0", "XCLAIM x g c 0 1-1",
        "XAUTOCLAIM x g c 0 0", "XSETID x 9-9", "SORT l", "SORT_RO l", "SORT l BY nosort GET s", "SORT l STORE t", "SCAN 0", "KEYS *", "RANDOMKEY", "DBSIZE", "RENAME s t",
        "RENAMENX s n", "COPY s t", "COPY s n", "COPY s n REPLACE", "MOVE s 1", "SWAPDB 0 1", "MEMORY USAGE s", "DEBUG OBJECT s", "GET l", "LLEN s", "HGET s f", "SADD s x",
        "LPUSH s x", "INCR l", "XADD s * a b", "SINTER s", "ZADD s 1 a", "PFCOUNT s", "DEL absent", "UNLINK absent", "WATCH s", "LCS s n", "BLPOP l 0.01",
        "BLMOVE l t LEFT LEFT 0.01", "BZPOPMIN z 0.01", "GETDEL absent", "EXPIREAT s 99999999999", "PEXPIRE d 100000 NX", "ZADD z NX 1 a", "ZADD z GT 0 a",
        "SETRANGE absent 0 x", "BITOP AND s n n", "SINTERSTORE e e e", "ZUNIONSTORE z 1 z", "RESTORE s 0 bad", "MSET absent other",
    ];

    public static byte[][] Words(string line) => Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes);

    /// <summary>Makes the keys anew, by a RESTORE with some words at its end.</summary>
    public static void Restore(Func<byte[][], RedisReply> execute, string words)
    {
        execute(Words("FLUSHALL"));
        execute(Words("UNWATCH"));
        foreach (string line in Fill)
        {
            execute(Words(line));
        }

        foreach (string key in Keys)
        {
            byte[] ttl = key == "d" ? "1000000"u8.ToArray() : "0"u8.ToArray();
            execute([.. Words($"RESTORE {key}"), ttl, execute(Words($"DUMP {key}")).Bytes!, .. Words($"REPLACE {words}")]);
        }
    }

    /// <summary>What OBJECT says of the keys that are there; also in the database that MOVE and SWAPDB go to.</summary>
    public static string Ask(Func<byte[][], RedisReply> execute, string subject, Func<string, long, string> describe)
    {
        var answers = new StringBuilder();
        foreach (string database in (string[])["0", "1"])
        {
            execute(Words($"SELECT {database}"));
            foreach (string key in (string[])[.. Keys, "t", "absent"])
            {
                answers.Append(execute(Words($"OBJECT {subject} {key}")).Number is { } number ? $" {describe(key, number)}" : "");
            }

            answers.Append(';');
        }

        execute(Words("SELECT 0"));
        return answers.ToString();
    }
}
