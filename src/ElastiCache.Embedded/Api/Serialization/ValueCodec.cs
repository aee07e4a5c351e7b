using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>Reads a <c>T</c> from stored bytes: in its plain form if it has one, through the serializer if not.</summary>
/// <remarks>The way back from <see cref="ValueEncoder"/>. Both are told the key only to name it when they fail.</remarks>
internal static class ValueCodec
{
    /// <summary>Whether <typeparamref name="T"/> is stored without a serializer, and so can be read from a span on the stack.</summary>
    public static bool IsPlain<T>() => PlainForm<T>.Instance is not null;

    /// <summary>Reads a value of a plain type.</summary>
    /// <exception cref="FormatException">The text is not in the form of <typeparamref name="T"/>. Names the key and the form, not the text.</exception>
    public static T DecodePlain<T>(ReadOnlySpan<byte> stored, CacheKey key)
    {
        PlainForm<T> form = PlainForm<T>.Instance!;
        return form.TryRead(stored, out T value) ? value : throw NotReadable(form, key);
    }

    /// <summary>Reads a value of any type.</summary>
    /// <exception cref="FormatException">The bytes are not in the form of <typeparamref name="T"/>.</exception>
    public static T? Decode<T>(ReadOnlyMemory<byte> stored, ICacheSerializer serializer, CacheKey key)
    {
        if (IsPlain<T>())
        {
            return DecodePlain<T>(stored.Span, key);
        }

        try
        {
            return serializer.Deserialize<T>(stored);
        }
        catch (FormatException e)
        {
            throw new FormatException($"The value of key '{KeyText.Of(key.ToArray())}' can't be read as {typeof(T)}. {e.Message}", e);
        }
    }

    private static FormatException NotReadable<T>(PlainForm<T> form, CacheKey key) => new(
        $"The value of key '{KeyText.Of(key.ToArray())}' can't be read as {typeof(T)}: it is not {form.Expected}. " +
        "Read it as the type that it was written with, or as byte[].");
}
