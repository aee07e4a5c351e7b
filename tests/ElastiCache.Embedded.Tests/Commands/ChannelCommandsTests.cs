using System.Text;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

public sealed class ChannelCommandsTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    // Their replies come in the order of hash tables: compared without it.
    private static readonly string[] Unordered = ["PUBLISH", "PUBSUB CHANNELS", "PUBSUB SHARDCHANNELS"];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Two_clients_that_subscribe_and_publish_at_random_see_what_they_see_in_redis(int protocol)
    {
        const int Seed = 7_150;
        const int Commands = 1_500;
        var random = new Random(Seed + protocol);
        using var cache = new EmbeddedCache();

        // The clients of an earlier test may not have left yet.
        redis.Server.Execute("CLIENT", "KILL", "TYPE", "pubsub");
        CommandSession[] ours = [Session(cache, protocol), Session(cache, protocol), Session(cache, protocol)];
        RawRedisClient[] theirs = [Client(protocol), Client(protocol), Client(protocol)];
        List<string> story = [];
        for (int i = 0; i < Commands; i++)
        {
            int actor = random.Next(3);
            byte[][] command = Command(random);
            string name = PeerComparison.Text(command).ToUpperInvariant();
            bool unordered = Unordered.Any(name.StartsWith) || command.Length == 1;
            story.Add($"client {actor}: {PeerComparison.Text(command)}");

            string reply = Encoding.Latin1.GetString(ours[actor].Run(command)) + Pending(ours[actor]);
            string theirReply = theirs[actor].Execute(command);

            AssertSame(theirReply, reply, unordered, actor);
            for (int other = 0; other < 3; other++)
            {
                if (other != actor)
                {
                    AssertSame(theirs[other].ReceiveAll(), Pending(ours[other]), unordered: true, other);
                }
            }
        }

        Array.ForEach(theirs, client => client.Dispose());

        void AssertSame(string expected, string actual, bool unordered, int client)
        {
            if (unordered)
            {
                (expected, actual) = (Sorted(expected), Sorted(actual));
            }

            Assert.True(expected == actual,
                $"seed {Seed}, RESP{protocol}, client {client} got\n{actual}\nand with redis\n{expected}\nafter\n{string.Join('\n', story.TakeLast(25))}");
        }
    }

    [Theory]
    [InlineData("SUBSCRIBE")]
    [InlineData("PUBLISH a")]
    [InlineData("PUBLISH a b c")]
    [InlineData("SPUBLISH a")]
    [InlineData("PUBSUB")]
    [InlineData("PUBSUB CHANNELS a b")]
    [InlineData("PUBSUB SHARDCHANNELS a b")]
    [InlineData("PUBSUB NUMPAT a")]
    [InlineData("PUBSUB HELP a")]
    [InlineData("PUBSUB NOSUCH")]
    [InlineData("PUBSUB NUMSUB")]
    [InlineData("PUBSUB SHARDNUMSUB")]
    [InlineData("PUBSUB CHANNELS")]
    [InlineData("pubsub numpat")]
    public void Wrong_and_empty_commands_are_answered_as_redis_answers_them(string line)
    {
        using var ours = new CommandSession();
        using RawRedisClient theirs = Client(2);

        Assert.Equal(theirs.Execute(line), Run(ours, line));
    }

    [Theory]
    [InlineData("DEL a")]
    [InlineData("PUBLISH a b")]
    [InlineData("PUBSUB CHANNELS")]
    [InlineData("MULTI")]
    [InlineData("PUBSUB NUMSUB a")]
    public void A_subscriber_of_RESP2_may_send_nothing_but_the_commands_of_a_subscriber(string line)
    {
        using var ours = new CommandSession();
        using RawRedisClient theirs = Client(2);
        foreach (string subscribe in (string[])["SUBSCRIBE x", "PSUBSCRIBE y*", "SSUBSCRIBE z"])
        {
            Assert.Equal(theirs.Execute(subscribe), Run(ours, subscribe));
            Assert.Equal(theirs.Execute(line), Run(ours, line));
            string unsubscribe = subscribe.Split(' ')[0].Replace("SUB", "UNSUB", StringComparison.Ordinal);
            Assert.Equal(theirs.Execute(unsubscribe), Run(ours, unsubscribe));
        }

        Assert.Equal(":0\r\n", Run(ours, "PUBLISH a b"));
    }

    [Fact]
    public void A_subscriber_of_RESP3_may_send_everything()
    {
        using CommandSession ours = Session(cache: null, 3);
        Run(ours, "SUBSCRIBE x");

        Assert.Equal("*0\r\n", Run(ours, "PUBSUB SHARDCHANNELS"));
        Assert.Equal(">3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$2\r\nhi\r\n:1\r\n", Run(ours, "PUBLISH x hi"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Channels_may_be_subscribed_to_inside_a_transaction(int protocol)
    {
        using CommandSession ours = Session(cache: null, protocol);
        using RawRedisClient theirs = Client(protocol);
        string[] lines = ["MULTI", "SUBSCRIBE a b", "PUBLISH nobody x", "EXEC", "UNSUBSCRIBE b", "UNSUBSCRIBE a"];

        Assert.Equal(theirs.Execute(lines), string.Concat(lines.Select(line => Run(ours, line))));
    }

    [Fact]
    public void What_a_subscriber_may_not_send_breaks_the_transaction_that_it_is_in()
    {
        using var ours = new CommandSession();
        using RawRedisClient theirs = Client(2);
        string[] lines = ["MULTI", "SUBSCRIBE a", "EXEC", "DEL a", "UNSUBSCRIBE", "PUBLISH a b"];

        Assert.Equal(theirs.Execute(lines), string.Concat(lines.Select(line => Run(ours, line))));
    }

    [Fact]
    public void A_client_that_can_be_sent_nothing_cannot_subscribe_but_may_publish()
    {
        using var cache = new EmbeddedCache();
        var context = new Embedded.Commands.CommandContext(cache.Store, new RespWriter()) { Channels = cache.Hub };

        Serve("SUBSCRIBE a");
        Serve("UNSUBSCRIBE a");
        Serve("PUBLISH a b");

        Assert.Equal(
            "-ERR SUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n:0\r\n",
            Encoding.ASCII.GetString(context.Reply.Written));

        void Serve(string line) => Embedded.Commands.CommandTable.Core.Serve(context, LoggedCommand.Of(line).ToArguments());
    }

    [Fact]
    public void A_client_that_does_not_read_is_given_up_at_its_limit()
    {
        using var cache = new EmbeddedCache();
        using var slow = new CommandSession(cache);
        using var publisher = new CommandSession(cache);
        slow.Subscriber.MostPendingBytes = 10_000;
        Run(slow, "SUBSCRIBE a");

        for (int i = 0; i < 100; i++)
        {
            Run(publisher, "PUBLISH a " + new string('x', 1_000));
        }

        Assert.True(slow.Subscriber.IsOverLimit);
        Assert.Equal("", Pending(slow));
    }

    [Fact]
    public void Help_is_lines_of_text()
    {
        using var ours = new CommandSession();

        RedisReply help = ours.Execute("PUBSUB HELP");

        Assert.Contains(help.Items!, line => line.Text == "SHARDNUMSUB [<shardchannel> ...]");
    }

    [Fact]
    public async Task A_client_of_the_server_and_the_typed_API_talk_to_each_other()
    {
        await using var cache = new EmbeddedCache();
        using CommandSession client = Session(cache, 3);
        Run(client, "SUBSCRIBE from.api");
        await using ChannelSubscription subscription = cache.Channels.Subscribe("from.client", TestContext.Current.CancellationToken);

        Assert.Equal(1, cache.Channels.Publish("from.api", 7));
        Assert.Equal(":1\r\n", Run(client, "PUBLISH from.client hello")[^4..]);

        await foreach (ChannelMessage message in subscription)
        {
            Assert.Equal("hello", message.GetString());
            break;
        }
    }

    private static byte[][] Command(Random random)
    {
        string[] names = ["a", "b", "ab", "abc", "", "a*", "?"];
        string[] patterns = ["a*", "?", "*", "[ab]", "ab?", "", "\\*", "a*b*"];
        string Name() => names[random.Next(names.Length)];
        string Pattern() => patterns[random.Next(patterns.Length)];
        string[] Some(string command, Func<string> one) => [command, .. Enumerable.Range(0, random.Next(1, 4)).Select(_ => one())];
        string[] words = random.Next(22) switch
        {
            0 or 1 or 2 => Some("SUBSCRIBE", Name),
            3 or 4 => Some("UNSUBSCRIBE", Name),
            5 or 6 => Some("PSUBSCRIBE", Pattern),
            7 or 8 => Some("PUNSUBSCRIBE", Pattern),
            9 => Some("SSUBSCRIBE", Name),
            10 => Some("SUNSUBSCRIBE", Name),
            11 => [((string[])["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"])[random.Next(3)]],
            12 or 13 => ["SPUBLISH", Name(), $"message {random.Next(100)}"],
            14 => [.. Some("PUBSUB NUMSUB", Name)[0].Split(' '), .. Some("", Name)[1..]],
            15 => ["PUBSUB", "SHARDNUMSUB", Name(), Name()],
            16 => ["PUBSUB", "NUMPAT"],
            17 => ["PUBSUB", "CHANNELS", Pattern()],
            18 => ["PUBSUB", "SHARDCHANNELS"],
            _ => ["PUBLISH", Name(), random.Next(5) == 0 ? "" : $"message {random.Next(100)}"],
        };
        return Array.ConvertAll(words, Encoding.UTF8.GetBytes);
    }

    private static string Run(CommandSession session, string line) =>
        Encoding.Latin1.GetString(session.Run(Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes))) + Pending(session);

    private static string Pending(CommandSession session)
    {
        var writer = new RespWriter();
        session.Subscriber.MovePendingTo(writer);
        return Encoding.Latin1.GetString(writer.Written);
    }

    private static string Sorted(string reply) => string.Join("\r\n", reply.Split("\r\n").Order(StringComparer.Ordinal));

    private static CommandSession Session(EmbeddedCache? cache, int protocol)
    {
        var session = new CommandSession(cache);
        session.Context.Reply.Protocol = protocol;
        session.Subscriber.Protocol = protocol;
        return session;
    }

    private RawRedisClient Client(int protocol)
    {
        var client = new RawRedisClient(redis.Server.Port);
        client.Execute($"HELLO {protocol}");
        return client;
    }
}
