using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ElastiCache.Embedded;

/// <summary>The ID of a stream's entry: a time and a number within that millisecond, written <c>1526919030474-55</c>. IDs are ordered by both.</summary>
/// <param name="Milliseconds">As a rule the Unix time in ms at which the entry was added, but any number may be chosen.</param>
/// <param name="Sequence">Tells entries of the same millisecond apart.</param>
public readonly record struct StreamId(ulong Milliseconds, ulong Sequence) : IComparable<StreamId>, ISpanParsable<StreamId>
{
    /// <summary>Bytes of the longest text: two numbers of 20 digits and the hyphen.</summary>
    internal const int MaxTextBytes = 41;

    /// <summary>0-0, which no entry has: the beginning of every stream.</summary>
    public static StreamId Min => default;

    /// <summary>The greatest ID.</summary>
    public static StreamId Max => new(ulong.MaxValue, ulong.MaxValue);

    /// <summary>The next greater ID; <see cref="Min"/> after <see cref="Max"/>.</summary>
    internal StreamId Next => Sequence != ulong.MaxValue ? this with { Sequence = Sequence + 1 } : new StreamId(Milliseconds + 1, 0);

    /// <summary>The next smaller ID; <see cref="Max"/> before <see cref="Min"/>.</summary>
    internal StreamId Previous => Sequence != 0 ? this with { Sequence = Sequence - 1 } : new StreamId(Milliseconds - 1, ulong.MaxValue);

    /// <summary>The first ID of a moment, to read from it on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The moment is before 1970.</exception>
    public static StreamId At(DateTimeOffset time)
    {
        long milliseconds = time.ToUnixTimeMilliseconds();
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds, nameof(time));
        return new StreamId((ulong)milliseconds, 0);
    }

    /// <inheritdoc/>
    public int CompareTo(StreamId other) =>
        Milliseconds != other.Milliseconds ? Milliseconds.CompareTo(other.Milliseconds) : Sequence.CompareTo(other.Sequence);

    /// <summary>Whether the left one is smaller.</summary>
    public static bool operator <(StreamId left, StreamId right) =>
        left.Milliseconds < right.Milliseconds || (left.Milliseconds == right.Milliseconds && left.Sequence < right.Sequence);

    /// <summary>Whether the left one is greater.</summary>
    public static bool operator >(StreamId left, StreamId right) => right < left;

    /// <summary>Whether the left one is smaller, or both are the same.</summary>
    public static bool operator <=(StreamId left, StreamId right) => !(right < left);

    /// <summary>Whether the left one is greater, or both are the same.</summary>
    public static bool operator >=(StreamId left, StreamId right) => !(left < right);

    /// <summary>Reads <c>1526919030474-55</c>, or <c>1526919030474</c> for the first ID of a millisecond.</summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static StreamId Parse(string s, IFormatProvider? provider = null) => Parse(s.AsSpan(), provider);

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static StreamId Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out StreamId id) ? id : throw new FormatException("A stream ID is one or two numbers of up to 64 bits: 1526919030474-55.");

    /// <summary>Reads <c>1526919030474-55</c>, or <c>1526919030474</c> for the first ID of a millisecond.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StreamId result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out StreamId)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out StreamId result)
    {
        int hyphen = s.IndexOf('-');
        ulong sequence = 0;
        bool isId = ulong.TryParse(hyphen < 0 ? s : s[..hyphen], NumberStyles.None, CultureInfo.InvariantCulture, out ulong milliseconds)
            && (hyphen < 0 || ulong.TryParse(s[(hyphen + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out sequence));
        result = isId ? new StreamId(milliseconds, sequence) : default;
        return isId;
    }

    /// <summary><c>1526919030474-55</c></summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Milliseconds}-{Sequence}");

    /// <summary>Writes the text into at least <see cref="MaxTextBytes"/> bytes.</summary>
    /// <returns>The bytes written.</returns>
    internal int Format(Span<byte> destination)
    {
        Utf8Formatter.TryFormat(Milliseconds, destination, out int written);
        destination[written++] = (byte)'-';
        Utf8Formatter.TryFormat(Sequence, destination[written..], out int rest);
        return written + rest;
    }
}
