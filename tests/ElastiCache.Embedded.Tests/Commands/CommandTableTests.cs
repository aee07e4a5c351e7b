using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Tests.Operations;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

public sealed class CommandTableTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    [Fact]
    public void Every_row_has_the_arity_flags_and_key_positions_that_redis_reports()
    {
        foreach (Command command in CommandTable.Core.All)
        {
            RedisReply theirs = redis.Server.Execute("COMMAND", "INFO", command.Name)[0];
            if (theirs.IsNull && Version.Parse(command.Since) > new Version(7, 0, 15))
            {
                continue;   // newer than the server
            }

            string[] flags = [.. theirs[2].Items!.Select(item => item.Text!)];

            Assert.Equal(theirs[1].Number, command.Arity);
            Assert.Equal((theirs[3].Number, theirs[4].Number, theirs[5].Number), (command.Keys.First, command.Keys.Last, command.Keys.Step));
            Assert.Equal((command.Name, flags.Contains("write")), (command.Name, command.Flags.HasFlag(CommandFlags.Write)));
            Assert.Equal((command.Name, flags.Contains("denyoom")), (command.Name, command.Flags.HasFlag(CommandFlags.DenyOutOfMemory)));
            Assert.Equal((command.Name, flags.Contains("fast")), (command.Name, command.Flags.HasFlag(CommandFlags.Fast)));
            Assert.Equal((command.Name, flags.Contains("readonly")), (command.Name, command.Flags.HasFlag(CommandFlags.ReadOnly)));
        }
    }

    [Theory]
    [InlineData("SET a")]
    [InlineData("SET a 1 NX XX")]
    [InlineData("SET a 1 EX")]
    [InlineData("SET a 1 EX 0")]
    [InlineData("SET a 1 EX -1")]
    [InlineData("SET a 1 PX 9223372036854775807")]
    [InlineData("SET a 1 EX 9223372036854775807")]
    [InlineData("SET a 1 EX 10 KEEPTTL")]
    [InlineData("SET a 1 KEEPTTL PXAT 5")]
    [InlineData("SET a 1 PX 1 EX 1")]
    [InlineData("SET a 1 EX ten")]
    [InlineData("SET a 1 ''")]
    [InlineData("SETEX a 0 v")]
    [InlineData("SETEX a x v")]
    [InlineData("PSETEX a -5 v")]
    [InlineData("MSET a 1 b")]
    [InlineData("MSETNX a")]
    [InlineData("MSET")]
    [InlineData("DEL")]
    [InlineData("RENAME nothing b")]
    [InlineData("RENAME nothing nothing")]
    [InlineData("COPY a a")]
    [InlineData("COPY a a DB 0 REPLACE")]
    [InlineData("COPY a b DB")]
    [InlineData("COPY a b DB 16")]
    [InlineData("COPY a b DB -1")]
    [InlineData("COPY a b DB 4294967296")]
    [InlineData("COPY a b DB x")]
    [InlineData("MOVE a 0")]
    [InlineData("MOVE a 16")]
    [InlineData("MOVE a x")]
    [InlineData("SWAPDB x 1")]
    [InlineData("SWAPDB 1 x")]
    [InlineData("SWAPDB 99 x")]
    [InlineData("SWAPDB 99 1")]
    [InlineData("SWAPDB -1 1")]
    [InlineData("SELECT 16")]
    [InlineData("SELECT -1")]
    [InlineData("SELECT x")]
    [InlineData("FLUSHDB now")]
    [InlineData("FLUSHALL SYNC ASYNC")]
    [InlineData("EXPIRE a 9223372036854775807")]
    [InlineData("EXPIRE a -9223372036854775808")]
    [InlineData("PEXPIRE a 9223372036854775807")]
    [InlineData("EXPIREAT a 9223372036854775807")]
    [InlineData("EXPIRE a 1 NX GT")]
    [InlineData("EXPIRE a 1 GT LT")]
    [InlineData("EXPIRE a 1 NX XX")]
    [InlineData("EXPIRE a x SOON")]
    [InlineData("EXPIRE a 1.5")]
    [InlineData("SETRANGE a -1 x")]
    [InlineData("SETRANGE a x x")]
    [InlineData("INCRBY a 1.5")]
    [InlineData("DECRBY a x")]
    [InlineData("SETBIT a -1 1")]
    [InlineData("SETBIT a 4294967296 1")]
    [InlineData("SETBIT a x 1")]
    [InlineData("SETBIT a 1 2")]
    [InlineData("SETBIT a 1 x")]
    [InlineData("BITOP NOT d a b")]
    [InlineData("BITOP NAND d a b")]
    [InlineData("BITFIELD a SET u64 0 1")]
    [InlineData("BITFIELD a SET i65 0 1")]
    [InlineData("BITFIELD a SET x8 0 1")]
    [InlineData("BITFIELD a SET u 0 1")]
    [InlineData("BITFIELD a SET u8 -1 1")]
    [InlineData("BITFIELD a SET u8 4294967296 1")]
    [InlineData("BITFIELD a SET u8 #536870912 1")]
    [InlineData("BITFIELD a SET u8 0 x")]
    [InlineData("BITFIELD a SET u8 0")]
    [InlineData("BITFIELD a OVERFLOW NEVER")]
    [InlineData("BITFIELD a OVERFLOW")]
    [InlineData("BITFIELD a FLIP u8 0")]
    public void What_is_wrong_with_a_command_is_said_in_the_words_of_redis(string words)
    {
        redis.Server.Execute("FLUSHALL");
        using var store = new KeyTestStore();
        var context = new CommandContext(store.Store);
        LoggedCommand command = LoggedCommand.Of(words);

        CommandError? ours = CommandTable.Core.Execute(context, command.ToArguments());

        Assert.Equal(redis.Server.Execute(command.Arguments).Error, ours?.ToString());
        Assert.Empty(store.Dump());
        Assert.Equal("", store.Log());
    }

    [Theory]
    [InlineData("set")]
    [InlineData("Set")]
    [InlineData("SET")]
    public void Names_are_found_in_any_case(string name) =>
        Assert.Equal("SET", CommandTable.Core.Find(System.Text.Encoding.ASCII.GetBytes(name))?.Name);

    [Theory]
    [InlineData("")]
    [InlineData("SETT")]
    [InlineData("ÄSET")]
    [InlineData("A_COMMAND_WITH_A_NAME_LONGER_THAN_ANY_IN_THE_TABLE")]
    public void Other_names_are_not_found(string name) =>
        Assert.Null(CommandTable.Core.Find(System.Text.Encoding.UTF8.GetBytes(name)));
}
