using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The keys of an operation on several, in whatever form the caller has them: strings, arrays, arguments of a command.</summary>
internal interface IKeySource
{
    int Count { get; }

    /// <summary>Makes a key ready for a look-up. Called more than once for a key.</summary>
    void Probe(int index, ref KeyScratch scratch, out KeyProbe key);
}

/// <summary>Keys as text.</summary>
internal readonly ref struct TextKeys(ReadOnlySpan<string> keys) : IKeySource
{
    private readonly ReadOnlySpan<string> _keys = keys;

    public int Count => _keys.Length;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create(_keys[index], ref scratch, out key);
}

/// <summary>Keys as bytes.</summary>
internal readonly ref struct ByteKeys(ReadOnlySpan<byte[]> keys) : IKeySource
{
    private readonly ReadOnlySpan<byte[]> _keys = keys;

    public int Count => _keys.Length;

    public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) => KeyProbe.Create((ReadOnlySpan<byte>)_keys[index], out key);
}
