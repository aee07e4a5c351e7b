using System.Buffers;
using System.Text;

namespace ElastiCache.Embedded.Api;

/// <summary>The bytes of a name that was given as text or bytes: bytes pass through, short text is encoded on the caller's stack.</summary>
internal ref struct NameBytes(Span<byte> scratch) : IDisposable
{
    /// <summary>Room for all but long names.</summary>
    public const int ScratchBytes = 256;

    private readonly Span<byte> _scratch = scratch;
    private byte[]? _pooled;

    /// <summary>The bytes, valid until <see cref="Dispose"/>. Call it once.</summary>
    public ReadOnlySpan<byte> Of(CacheKey name)
    {
        if (!name.IsText)
        {
            return name.Bytes;
        }

        int most = Encoding.UTF8.GetMaxByteCount(name.Text.Length);
        if (most > _scratch.Length)
        {
            _pooled = ArrayPool<byte>.Shared.Rent(most);
        }

        Span<byte> target = _pooled ?? _scratch;
        return target[..Encoding.UTF8.GetBytes(name.Text, target)];
    }

    public void Dispose()
    {
        if (_pooled != null)
        {
            ArrayPool<byte>.Shared.Return(_pooled);
            _pooled = null;
        }
    }
}
