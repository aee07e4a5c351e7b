using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The keys of an operation on several. They are asked for more than once, so that no probe need be kept.</summary>
internal interface IKeyList
{
    int Count { get; }

    /// <summary>Makes the probe of a key; it may borrow the scratch.</summary>
    void Probe(int index, ref KeyScratch scratch, out KeyProbe key);
}

/// <summary>Keys with the value that each shall have.</summary>
internal interface IPairList : IKeyList
{
    ReadOnlySpan<byte> Value(int index);
}

/// <summary>Reads one value after the other.</summary>
internal interface IBatchReader : IValueReader
{
    /// <summary>What was read last is the value of this key, or the key holds no string. No lock is held.</summary>
    void Next(int index, bool isHit);
}

/// <summary>Keys as text.</summary>
internal readonly ref struct TextKeys(ReadOnlySpan<string> keys) : IKeyList
{
    private readonly ReadOnlySpan<string> _keys = keys;

    public int Count => _keys.Length;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(_keys[index], ref scratch, out key);
}

/// <summary>Keys as bytes.</summary>
internal readonly ref struct ByteKeys(ReadOnlySpan<ReadOnlyMemory<byte>> keys) : IKeyList
{
    private readonly ReadOnlySpan<ReadOnlyMemory<byte>> _keys = keys;

    public int Count => _keys.Length;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(_keys[index].Span, out key);
}
