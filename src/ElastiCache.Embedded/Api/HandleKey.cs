namespace ElastiCache.Embedded.Api;

/// <summary>The key of a typed handle, kept as it was given: text stays text, so that short text takes the fast way to its hash.</summary>
internal readonly struct HandleKey
{
    private readonly string? _text;
    private readonly byte[]? _bytes;

    public HandleKey(CacheKey key)
    {
        if (key.IsText)
        {
            _text = key.ToString();
        }
        else
        {
            _bytes = key.ToArray();
        }
    }

    /// <summary>The key, for <c>KeyProbe.Create</c>.</summary>
    public CacheKey Value => _text != null ? new CacheKey(_text.AsSpan()) : new CacheKey((ReadOnlySpan<byte>)_bytes);
}
