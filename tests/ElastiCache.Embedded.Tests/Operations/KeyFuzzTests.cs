using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>Random commands on few keys, here and on redis-server: the same replies and errors, the same keyspace, and a log that gives both the same again.</summary>
public sealed class KeyFuzzTests(RedisServerFixture redis, ITestOutputHelper output) : IClassFixture<RedisServerFixture>
{
    private const int Rounds = 25;
    private const int CommandsARound = 400;

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(103)]
    public void Replies_errors_and_keyspace_are_those_of_redis_and_so_is_what_both_make_of_the_log(int seed)
    {
        output.WriteLine($"seed {seed}");
        var commands = new KeyCommandSource(new Random(seed));
        using var ours = new KeyCommandRunner();
        PutLists(ours.Direct);
        PutLists(ours.ByTable);
        FlushAndPutLists();
        var log = new List<LoggedCommand>();

        for (int round = 0; round < Rounds; round++)
        {
            string[][] some = [.. Enumerable.Range(0, CommandsARound).Select(_ => commands.Next())];
            RedisReply[] theirs = redis.Server.ExecuteAll([.. some.Select(words => Array.ConvertAll(words, Encoding.UTF8.GetBytes))]);
            for (int i = 0; i < some.Length; i++)
            {
                List<string> present = ours.Direct.KeysLike("*", ours.Database);
                RedisReply reply = ours.Execute(some[i]);
                if (!IsSame(some[i], theirs[i], reply, present))
                {
                    Assert.Fail($"seed {seed}, round {round}, command {i}: {string.Join(' ', some[i])}\nredis: {theirs[i]}\n ours: {reply}");
                }
            }

            List<string> keyspace = RedisKeyspace(ours.Database);
            Assert.Equal(keyspace, ours.Direct.Dump());
            Assert.Equal(keyspace, ours.ByTable.Dump());
            log.AddRange(ours.Direct.TakeLog());
        }

        // Each command twice in a row changes no more than once; SWAPDB alone can't be written so.
        List<LoggedCommand> doubled = [.. log.SelectMany(command => Enumerable.Repeat(command, command.Name is "SWAPDB" or "MULTI" or "EXEC" ? 1 : 2))];
        foreach (List<LoggedCommand> replayed in new[] { log, doubled })
        {
            using var copy = new KeyTestStore(shards: 2);
            PutLists(copy);
            copy.Replay(replayed);
            Assert.Equal(ours.Direct.Dump(), copy.Dump());

            FlushAndPutLists();
            redis.Server.ExecuteAll([.. replayed.SelectMany(command => new[] { Select(command.Database), command.Arguments })]);
            Assert.Equal(ours.Direct.Dump(), RedisKeyspace(ours.Database));
        }
    }

    // TTLs count from two different presents; the random key is anybody's.
    private static bool IsSame(string[] words, RedisReply theirs, RedisReply ours, List<string> present)
    {
        switch (words[0])
        {
            case "RANDOMKEY":
                return theirs.IsNull == ours.IsNull && (ours.IsNull || present.Contains(ours.Text!));
            case "KEYS":
                return Sorted(theirs.Items!).SequenceEqual(ours.Items!.Select(item => item.Text));
            case "SCAN":
                return theirs[0].Text == ours[0].Text && Sorted(theirs[1].Items!).SequenceEqual(ours[1].Items!.Select(item => item.Text));
            case "PTTL" or "TTL" when theirs.Number > 0:
                return ours.Number > 0;
            case "OBJECT" when words[1] == "ENCODING" && ours.Text == "unknown":
                return theirs.Text is "quicklist" or "listpack";
            default:
                return theirs.ToString() == ours.ToString();
        }
    }

    private static IEnumerable<string?> Sorted(RedisReply[] items) => items.Select(item => item.Text).Order(StringComparer.Ordinal);

    private static byte[][] Select(int database) => ["SELECT"u8.ToArray(), Encoding.ASCII.GetBytes(database.ToString(CultureInfo.InvariantCulture))];

    private static void PutLists(KeyTestStore store)
    {
        for (int database = 0; database < KeyCommandSource.Databases; database++)
        {
            store.Put("list", ValueKind.List, [1], default, database);
        }
    }

    private void FlushAndPutLists()
    {
        redis.Server.Execute("FLUSHALL");
        for (int database = KeyCommandSource.Databases - 1; database >= 0; database--)
        {
            redis.Server.ExecuteAll([Select(database)]);
            redis.Server.Execute("RPUSH", "list", "x");
        }
    }

    private List<string> RedisKeyspace(int selected)
    {
        var lines = new List<string>();
        for (int database = 0; database < 16; database++)
        {
            redis.Server.ExecuteAll([Select(database)]);
            foreach (string? key in Sorted(redis.Server.Execute("KEYS", "*").Items!))
            {
                string type = redis.Server.Execute("TYPE", key!).Text!;
                string value = type == "string" ? $"{redis.Server.Execute("GET", key!).Text} ({redis.Server.Execute("OBJECT", "ENCODING", key!).Text})" : type;
                lines.Add($"{database} {key} = {value} until {redis.Server.Execute("PEXPIRETIME", key!)}");
            }
        }

        redis.Server.ExecuteAll([Select(selected)]);
        return lines;
    }
}
