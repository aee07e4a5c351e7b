using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>An XREAD that waits. The reply is written when it is served, into a buffer of its own.</summary>
internal class StreamReadAttempt(StreamReads reads, int database, byte[][] keys, StreamCursor[] cursors, long count, RespWriter reply) : KeyAttempt
{
    /// <inheritdoc/>
    public override bool TryRun(int keyIndex, ref JournalTicket ticket)
    {
        KeyProbe.Create(keys[keyIndex], out KeyProbe key);
        if (!HasMore(database, keyIndex, key))
        {
            return false;
        }

        reply.Clear();
        int mark = reply.BeginAggregate();
        var sink = new StreamReply(reply);
        int served = Read(database, keys.AsSpan(keyIndex, 1), keyIndex, count, ref sink, ref ticket);
        StreamReadCommands.End(reply, mark, served);
        return served > 0;
    }

    /// <summary>Whether there is anything to read, without using or changing the stream: to change it would wake its readers, and so itself.</summary>
    protected virtual bool HasMore(int database, int keyIndex, scoped in KeyProbe key) => Reads.HasMore(database, key, cursors[keyIndex].After);

    /// <summary>Reads one stream.</summary>
    protected virtual int Read(int database, ReadOnlySpan<byte[]> key, int keyIndex, long most, ref StreamReply sink, ref JournalTicket ticket) =>
        Reads.Read(database, new NamedKeys(key), cursors.AsSpan(keyIndex, 1), most, ref sink);

    protected StreamReads Reads => reads;

    /// <summary>Keys as arrays.</summary>
    protected readonly ref struct NamedKeys(ReadOnlySpan<byte[]> keys) : IKeyList
    {
        private readonly ReadOnlySpan<byte[]> _keys = keys;

        public int Count => _keys.Length;

        public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(_keys[index], out key);
    }
}

/// <summary>An XREADGROUP that waits for entries that are new to the group.</summary>
internal sealed class GroupReadAttempt(
    StreamReads reads, int database, byte[][] keys, byte[] group, byte[] consumer, bool isNoAck, long count, RespWriter reply)
    : StreamReadAttempt(reads, database, keys, [], count, reply)
{
    /// <inheritdoc/>
    protected override bool HasMore(int database, int keyIndex, scoped in KeyProbe key) => Reads.HasNew(database, key, group);

    /// <inheritdoc/>
    protected override int Read(int database, ReadOnlySpan<byte[]> key, int keyIndex, long most, ref StreamReply sink, ref JournalTicket ticket) =>
        Reads.ReadAs(database, new NamedKeys(key), [StreamCursor.New], new GroupReader(group, consumer, isNoAck), most, ref sink, ref ticket);
}
