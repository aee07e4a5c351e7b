using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Tests.Operations;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>The log of streams brings them back, here and on redis-server; and their memory comes back when they go.</summary>
public sealed class StreamEffectTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private static readonly string[] Groups = ["g0", "g1", "g2"];

    [Theory]
    [InlineData(20260231)]
    [InlineData(20260232)]
    public void A_replayed_log_gives_the_same_streams_here_and_on_redis(int seed)
    {
        using var store = new KeyTestStore();
        store.Store.Encodings.StreamNodeMaxEntries = 5;
        redis.Server.Execute("FLUSHALL");
        redis.Server.Execute("CONFIG", "SET", "stream-node-max-entries", "5");
        var context = new CommandContext(store.Store);
        var source = new StreamCommandSource(new Random(seed));
        for (int i = 0; i < 3000; i++)
        {
            CommandTable.Core.Serve(context, new LoggedCommand(0, source.Next()).ToArguments());
        }

        List<LoggedCommand> log = store.TakeLog();
        using var replayed = new KeyTestStore();
        replayed.Store.Encodings.StreamNodeMaxEntries = 5;
        replayed.Replay(log);
        RedisReply[] theirs = redis.Server.ExecuteAll([.. log.Select(command => command.Arguments)]);

        Assert.All(theirs, reply => Assert.Null(reply.Error));
        string[] expected = [.. Questions().Select(question => Ask(store, question))];
        Assert.Equal(expected, Questions().Select(question => Ask(replayed, question)));
        Assert.Equal(expected, Questions().Select(question => redis.Server.Execute(question.Split(' ')).ToString()));
    }

    [Fact]
    public void A_deleted_stream_leaves_no_memory_behind()
    {
        using var store = new KeyTestStore(shards: 1);
        var context = new CommandContext(store.Store);
        Run("SET warm up");
        long before = store.Store.ShardAt(0).Allocator.AllocatedBytes;
        Run("XGROUP CREATE s g 0 MKSTREAM");
        for (int i = 1; i <= 20_000; i++)
        {
            Run($"XADD s {i}-0 field value{i}");
        }

        Run("XREADGROUP GROUP g ann COUNT 10000 STREAMS s >");
        Run("XREADGROUP GROUP g bob STREAMS s >");
        Run("COPY s t");
        Run("XDEL s 5-0 500-0");
        Run("XTRIM s MAXLEN 15000");
        long filled = store.Store.ShardAt(0).Allocator.AllocatedBytes;

        Run("DEL s t");
        store.Store.Sweep();
        while (store.Store.ShardAt(0).Collections.HasGarbage)
        {
            Run("SET warm up");
        }

        Assert.InRange(filled - before, 1_000_000, 8_000_000);
        Assert.Equal(before, store.Store.ShardAt(0).Allocator.AllocatedBytes);

        void Run(string line) => CommandTable.Core.Serve(context, LoggedCommand.Of(line).ToArguments());
    }

    private static IEnumerable<string> Questions()
    {
        foreach (string key in (string[])["x0", "x1", "x2", "absent"])
        {
            yield return $"XRANGE {key} - +";
            yield return $"XINFO STREAM {key}";
            yield return $"XINFO GROUPS {key}";
            foreach (string group in Groups)
            {
                yield return $"XPENDING {key} {group}";
            }
        }
    }

    private static string Ask(KeyTestStore store, string question)
    {
        var context = new CommandContext(store.Store, new RespWriter());
        CommandTable.Core.Serve(context, LoggedCommand.Of(question).ToArguments());
        return RedisReplyReader.Read(new MemoryStream(context.Reply.Written.ToArray())).ToString();
    }
}
