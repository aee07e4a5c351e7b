using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>Reads a <c>T</c> from stored bytes: in its plain form if it has one, through the serializer if not.</summary>
/// <remarks>The way back from <see cref="ValueEncoder"/>.</remarks>
internal static class ValueCodec
{
    /// <summary>Whether <typeparamref name="T"/> is stored without a serializer, and so can be read from a span on the stack.</summary>
    public static bool IsPlain<T>() => PlainForm<T>.Instance is not null;

    /// <summary>Reads a value of a plain type.</summary>
    /// <exception cref="FormatException">The text is not in the form of <typeparamref name="T"/>. Names the key and the form, not the text.</exception>
    public static T DecodePlain<T>(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> key)
    {
        PlainForm<T> form = PlainForm<T>.Instance!;
        return form.TryRead(stored, out T value) ? value : throw NotReadable(form, key);
    }

    /// <summary>Reads a value of any type.</summary>
    /// <exception cref="FormatException">The bytes are not in the form of <typeparamref name="T"/>.</exception>
    public static T? Decode<T>(ReadOnlyMemory<byte> stored, ICacheSerializer serializer, ReadOnlySpan<byte> key) =>
        IsPlain<T>() ? DecodePlain<T>(stored.Span, key) : serializer.Deserialize<T>(stored);

    private static FormatException NotReadable<T>(PlainForm<T> form, ReadOnlySpan<byte> key) => new(
        $"The value of key '{KeyText.Of(key)}' can't be read as {typeof(T)}: it is not {form.Expected}. " +
        "Read it as the type that it was written with, or as byte[].");
}
