using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Writes a value into the reply, straight from where it lies. A read that was disturbed is repeated, so each begins at the same place.</summary>
internal readonly ref struct ReplyReader(RespWriter reply) : IValueReader
{
    private readonly int _start = reply.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        reply.CutBack(_start);
        reply.Bulk(value);
    }

    /// <summary>Takes back what a read wrote that then did not count.</summary>
    public void Undo() => reply.CutBack(_start);
}

/// <summary>Writes a part of a value into the reply: GETRANGE.</summary>
internal readonly ref struct RangeReplyReader(RespWriter reply, long from, long to) : IValueReader
{
    private readonly int _start = reply.Length;

    public void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        reply.CutBack(_start);
        bool any = RangeIndex.TryResolve(from, to, value.Length, out long offset, out long count);
        reply.Bulk(any ? value.Slice((int)offset, (int)count) : default);
    }
}

/// <summary>Writes the values of MGET into the reply.</summary>
internal ref struct ReplyBatchReader(RespWriter reply) : IBatchReader
{
    private int _start = reply.Length;

    public readonly void Read(ReadOnlySpan<byte> value, RecordView record)
    {
        reply.CutBack(_start);
        reply.Bulk(value);
    }

    public void Next(int index, bool isHit)
    {
        if (!isHit)
        {
            reply.CutBack(_start);
            reply.Null();
        }

        _start = reply.Length;
    }
}
