using System.Buffers;
using System.Globalization;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>The reply of HSCAN, SSCAN, ZSCAN: the next cursor, then what was found.</summary>
internal readonly ref struct MemberScanReply
{
    private readonly RespWriter _reply;
    private readonly int _start;
    private readonly int _mark;

    public MemberScanReply(RespWriter reply)
    {
        _reply = reply;
        reply.Array(2);
        _start = reply.Length;
        _mark = reply.BeginAggregate();
    }

    /// <summary>Ends the reply. The cursor stands before what was found, and only now it is known.</summary>
    public void End(int count, ulong next)
    {
        _reply.EndArray(_mark, count);
        ReadOnlySpan<byte> found = _reply.Written[_start..];
        byte[] copy = ArrayPool<byte>.Shared.Rent(found.Length);
        found.CopyTo(copy);
        int length = found.Length;
        _reply.CutBack(_start);
        _reply.Bulk(next.ToString(CultureInfo.InvariantCulture));
        _reply.Raw(copy.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(copy);
    }
}
