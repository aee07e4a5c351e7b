using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace ElastiCache.Embedded.Api.Serialization;

/// <summary>ISO 8601 with seven decimals, and Z, an offset or nothing as the kind is UTC, local or unspecified.</summary>
internal sealed class DateTimeForm : PlainForm<DateTime>
{
    private static readonly StandardFormat RoundTrip = new('O');

    public override string Expected => "a date and time such as 2024-02-29T12:30:00.0000000Z";

    public override bool TryWrite(DateTime value, Span<byte> destination, out int written) =>
        Utf8Formatter.TryFormat(value, destination, out written, RoundTrip);

    public override bool TryRead(ReadOnlySpan<byte> text, out DateTime value) =>
        Utf8Parser.TryParse(text, out value, out int consumed, 'O') && consumed == text.Length;
}

/// <summary>ISO 8601 with seven decimals and an offset.</summary>
internal sealed class DateTimeOffsetForm : PlainForm<DateTimeOffset>
{
    private static readonly StandardFormat RoundTrip = new('O');

    public override string Expected => "a date and time such as 2024-02-29T12:30:00.0000000+01:00";

    public override bool TryWrite(DateTimeOffset value, Span<byte> destination, out int written) =>
        Utf8Formatter.TryFormat(value, destination, out written, RoundTrip);

    public override bool TryRead(ReadOnlySpan<byte> text, out DateTimeOffset value) =>
        Utf8Parser.TryParse(text, out value, out int consumed, 'O') && consumed == text.Length;
}

internal sealed class DateOnlyForm : PlainForm<DateOnly>
{
    public override string Expected => "a date such as 2024-02-29";

    public override bool TryWrite(DateOnly value, Span<byte> destination, out int written) =>
        value.TryFormat(destination, out written, "O", CultureInfo.InvariantCulture);

    public override bool TryRead(ReadOnlySpan<byte> text, out DateOnly value)
    {
        Span<char> characters = stackalloc char[AsciiText.MaxCharacters];
        value = default;
        return AsciiText.TryWiden(text, ref characters)
            && DateOnly.TryParseExact(characters, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out value);
    }
}

internal sealed class TimeOnlyForm : PlainForm<TimeOnly>
{
    public override string Expected => "a time of day such as 12:30:00.0000000";

    public override bool TryWrite(TimeOnly value, Span<byte> destination, out int written) =>
        value.TryFormat(destination, out written, "O", CultureInfo.InvariantCulture);

    public override bool TryRead(ReadOnlySpan<byte> text, out TimeOnly value)
    {
        Span<char> characters = stackalloc char[AsciiText.MaxCharacters];
        value = default;
        return AsciiText.TryWiden(text, ref characters)
            && TimeOnly.TryParseExact(characters, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out value);
    }
}

/// <summary>Days, hours, minutes, seconds and seven decimals; zero days and zero decimals are left out.</summary>
internal sealed class TimeSpanForm : PlainForm<TimeSpan>
{
    public override string Expected => "a duration such as 1.02:03:04.5000000";

    public override bool TryWrite(TimeSpan value, Span<byte> destination, out int written) =>
        value.TryFormat(destination, out written, "c", CultureInfo.InvariantCulture);

    // The parser also takes "1" for a day and "1:2" for an hour and two minutes, which nobody wrote as a duration.
    public override bool TryRead(ReadOnlySpan<byte> text, out TimeSpan value) =>
        Utf8Parser.TryParse(text, out value, out int consumed, 'c') && consumed == text.Length && text.Count((byte)':') == 2;
}

internal sealed class GuidForm : PlainForm<Guid>
{
    public override string Expected => "a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e";

    public override bool TryWrite(Guid value, Span<byte> destination, out int written) =>
        value.TryFormat(destination, out written, "D");

    public override bool TryRead(ReadOnlySpan<byte> text, out Guid value) =>
        Utf8Parser.TryParse(text, out value, out int consumed, 'D') && consumed == text.Length;
}

/// <summary>For the types that .NET parses from characters only.</summary>
internal static class AsciiText
{
    /// <summary>Longer than any form read here.</summary>
    public const int MaxCharacters = 40;

    /// <summary>Widens ASCII into <paramref name="characters"/> and cuts it to length; <see langword="false"/> for other or longer text.</summary>
    public static bool TryWiden(ReadOnlySpan<byte> text, ref Span<char> characters)
    {
        bool isAscii = System.Text.Ascii.ToUtf16(text, characters, out int written) == OperationStatus.Done;
        characters = characters[..written];
        return isAscii;
    }
}
