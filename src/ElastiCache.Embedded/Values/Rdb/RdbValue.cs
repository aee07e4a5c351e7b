using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>A value that was read from an RDB encoding, checked, and not yet stored.</summary>
internal sealed class RdbValue(ValueKind kind) : IDisposable
{
    /// <summary>What it is.</summary>
    public ValueKind Kind => kind;

    /// <summary>
    /// A string's bytes as the only item, a list's elements, a set's members, a hash's fields with their values, a sorted set's members with their scores in
    /// 8 bytes, from the lowest. Each member and field once. Empty for a stream.
    /// </summary>
    public NameBuffer Items { get; } = new();

    /// <summary>A stream; null for everything else.</summary>
    public RdbStream? Stream { get; init; }

    /// <summary>Deadlines of a hash's fields in Unix ms, where the file has them; null for none.</summary>
    public IReadOnlyList<(byte[] Field, long Deadline)>? FieldDeadlines { get; set; }

    /// <summary>The score of a sorted set's member.</summary>
    public double Score(int index) => BinaryPrimitives.ReadDoubleLittleEndian(Items.Value(index).Span);

    public void Dispose() => Items.Dispose();
}
