using System.Buffers;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>For tests of what must not reach a serializer.</summary>
internal sealed class NoSerializer : ICacheSerializer
{
    public static readonly NoSerializer Instance = new();

    public void Serialize<T>(T value, IBufferWriter<byte> destination) =>
        throw new InvalidOperationException($"{typeof(T)} reached the serializer.");

    public T? Deserialize<T>(ReadOnlyMemory<byte> source) =>
        throw new InvalidOperationException($"{typeof(T)} reached the serializer.");
}
