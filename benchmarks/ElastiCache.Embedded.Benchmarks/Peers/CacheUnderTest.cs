using ElastiCache.Embedded.Benchmarks.Data;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>One cache, filled or not, that the benchmarks can work on.</summary>
internal abstract class CacheUnderTest : IDisposable
{
    /// <summary>A way into the cache for one thread at a time.</summary>
    public abstract Player NewPlayer();

    /// <summary>Reads many keys at once; null where the cache has no such operation.</summary>
    public virtual BatchGet? GetMany => null;

    /// <summary>Sets a key that isn't a string object yet; null where the cache wants a string anyway.</summary>
    public virtual SpanSet? SetSpan => null;

    /// <summary>Inserts entries 0 … <paramref name="entries"/>−1 with key strings that nobody else holds.</summary>
    public virtual void Fill(int entries)
    {
        using Player player = NewPlayer();
        foreach (OperationStream.Slice slice in OperationStream.InOrder(entries))
        {
            player.Set(slice);
        }
    }

    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    protected virtual void Close()
    {
    }
}

/// <summary>Copies the values one after another into <paramref name="destination"/>; a length of −1 means absent.</summary>
internal delegate int BatchGet(ReadOnlySpan<string> keys, Span<byte> destination, Span<int> lengths);

internal delegate void SpanSet(ReadOnlySpan<char> key, ReadOnlySpan<byte> value);
