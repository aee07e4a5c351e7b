using ElastiCache.Embedded.Commands;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Commands in a log, from bytes that may be anybody's.</summary>
public sealed class RespReaderTests
{
    [Fact]
    public void What_the_effect_buffer_writes_is_read_back()
    {
        var buffer = new EffectBuffer();
        buffer.Begin(0, 4).Argument("SET"u8).Argument(""u8).Argument(long.MinValue).Argument(new byte[100_000]);

        RespOutcome outcome = new RespReader().Read(buffer.Written, out CommandArguments command, out int length);

        Assert.Equal(RespOutcome.Command, outcome);
        Assert.Equal(buffer.Length, length);
        Assert.Equal(4, command.Count);
        Assert.True(command.Name.SequenceEqual("SET"u8));
        Assert.True(command[1].IsEmpty);
        Assert.True(command[2].SequenceEqual("-9223372036854775808"u8));
        Assert.Equal(100_000, command[3].Length);
    }

    [Fact]
    public void A_command_cut_at_any_byte_is_incomplete_and_wants_more_than_is_there()
    {
        byte[] whole = Encoding.ASCII.GetBytes("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$12\r\nabcdefghijkl\r\n");

        for (int length = 0; length < whole.Length; length++)
        {
            RespOutcome outcome = new RespReader().Read(whole.AsSpan(0, length), out _, out int needed);

            Assert.Equal(RespOutcome.Incomplete, outcome);
            Assert.InRange(needed, length + 1, whole.Length);
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("*\r\n")]
    [InlineData("*+1\r\n$1\r\na\r\n")]
    [InlineData("*1\n$1\r\na\r\n")]
    [InlineData("*1 \r\n$1\r\na\r\n")]
    [InlineData("*00000000000000000001\r\n")]
    [InlineData("*4294967296\r\n")]
    [InlineData("*2147483648\r\n")]
    [InlineData("*1\r\n$-1\r\n")]
    [InlineData("*1\r\n$536870913\r\n")]
    [InlineData("*1\r\n:1\r\n")]
    [InlineData("*1\r\n$1\r\nab\r\n")]
    [InlineData("*0\r\n")]
    [InlineData("*12x")]
    public void What_can_never_become_a_command_is_malformed(string text) =>
        Assert.Equal(RespOutcome.Malformed, new RespReader().Read(Encoding.ASCII.GetBytes(text), out _, out _));

    [Fact]
    public void A_claim_of_two_billion_arguments_allocates_nothing_for_them()
    {
        new RespReader().Read("*1\r\n$1\r\na\r\n"u8, out _, out _);     // what the first call of all allocates is not meant
        long before = GC.GetAllocatedBytesForCurrentThread();

        RespOutcome outcome = new RespReader().Read("*2147483647\r\n$1\r\na\r\n"u8, out _, out _);

        Assert.Equal(RespOutcome.Incomplete, outcome);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    [Fact]
    public void Any_change_of_a_byte_leaves_the_reader_standing()
    {
        byte[] whole = Encoding.ASCII.GetBytes("*2\r\n$3\r\nDEL\r\n$2\r\nkk\r\n");
        var reader = new RespReader();
        for (int i = 0; i < whole.Length; i++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] bytes = [.. whole];
                bytes[i] = (byte)value;
                reader.Read(bytes, out _, out int length);
                Assert.True(length >= 0);
            }
        }
    }
}
