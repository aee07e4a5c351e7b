using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Api;

/// <summary>Copies elements of a list into a buffer.</summary>
internal readonly struct ElementsInBuffer(NameBuffer buffer) : IElementSink
{
    public void Take(scoped ReadOnlySpan<byte> element) => buffer.Add(element);
}

/// <summary>Copies members of a sorted set into a buffer, each with the eight bytes of its score.</summary>
internal readonly struct ScoresInBuffer(NameBuffer buffer) : IScoredSink
{
    public void Take(scoped ReadOnlySpan<byte> member, double score)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        System.Buffers.Binary.BinaryPrimitives.WriteDoubleLittleEndian(bytes, score);
        buffer.Add(member, bytes);
    }
}

/// <summary>One member and its score.</summary>
internal readonly ref struct OneScore(ReadOnlySpan<byte> member, double score) : IScoredList
{
    private readonly ReadOnlySpan<byte> _member = member;

    public int Count => 1;

    public ReadOnlySpan<byte> Name(int index) => _member;

    public double Score(int index) => score;
}
