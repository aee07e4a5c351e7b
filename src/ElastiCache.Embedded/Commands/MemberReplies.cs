using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>Writes names and values as they come: HGETALL, HSCAN.</summary>
internal readonly struct PairReply(RespWriter reply) : IFieldSink
{
    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        reply.Bulk(name);
        reply.Bulk(value);
    }
}

/// <summary>Writes each name with its value as an array of two, as HRANDFIELD WITHVALUES does in RESP3.</summary>
internal readonly struct NestedPairReply(RespWriter reply) : IFieldSink
{
    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        reply.Array(2);
        reply.Bulk(name);
        reply.Bulk(value);
    }
}

/// <summary>Writes names: HKEYS.</summary>
internal readonly struct NameReply(RespWriter reply) : IFieldSink
{
    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => reply.Bulk(name);
}

/// <summary>Writes values: HVALS, HGET, HMGET.</summary>
internal readonly struct ValueReply(RespWriter reply) : IFieldSink, IFieldValueSink
{
    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => reply.Bulk(value);

    public void Take(scoped ReadOnlySpan<byte> value) => reply.Bulk(value);

    public void Miss() => reply.Null();
}

/// <summary>Writes names and values, and counts them.</summary>
internal struct CountedPairReply(RespWriter reply) : IFieldSink
{
    public int Count { get; private set; }

    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        reply.Bulk(name);
        reply.Bulk(value);
        Count++;
    }
}

/// <summary>Writes names, and counts them.</summary>
internal struct CountedNameReply(RespWriter reply) : IFieldSink
{
    public int Count { get; private set; }

    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        reply.Bulk(name);
        Count++;
    }
}

/// <summary>Writes a number for each.</summary>
internal readonly struct OutcomeReply(RespWriter reply) : IFieldResultSink<FieldExpiryOutcome>
{
    public void Take(FieldExpiryOutcome result) => reply.Integer((long)result);
}
