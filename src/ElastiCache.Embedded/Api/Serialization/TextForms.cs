using System.Text;

namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>A string as UTF-8, strictly: what can't be represented is refused and never replaced by a question mark.</summary>
internal sealed class StringForm : PlainForm<string>
{
    // Most strings are ASCII, so one byte a character is tried first and more only if that was too little. For a long string
    // a wasted attempt costs more than counting.
    private const int CountedFromCharacters = 4096;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public override string Expected => "UTF-8 text";

    public override int SizeHint(string value)
    {
        if (value.Length > CacheLimits.MaxValueBytes)
        {
            throw new ValueTooLargeException(value.Length);     // and the count might not fit an int
        }

        return value.Length < CountedFromCharacters ? value.Length : Encoding.UTF8.GetByteCount(value);
    }

    public override bool TryWrite(string value, Span<byte> destination, out int written)
    {
        try
        {
            return Strict.TryGetBytes(value, destination, out written);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException(
                $"The string has half a surrogate pair at index {e.Index}, which UTF-8 can't hold. Store it as byte[].", nameof(value));
        }
    }

    public override bool TryRead(ReadOnlySpan<byte> text, out string value)
    {
        try
        {
            value = Strict.GetString(text);
            return true;
        }
        catch (DecoderFallbackException)
        {
            value = string.Empty;
            return false;
        }
    }
}

/// <summary>Bytes are stored as they are. The encoder passes them on without a copy, so writing is only the fallback.</summary>
internal sealed class ByteArrayForm : PlainForm<byte[]>
{
    public override string Expected => "any bytes";

    public override int SizeHint(byte[] value) => value.Length;

    public override bool TryWrite(byte[] value, Span<byte> destination, out int written)
    {
        written = value.Length;
        return value.AsSpan().TryCopyTo(destination);
    }

    public override bool TryRead(ReadOnlySpan<byte> text, out byte[] value)
    {
        value = text.ToArray();
        return true;
    }
}

internal sealed class ReadOnlyMemoryForm : PlainForm<ReadOnlyMemory<byte>>
{
    public override string Expected => "any bytes";

    public override int SizeHint(ReadOnlyMemory<byte> value) => value.Length;

    public override bool TryWrite(ReadOnlyMemory<byte> value, Span<byte> destination, out int written)
    {
        written = value.Length;
        return value.Span.TryCopyTo(destination);
    }

    public override bool TryRead(ReadOnlySpan<byte> text, out ReadOnlyMemory<byte> value)
    {
        value = text.ToArray();
        return true;
    }
}

internal sealed class MemoryForm : PlainForm<Memory<byte>>
{
    public override string Expected => "any bytes";

    public override int SizeHint(Memory<byte> value) => value.Length;

    public override bool TryWrite(Memory<byte> value, Span<byte> destination, out int written)
    {
        written = value.Length;
        return value.Span.TryCopyTo(destination);
    }

    public override bool TryRead(ReadOnlySpan<byte> text, out Memory<byte> value)
    {
        value = text.ToArray();
        return true;
    }
}
