using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Writes streams and their entries as replies.</summary>
/// <remarks>
/// <code>
///   entry     [id, [field, value, …]]         [id, null] where only the ID is left
///   streams   [[key, [entry, …]], …]          in RESP3 a map from key to entries
/// </code>
/// </remarks>
internal struct StreamReply(RespWriter reply) : IStreamsSink
{
    private int _mark;

    /// <summary>Entries written; inside of a stream those of the stream.</summary>
    public int Count { get; private set; }

    /// <summary>Writes an ID.</summary>
    public static void WriteId(RespWriter reply, StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxTextBytes];
        reply.Bulk(text[..id.Format(text)]);
    }

    /// <summary>Writes fields and values, each followed by the other.</summary>
    public static void WriteFields(RespWriter reply, StreamEntryFields fields)
    {
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        reply.Array(2 * fields.Count);
        foreach (StreamFieldElement field in fields)
        {
            reply.Bulk(field.Name.AsText(scratch));
            reply.Bulk(field.Value.AsText(scratch));
        }
    }

    public void Begin(int index, scoped in KeyProbe key)
    {
        if (reply.Protocol < 3)
        {
            reply.Array(2);
        }

        Span<byte> name = reply.BeginBulk(key.Length);
        key.CopyTo(name);
        reply.EndBulk(key.Length);
        _mark = reply.BeginAggregate();
        Count = 0;
    }

    public void End()
    {
        reply.EndArray(_mark, Count);
        Count = 0;
    }

    public void Entry(StreamId id, scoped StreamEntryFields fields)
    {
        Count++;
        reply.Array(2);
        WriteId(reply, id);
        WriteFields(reply, fields);
    }

    public void Deleted(StreamId id)
    {
        Count++;
        reply.Array(2);
        WriteId(reply, id);
        reply.NullArray();
    }

    public void Id(StreamId id)
    {
        Count++;
        WriteId(reply, id);
    }
}
