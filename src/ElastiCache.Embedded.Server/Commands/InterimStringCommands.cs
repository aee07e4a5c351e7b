using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>GET and SET with replies, until the library's own rows write them; then this file goes.</summary>
internal static class InterimStringCommands
{
    private static readonly CommandHandler SetWithoutReply = CommandTable.Core.Find("SET"u8)!.Handler;

    public static readonly Command[] Rows =
    [
        new("GET", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPositions.One, Get, "Reads a string.") { Complexity = "O(1)" },
        new("SET", -3, CommandFlags.Write | CommandFlags.DenyOutOfMemory, KeyPositions.One, Set, "Stores a string.") { Complexity = "O(1)" },
    ];

    private static CommandError? Get(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        var reader = new BulkReader(context.Reply);
        switch (context.Store.Read(context.Database, key, ref reader))
        {
            case ReadOutcome.Miss:
                context.Reply.Null();
                return null;
            case ReadOutcome.WrongType:
                return CommandError.WrongType;
            default:
                return null;
        }
    }

    private static CommandError? Set(CommandContext context, scoped in CommandArguments arguments)
    {
        CommandError? error = SetWithoutReply(context, arguments);
        if (error is null)
        {
            context.Reply.Ok();
        }

        return error;
    }

    // A read that was overtaken by a write is tried again, and writes its reply anew from the same place.
    private readonly struct BulkReader(RespWriter reply) : IValueReader
    {
        private readonly int _start = reply.Length;

        public void Read(ReadOnlySpan<byte> value, RecordView record)
        {
            reply.CutBack(_start);
            reply.Bulk(value);
        }
    }
}
