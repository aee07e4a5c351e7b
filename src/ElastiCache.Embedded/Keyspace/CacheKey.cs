using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded;

/// <summary>A key, as text or as bytes; <see cref="string"/>, <c>byte[]</c> and spans convert to it by themselves.</summary>
/// <remarks>
/// A key is a string of 0 to 512 MB bytes, as in Redis; text is its UTF-8 encoding, so <c>"user:1"</c> and <c>"user:1"u8</c>
/// are the same key. The struct borrows the caller's memory and costs nothing to make; keep the string, not the key.
/// A lone surrogate in text is encoded as U+FFFD, as <see cref="System.Text.Encoding.UTF8"/> does.
/// </remarks>
public readonly ref struct CacheKey
{
    private readonly ref readonly byte _start;
    private readonly int _lengthAndKind;    // text: characters; bytes: ~length

    /// <summary>A key from text.</summary>
    public CacheKey(ReadOnlySpan<char> text)
    {
        _start = ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(text));
        _lengthAndKind = text.Length;
    }

    /// <summary>A key from bytes.</summary>
    public CacheKey(ReadOnlySpan<byte> bytes)
    {
        _start = ref MemoryMarshal.GetReference(bytes);
        _lengthAndKind = ~bytes.Length;
    }

    /// <summary>Whether the key was given as text.</summary>
    internal bool IsText => _lengthAndKind >= 0;

    /// <summary>The text, if <see cref="IsText"/>.</summary>
    internal ReadOnlySpan<char> Text =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, char>(ref Unsafe.AsRef(in _start)), _lengthAndKind);

    /// <summary>The bytes, if not <see cref="IsText"/>.</summary>
    internal ReadOnlySpan<byte> Bytes => MemoryMarshal.CreateReadOnlySpan(in _start, ~_lengthAndKind);

    /// <summary>A key from text.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    public static implicit operator CacheKey(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(text.AsSpan());
    }

    /// <summary>A key from bytes.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="bytes"/> is null.</exception>
    public static implicit operator CacheKey(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return new((ReadOnlySpan<byte>)bytes);
    }

    /// <summary>A key from text.</summary>
    public static implicit operator CacheKey(ReadOnlySpan<char> text) => new(text);

    /// <summary>A key from bytes.</summary>
    public static implicit operator CacheKey(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>The key's bytes, copied.</summary>
    public byte[] ToArray()
    {
        if (!IsText)
        {
            return Bytes.ToArray();
        }

        byte[] bytes = new byte[System.Text.Encoding.UTF8.GetByteCount(Text)];
        System.Text.Encoding.UTF8.GetBytes(Text, bytes);
        return bytes;
    }

    /// <summary>The key as text; bytes that are no UTF-8 become U+FFFD.</summary>
    public override string ToString() => IsText ? new string(Text) : System.Text.Encoding.UTF8.GetString(Bytes);
}
