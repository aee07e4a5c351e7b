namespace ElastiCache.Embedded.Tests.Differential;

/// <summary>Templates of all commands whose replies are determined by the data, by family; see <see cref="CommandTemplate"/>.</summary>
/// <remarks>
/// Left out: what draws by lot (SPOP without all members, SRANDMEMBER, RANDOMKEY), what tells the time that is left (TTL, PTTL; EXPIRETIME is there), cursors
/// (SCAN and its kin have tests of their own), what is about the server, and OBJECT ENCODING of strings: the sum of INCRBYFLOAT
/// stays <c>embstr</c> in Redis even if it is an integer, which nobody can tell here.
/// </remarks>
internal static class CommandFamilies
{
    /// <summary>The families' key prefixes.</summary>
    public static readonly string[] Prefixes = ["s", "b", "l", "h", "t", "z", "x", "p", "g"];

    /// <summary>Commands whose replies have no order: they are compared as sets.</summary>
    public static readonly IReadOnlySet<string> Unordered = new HashSet<string>(StringComparer.Ordinal)
    {
        "KEYS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "HGETALL", "HKEYS", "HVALS",
    };

    private static readonly string[] Keys =
    [
        "DEL k+", "UNLINK k+", "EXISTS k+", "TYPE k", "TOUCH k+", "RENAME k k", "RENAMENX k k", "COPY k k [DB i] [REPLACE]", "PERSIST k",
        "PEXPIREAT k (at|past) [NX|XX|GT|LT]", "EXPIREAT k (4102444800|past) [NX|XX|GT|LT]", "EXPIRE k ttl [NX|XX]",
        "EXPIRETIME never1", "PEXPIRETIME never1", "DBSIZE", "KEYS p", "OBJECT REFCOUNT never1", "OBJECT x k",
    ];

    // Rare, because redis-server takes up to a tenth of a second to see that a millisecond is over.
    private static readonly (string Prefix, string Template)[] Waits =
    [
        ("l", "BLPOP k k (0.001|-1|x)"), ("l", "BRPOP k 0.001"), ("l", "BLMOVE k k LEFT RIGHT 0.001"), ("l", "BLMPOP 0.001 1 k LEFT [COUNT c]"), ("l", "BRPOPLPUSH k k 0.001"),
        ("z", "BZPOPMIN k 0.001"), ("z", "BZPOPMAX k k (0.001|-1|nan)"), ("z", "BZMPOP 0.001 1 k MIN [COUNT c]"),
    ];

