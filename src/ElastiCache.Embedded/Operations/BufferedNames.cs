using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Copies what it takes into a buffer.</summary>
internal readonly struct NameBufferSink(NameBuffer buffer) : IFieldSink
{
    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => buffer.Add(name, value);
}

/// <summary>The names of a buffer, as an operation takes them.</summary>
internal readonly struct BufferedNames(NameBuffer buffer) : INameList
{
    public int Count => buffer.Count;

    public ReadOnlySpan<byte> Name(int index) => buffer.Name(index).Span;
}

/// <summary>The fields and values of a buffer, as an operation takes them.</summary>
internal readonly struct BufferedFieldValues(NameBuffer buffer) : IFieldValueList
{
    public int Count => buffer.Count;

    public ReadOnlySpan<byte> Name(int index) => buffer.Name(index).Span;

    public ReadOnlySpan<byte> Value(int index) => buffer.Value(index).Span;
}
