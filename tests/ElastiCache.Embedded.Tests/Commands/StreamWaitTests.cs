using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Resp;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>XREAD and XREADGROUP with BLOCK.</summary>
public sealed class StreamWaitTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly EmbeddedCache _cache;
    private readonly CommandSession _writer;

    public StreamWaitTests()
    {
        _cache = new EmbeddedCache(new EmbeddedCacheOptions { TimeProvider = _time });
        _writer = new CommandSession(_cache);
    }

    public void Dispose()
    {
        _writer.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public async Task A_reader_gets_the_entry_that_it_waited_for()
    {
        Client reader = Begin("XREAD BLOCK 0 STREAMS a b $ $");

        Assert.True(reader.IsWaiting);
        _writer.Execute("XADD b 5-1 f v");

        Assert.Equal("*1\r\n*2\r\n$1\r\nb\r\n*1\r\n*2\r\n$3\r\n5-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n", await reader.Reply());
    }

    [Fact]
    public async Task In_RESP3_the_reply_is_a_map()
    {
        _writer.Execute("XADD a 1-0 f v");
        Client at = Begin("XREAD STREAMS a 0", protocol: 3);
        Client waiting = Begin("XREAD BLOCK 0 STREAMS a $", protocol: 3);
        _writer.Execute("XADD a 2-0 f v");

        Assert.StartsWith("%1\r\n$1\r\na\r\n*1\r\n*2\r\n$3\r\n1-0\r\n", await at.Reply(), StringComparison.Ordinal);
        Assert.StartsWith("%1\r\n$1\r\na\r\n*1\r\n*2\r\n$3\r\n2-0\r\n", await waiting.Reply(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_whose_time_is_up_gets_nothing()
    {
        Client reader = Begin("XREAD BLOCK 1000 STREAMS a $");

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("*-1\r\n", await reader.Reply());
    }

    [Fact]
    public async Task Consumers_of_a_group_are_served_in_the_order_in_which_they_came()
    {
        _writer.Execute("XGROUP CREATE a g 0 MKSTREAM");
        Client first = Begin("XREADGROUP GROUP g one BLOCK 0 STREAMS a >");
        Client second = Begin("XREADGROUP GROUP g two BLOCK 0 STREAMS a >");

        _writer.Execute("XADD a 1-0 f v");
        Assert.True(second.IsStillWaiting);
        _writer.Execute("XADD a 2-0 f v");

        Assert.Contains("1-0", await first.Reply(), StringComparison.Ordinal);
        Assert.Contains("2-0", await second.Reply(), StringComparison.Ordinal);
        Assert.Equal("[2, \"1-0\", \"2-0\", [[\"one\", \"1\"], [\"two\", \"1\"]]]", _writer.Execute("XPENDING a g").ToString());
    }

    [Theory]
    [InlineData("XGROUP DESTROY a g", "-NOGROUP the consumer group this client was blocked on no longer exists\r\n")]
    [InlineData("DEL a", "-UNBLOCKED the stream key no longer exists\r\n")]
    public async Task A_consumer_whose_group_goes_is_told(string command, string expected)
    {
        _writer.Execute("XGROUP CREATE a g 0 MKSTREAM");
        Client consumer = Begin("XREADGROUP GROUP g one BLOCK 0 STREAMS a >");

        _writer.Execute(command);

        Assert.Equal(expected, await consumer.Reply());
    }

    [Fact]
    public void Nothing_waits_inside_a_transaction()
    {
        Assert.Equal("\"OK\"", _writer.Execute("MULTI").ToString());
        _writer.Execute("XREAD BLOCK 0 STREAMS a $");

        Assert.Equal("[(nil)]", _writer.Execute("EXEC").ToString());
    }

    private Client Begin(string line, int protocol = 2)
    {
        var context = new CommandContext(_cache.Store, new RespWriter { Protocol = protocol }) { Waiters = _cache.Waiters };
        CommandTable.Core.Serve(context, LoggedCommand.Of(line).ToArguments());
        return new Client(context);
    }

    private sealed class Client(CommandContext context)
    {
        public bool IsWaiting => context.Waiting != null;

        public bool IsStillWaiting => context.Waiting is { } waiting && !waiting.Waiter.Completion.IsCompleted;

        public async Task<string> Reply()
        {
            if (context.Waiting is { } waiting)
            {
                try
                {
                    WaitOutcome outcome = await waiting.Waiter.Completion.WaitAsync(TestContext.Current.CancellationToken);
                    waiting.WriteReply(context, outcome == WaitOutcome.Served);
                }
                catch (StreamException refusal)
                {
                    context.Reply.Error(CommandFailure.ReplyFor(refusal)!);
                }
            }

            return Encoding.UTF8.GetString(context.Reply.Written);
        }
    }
}
