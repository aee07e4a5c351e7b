using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Api;

/// <summary>Makes a <typeparamref name="T"/> of each value of a batch. Each is copied first: without a lock the bytes may be changing.</summary>
internal ref struct TypedBatchReader<T>(ReadOnlySpan<string> keys, T?[] values, ICacheSerializer serializer) : IBatchReader
{
    private readonly ReadOnlySpan<string> _keys = keys;
    private PooledReader _reader;

    public void Read(ReadOnlySpan<byte> value, RecordView record) => _reader.Read(value, record);

    public readonly void Next(int index, bool isHit)
    {
        if (isHit)
        {
            values[index] = ValueCodec.Decode<T>(_reader.Memory, serializer, _keys[index]);
        }
    }

    public void Return() => _reader.Return();
}
