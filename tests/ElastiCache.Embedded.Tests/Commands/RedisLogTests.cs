using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Tests.Operations;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>What redis-server writes into its own append-only file, replayed here: every command that it knows for strings and keys.</summary>
public sealed class RedisLogTests(ITestOutputHelper output)
{
    private static readonly string[] EveryForm =
    [
        "SET a 1", "SETEX b 100000 v", "PSETEX b 100000000 v", "SET c v EX 100000 NX", "SET c v XX GET", "set c v keepttl",
        "SET c v NX PXAT 99999999999999", "SET d v NX PXAT 99999999999999 GET", "SETNX e v", "GETSET e w", "GETEX c EX 100000", "GETEX c PERSIST",
        "GETEX c PXAT 1", "INCR a", "DECR a", "INCRBY a 7", "DECRBY a 3", "INCRBYFLOAT a 0.5", "APPEND s x", "SETRANGE s 4 yy", "SETBIT s 7 1",
        "MSET x 1 y 2", "MSETNX x1 1 y1 2", "MSETNX x1 1 y2 2", "GETDEL x", "BITOP AND z y y1", "BITOP NOT z2 y", "BITOP XOR z nope nope2",
        "BITFIELD z3 SET u8 0 1 OVERFLOW SAT INCRBY i5 #3 30 GET u4 0", "EXPIRE y 100000", "EXPIRE y 200000 GT", "PEXPIREAT y 99999999999999 XX GT",
        "EXPIRE y 100000 LT", "EXPIREAT y 9999999999 XX", "EXPIRE y1 -1", "PERSIST s", "EXPIRE s 100000", "PERSIST s", "RENAME s s2", "RENAMENX s2 s3",
        "RENAME e e", "COPY s3 s4", "COPY s3 s4 DB 3 REPLACE", "MOVE s3 5", "SWAPDB 3 5", "UNLINK x1 y1 nothere", "DEL a b nothere", "SETBIT q 1 0",
        "APPEND q ''", "SET k v GET EX 100000", "MULTI", "SET m 1", "INCR m", "SELECT 2", "SET n 2", "EXEC", "SET gone 1", "FLUSHDB ASYNC",
        "SELECT 0", "EVAL redis.call('SET','l',1)redis.call('INCR','l') 0", "FLUSHALL SYNC", "SET after 1",
    ];

    [Fact]
    public void Every_form_of_a_command_is_replayed_to_the_same_keyspace()
    {
        // Each beginning of the list, as the last commands of all leave little behind.
        foreach (int length in new[] { 20, 32, 45, 56, 57, EveryForm.Length })
        {
            Compare([.. EveryForm[..length].Select(words => LoggedCommand.Of(words).Arguments)], $"the first {length} forms");
        }
    }

    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    public void A_log_of_random_commands_is_replayed_to_the_same_keyspace(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var keys = new KeyCommandSource(random);
        var strings = new StringCommandSource(random);
        Compare(
            [.. Enumerable.Range(0, 6000).Select(i => i % 2 == 0
                ? strings.Next(KeyTestStore.Start)
                : Array.ConvertAll(keys.Next(), Encoding.UTF8.GetBytes))],
            $"seed {seed}");
    }

    private static void Compare(IReadOnlyList<byte[][]> commands, string what)
    {
        string folder = Directory.CreateTempSubdirectory("elasticache-redis-log-").FullName;
        try
        {
            using RedisServer server = RedisServer.Start("--dir", folder, "--appendonly", "yes", "--appendfsync", "always");
            server.ExecuteAll(commands);
            List<LoggedCommand> log = LoggedCommand.Parse(File.ReadAllBytes(Assert.Single(Directory.GetFiles(folder, "*.incr.aof", SearchOption.AllDirectories))));
            Assert.NotEmpty(log);

            using var ours = new KeyTestStore();
            ours.Replay(log);

            Assert.True(Keyspace(server).SequenceEqual(Keyspace(ours)), $"{what}:\n{string.Join('\n', Keyspace(server))}\n--- ours\n{string.Join('\n', Keyspace(ours))}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<string> Keyspace(RedisServer server)
    {
        var lines = new List<string>();
        for (int database = 0; database < 16; database++)
        {
            server.Execute("SELECT", database.ToString(CultureInfo.InvariantCulture));
            foreach (string key in server.Execute("KEYS", "*").Items!.Select(item => item.Text!).Order(StringComparer.Ordinal))
            {
                lines.Add($"{database} {key} = {server.Execute("GET", key).Text} until {server.Execute("PEXPIRETIME", key)}");
            }
        }

        return lines;
    }

    private static List<string> Keyspace(KeyTestStore store) =>
    [
        .. Enumerable.Range(0, 16).SelectMany(database => store.KeysLike("*", database)
            .Select(key => $"{database} {key} = {store.Get(key, database)} until {store.Deadline(key, database).UnixTime(inSeconds: false)}")),
    ];
}