    private static readonly (string Prefix, string[] Templates)[] All =
    [
        ("s",
        [
            "GET k", "SET k v", "SET k v [NX|XX] [GET] [EX 100000|PX 100000000|EXAT 4102444800|PXAT at|KEEPTTL|EX ttl]", "SETNX k v", "SETEX k ttl v", "PSETEX k ttl v",
            "MSET (k v)+", "MSETNX (k v)+", "MGET k+", "GETSET k v", "GETDEL k", "GETEX k [EX 100000|PXAT at|PERSIST|EX ttl]", "APPEND k v", "STRLEN k", "GETRANGE k n n", "SUBSTR k i i",
            "SETRANGE k (o|i) v", "INCR k", "DECR k", "INCRBY k i", "DECRBY k i", "INCRBYFLOAT k f", "LCS k k [LEN|IDX] [MINMATCHLEN n] [WITHMATCHLEN]",
        ]),
        ("b",
        [
            "SETBIT k o (0|1|i)", "GETBIT k o", "BITCOUNT k", "BITCOUNT k n n [BYTE|BIT]", "BITPOS k (0|1|i) [n] [n] [BYTE|BIT]", "BITPOS k 1 n n BIT", "BITOP (AND|OR|XOR) k k+", "BITOP NOT k k",
            "BITFIELD k (GET (u8|i16|u63|i64|u64) (o|#3)|SET (u4|i8) (o|#2) i|INCRBY (u2|i5) o i|OVERFLOW (WRAP|SAT|FAIL))+", "BITFIELD_RO k GET u8 o", "GET k",
        ]),
        ("l",
        [
            "LPUSH k e+", "RPUSH k e+", "RPUSH k e+", "OBJECT ENCODING l1", "LPUSHX k e", "RPUSHX k e+", "LPOP k [c]", "RPOP k [c|i]", "LLEN k", "SORT k [LIMIT n n] [ALPHA] [ASC|DESC]", "SORT_RO k [LIMIT n n] [ALPHA] [DESC]", "SORT k ALPHA STORE k", "LINDEX k (n|i)", "LRANGE k n n", "LRANGE k 0 -1", "LSET k (n|i) v", "LTRIM k n n",
            "LINSERT k (BEFORE|AFTER|AT) e e", "LREM k (n|i) e", "LPOS k e [RANK (n|i)] [COUNT (c|i)] [MAXLEN (c|i)]", "LMOVE k k (LEFT|RIGHT) (LEFT|RIGHT|UP)", "RPOPLPUSH k k",
            "LMPOP (1|2|i) k k (LEFT|RIGHT) [COUNT (c|i)]", "LMPOP 1 k (LEFT|RIGHT) [COUNT c]",
        ]),
        ("h",
        [
            "HSET k (e v)+", "HSET k (e v)+", "HMSET k (e v)+", "HSETNX k e v", "HGET k e", "HMGET k e+", "HGETALL k", "HKEYS k", "HVALS k", "HLEN k", "HEXISTS k e", "HDEL k e+", "HSTRLEN k e", "HINCRBY k e i", "HINCRBYFLOAT k e f",
        ]),
        ("t",
        [
            "SADD k e+", "SADD k e+", "SADD k n+", "SREM k e+", "SISMEMBER k e", "SMISMEMBER k e+", "SCARD k", "SMEMBERS k", "SORT k [LIMIT n n] [ALPHA] [DESC]", "SORT_RO k ALPHA", "SMOVE k k e", "SINTER k+", "SUNION k+", "SDIFF k+", "SINTERSTORE k k+", "SUNIONSTORE k k+", "SDIFFSTORE k k+",
            "SINTERCARD (1|2|i) k k [LIMIT (c|i)]",
        ]),
        ("z",
        [
            "ZADD k (f e)+", "ZADD k (n e)+", "OBJECT ENCODING y1", "ZADD k [NX|XX] [GT|LT] [CH] [INCR] (f e)+", "ZADD k INCR f e", "ZADD y (0 e)+", "ZADD y 0 e 0 e 0 e", "ZREM y e", "ZREM k e+", "ZSCORE k e", "ZMSCORE k e+", "ZINCRBY k f e", "ZCARD k", "ZCOUNT k sc sc", "ZLEXCOUNT y lex lex", "ZRANK k e", "ZREVRANK k e",
            "ZRANGE k n n [REV] [WITHSCORES]", "ZRANGE k sc sc BYSCORE [REV] [LIMIT n n] [WITHSCORES]", "ZRANGE y lex lex BYLEX [REV] [LIMIT n n] [WITHSCORES]", "ZRANGESTORE k k n n [REV]", "ZRANGESTORE k k sc sc BYSCORE [LIMIT n n]",
            "ZREVRANGE k n n [WITHSCORES]", "ZRANGEBYSCORE k sc sc [WITHSCORES] [LIMIT n n]", "ZREVRANGEBYSCORE k sc sc [WITHSCORES] [LIMIT n n]", "ZRANGEBYLEX y lex lex [LIMIT n n]", "ZREVRANGEBYLEX y lex lex [LIMIT n n]",
            "ZREMRANGEBYRANK k n n", "ZREMRANGEBYSCORE k sc sc", "ZREMRANGEBYLEX y lex lex", "ZPOPMIN k [c|i]", "ZPOPMAX k [c|i]", "ZMPOP (1|2|i) k k (MIN|MAX) [COUNT (c|i)]",
            "ZUNION (2|i) k k [WEIGHTS f f] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]", "ZINTER (2|1) k k [WEIGHTS f f] [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]", "ZDIFF 2 k k [WITHSCORES]", "ZUNIONSTORE k 2 k k [WEIGHTS f f] [AGGREGATE (SUM|MIN|MAX)]",
            "ZINTERSTORE k 2 k k [WEIGHTS n n]", "ZDIFFSTORE k 2 k k", "ZINTERCARD 2 k k [LIMIT (c|i)]",
        ]),
        ("x",
        [
            "XADD k id (e v)+", "XADD k id (e v)+", "XADD k [NOMKSTREAM] [(MAXLEN|MINID) [=|~] (c|id) [LIMIT (n|i)]] id (e v)+", "XLEN k", "XRANGE k id id [COUNT (n|i)]", "XREVRANGE k id id [COUNT n]", "XRANGE k - +", "XDEL k id+", "XTRIM k MAXLEN [=] c", "XTRIM k MINID id",
            "XREAD [COUNT n] STREAMS k id", "XREAD COUNT 2 STREAMS k k id id", "XSETID k id [ENTRIESADDED i] [MAXDELETEDID id]", "XGROUP CREATE k g (id|$) [MKSTREAM] [ENTRIESREAD (n|i)]", "XGROUP SETID k g (id|$) [ENTRIESREAD n]", "XGROUP DESTROY k g",
            "XGROUP CREATECONSUMER k g (alice|bob)", "XGROUP DELCONSUMER k g (alice|bob)", "XREADGROUP GROUP g (alice|bob) [COUNT n] [NOACK] STREAMS k (>|id)", "XACK k g id+", "XPENDING k g", "XPENDING k absent", "XINFO GROUPS k", "XINFO STREAM k",
        ]),
        ("p", ["PFADD k e+", "PFADD k e+", "PFADD k", "PFCOUNT k+", "PFMERGE k k+", "GET k", "PFDEBUG ENCODING k", "STRLEN k"]),
        ("g",
        [
            "GEOADD k [NX|XX] [CH] (lon lat e)+", "GEOADD k lon lat e", "GEOADD k f f e", "GEODIST k e e [u]", "GEOHASH k e+", "GEOPOS k e+", "GEOSEARCH k (FROMMEMBER e|FROMLONLAT lon lat) (BYRADIUS 500 u|BYBOX 900 700 u) [ASC|DESC] [COUNT (c|i)] [WITHCOORD] [WITHDIST] [WITHHASH]",
            "GEOSEARCHSTORE k k FROMLONLAT lon lat BYRADIUS 600 km ASC [COUNT c] [STOREDIST]", "GEORADIUS k lon lat 500 km [WITHDIST] [WITHCOORD] ASC", "GEORADIUSBYMEMBER k e 700 km ASC", "ZSCORE k e",
        ]),
    ];

    /// <summary>A random command of the families whose prefixes are given.</summary>
    public static byte[][] Next(Random random, CommandTemplate template, string prefixes)
    {
        if (random.Next(1000) == 0)
        {
            (string waitingPrefix, string waiting) = Waits[random.Next(Waits.Length)];
            return template.Next(waiting, waitingPrefix);
        }

        (string prefix, string[] templates) = All[random.Next(All.Length)];
        while (!prefixes.Contains(prefix, StringComparison.Ordinal))
        {
            (prefix, templates) = All[random.Next(All.Length)];
        }

        return random.Next(12) == 0
            ? template.Next(Keys[random.Next(Keys.Length)], prefixes[random.Next(prefixes.Length)].ToString())
            : template.Next(templates[random.Next(templates.Length)], prefix);
    }
}
