using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>The bytes of one value on their way into the cache.</summary>
/// <remarks>
/// <code>
///   using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
///   Set(key, encoder.Encode(value, serializer, key));
/// </code>
/// Bytes pass through without a copy, a plain form that fits is written to the caller's scratch, and the rest goes to a pooled buffer,
/// which <see cref="Dispose"/> gives back. Nothing is allocated, objects and their serializer aside.
/// </remarks>
internal ref struct ValueEncoder(Span<byte> scratch) : IDisposable
{
    /// <summary>Room on the stack for every plain form but long text.</summary>
    public const int ScratchBytes = 256;

    private readonly Span<byte> _scratch = scratch;
    private PooledBuffer? _pooled;

    /// <summary>Encodes <paramref name="value"/>. Call it once; the result is valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ArgumentNullException">The value is null, and its type has a plain form, which null has not.</exception>
    /// <exception cref="ArgumentException">The value is a string that is not valid UTF-16.</exception>
    /// <exception cref="ValueTooLargeException">It takes more than <see cref="CacheLimits.MaxValueBytes"/>.</exception>
    public ReadOnlySpan<byte> Encode<T>(T value, ICacheSerializer serializer)
    {
        PlainForm<T>? form = PlainForm<T>.Instance;
        if (form is null)
        {
            _pooled = PooledBuffer.Rent();
            serializer.Serialize(value, _pooled);
            return _pooled.Written;
        }

        if (value is null)
        {
            throw new ArgumentNullException(nameof(value), "Null has no stored form. Delete the key instead.");
        }

        ReadOnlySpan<byte> encoded = TryGetBytes(value, out ReadOnlySpan<byte> bytes) ? bytes : Write(form, value);
        return encoded.Length <= CacheLimits.MaxValueBytes ? encoded : throw new ValueTooLargeException(encoded.Length);
    }

    /// <summary>As the other form, and a value that is too large is refused with its key.</summary>
    /// <inheritdoc cref="Encode{T}(T, ICacheSerializer)"/>
    public ReadOnlySpan<byte> Encode<T>(T value, ICacheSerializer serializer, scoped CacheKey key)
    {
        try
        {
            return Encode(value, serializer);
        }
        catch (ValueTooLargeException e) when (e.Key is null)
        {
            throw new ValueTooLargeException(key.ToArray(), e.LengthBytes);
        }
    }

    public void Dispose()
    {
        _pooled?.Dispose();
        _pooled = null;
    }

    private static bool TryGetBytes<T>(T value, out ReadOnlySpan<byte> bytes)
    {
        if (typeof(T) == typeof(byte[]))
        {
            bytes = Unsafe.As<T, byte[]>(ref value);
            return true;
        }

        if (typeof(T) == typeof(ReadOnlyMemory<byte>))
        {
            bytes = Unsafe.As<T, ReadOnlyMemory<byte>>(ref value).Span;
            return true;
        }

        bytes = default;
        return false;
    }

    private ReadOnlySpan<byte> Write<T>(PlainForm<T> form, T value)
    {
        Span<byte> destination = _scratch;
        int hint = form.SizeHint(value);
        if (hint > destination.Length)
        {
            destination = Pooled().GetSpan(hint);
        }

        int written;
        while (!form.TryWrite(value, destination, out written))
        {
            destination = Pooled().GetSpan(checked(2 * destination.Length));
        }

        return destination[..written];
    }

    private PooledBuffer Pooled() => _pooled ??= PooledBuffer.Rent();
}
