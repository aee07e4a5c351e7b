namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>How a <typeparamref name="T"/> is written as text that Redis clients read, without a serializer.</summary>
/// <remarks>
/// <code>
///   string                    UTF-8                                   héllo
///   byte[], ReadOnlyMemory    the bytes
///   integers, to 128 bits     decimal                                 -42
///   double, float, Half       shortest that reads back the same       0.1   1e+300   inf   -inf   nan
///   decimal                   with its scale                          1.50
///   bool                      1 or 0
///   Guid                      "D"                                     0f8fad5b-d9cb-469f-a165-70867728950e
///   DateTime, DateTimeOffset  ISO 8601, "O"                           2024-02-29T12:30:00.0000000Z
///   DateOnly, TimeOnly        ISO 8601, "O"                           2024-02-29   12:30:00.0000000
///   TimeSpan                  "c"                                     1.02:03:04.5000000
///   enum                      its name; without one, its number       Friday   Read, Write   17
///   T?                        as T; null is refused
/// </code>
/// Enums are written by name because a name survives renumbering: a number would silently become another member. Numbers are
/// read as well, so a value that <c>INCR</c> or another client wrote is understood.
/// <para>
/// One object a type, kept in a static readonly field of a generic class: once compiled in full, the JIT knows the field's exact class and
/// calls it directly, so nothing is boxed and nothing is looked up.
/// </para>
/// </remarks>
internal abstract class PlainForm<T>
{
    /// <summary>The form of <typeparamref name="T"/>; <see langword="null"/> if it has none and goes through the serializer.</summary>
    public static readonly PlainForm<T>? Instance = (PlainForm<T>?)PlainForms.Find(typeof(T));

    /// <summary>What stored text must look like, for the message of a <see cref="FormatException"/>.</summary>
    public abstract string Expected { get; }

    /// <summary>Writes the form; <see langword="false"/> if <paramref name="destination"/> is too short.</summary>
    public abstract bool TryWrite(T value, Span<byte> destination, out int written);

    /// <summary>Reads the form; <see langword="false"/> if the text is not in it or out of range.</summary>
    public abstract bool TryRead(ReadOnlySpan<byte> text, out T value);

    /// <summary>A destination of this many bytes is long enough, or worth trying first.</summary>
    public virtual int SizeHint(T value) => 64;
}
