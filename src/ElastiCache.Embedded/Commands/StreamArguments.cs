using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Reads the IDs and options that commands on streams have in common.</summary>
internal static class StreamArguments
{
    public static readonly CommandError NotAnId = new("Invalid stream ID specified as stream command argument");

    public static readonly CommandError NotAnIntervalStart = new("invalid start ID for the interval");

    public static readonly CommandError NotAnIntervalEnd = new("invalid end ID for the interval");

    // Redis's buffer, less the 0 at the end.
    private const int MostIdBytes = 127;

    /// <summary>Reads an ID: <c>5-3</c>, or <c>5</c> with a number that is missing; <c>-</c> and <c>+</c> are the least and the greatest.</summary>
    public static bool TryId(ReadOnlySpan<byte> text, ulong missingSequence, out StreamId id)
    {
        id = text is [(byte)'+'] ? StreamId.Max : StreamId.Min;
        return text is [(byte)'-'] or [(byte)'+'] || TryStrictId(text, missingSequence, out id, out bool hasSequence) && hasSequence;
    }

    /// <summary>Reads an ID without <c>-</c> and <c>+</c>.</summary>
    public static bool TryStrictId(ReadOnlySpan<byte> text, out StreamId id) => TryStrictId(text, 0, out id, out bool hasSequence) && hasSequence;

    /// <summary>Reads an ID that may leave the number to the stream: <c>5-*</c>.</summary>
    public static bool TryStrictId(ReadOnlySpan<byte> text, ulong missingSequence, out StreamId id, out bool hasSequence)
    {
        id = default;
        hasSequence = true;
        if (text.Length > MostIdBytes)
        {
            return false;
        }

        // To Redis, text ends at a 0.
        int end = text.IndexOf((byte)0);
        text = end < 0 ? text : text[..end];
        int hyphen = text.IndexOf((byte)'-');
        ulong sequence = missingSequence;
        if (!TryNumber(hyphen < 0 ? text : text[..hyphen], out ulong milliseconds))
        {
            return false;
        }

        if (hyphen >= 0)
        {
            hasSequence = text[(hyphen + 1)..] is not [(byte)'*'];
            sequence = 0;
            if (hasSequence && !TryNumber(text[(hyphen + 1)..], out sequence))
            {
                return false;
            }
        }

        id = new StreamId(milliseconds, sequence);
        return true;
    }

    /// <summary>Reads the smaller end of a range: <c>(5-3</c> leaves the ID itself out.</summary>
    public static CommandError? ReadStart(ReadOnlySpan<byte> text, out StreamId id)
    {
        if (!TryInterval(text, 0, out id, out bool isExclusive))
        {
            return NotAnId;
        }

        if (isExclusive && id == StreamId.Max)
        {
            return NotAnIntervalStart;
        }

        id = isExclusive ? id.Next : id;
        return null;
    }

    /// <summary>Reads the greater end of a range: <c>5</c> is the last ID of that millisecond.</summary>
    public static CommandError? ReadEnd(ReadOnlySpan<byte> text, out StreamId id)
    {
        if (!TryInterval(text, ulong.MaxValue, out id, out bool isExclusive))
        {
            return NotAnId;
        }

        if (isExclusive && id == StreamId.Min)
        {
            return NotAnIntervalEnd;
        }

        id = isExclusive ? id.Previous : id;
        return null;
    }

    /// <summary>Reads all IDs from an argument on.</summary>
    public static CommandError? ReadIds(scoped in CommandArguments arguments, int first, out StreamId[] ids)
    {
        ids = new StreamId[arguments.Count - first];
        for (int i = 0; i < ids.Length; i++)
        {
            if (!TryStrictId(arguments[first + i], out ids[i]))
            {
                return NotAnId;
            }
        }

        return null;
    }

    private static bool TryInterval(ReadOnlySpan<byte> text, ulong missingSequence, out StreamId id, out bool isExclusive)
    {
        isExclusive = text is [(byte)'(', _, ..];
        return isExclusive
            ? TryStrictId(text[1..], missingSequence, out id, out bool hasSequence) && hasSequence
            : TryId(text, missingSequence, out id);
    }

    // As C's strtoull, which Redis asks where its own reader of integers gives up: spaces before, a sign, zeros before, and 64 bits unsigned.
    private static bool TryNumber(ReadOnlySpan<byte> text, out ulong number)
    {
        if (DecimalNumber.TryParse(text, out long canonical))
        {
            number = (ulong)canonical;
            return canonical >= 0;
        }

        number = 0;
        text = text.TrimStart(" \t\n\v\f\r"u8);
        bool isNegative = text is [(byte)'-', ..];
        text = isNegative || text is [(byte)'+', ..] ? text[1..] : text;
        if (text.IsEmpty)
        {
            return false;
        }

        foreach (byte digit in text)
        {
            uint units = (uint)digit - '0';
            if (units > 9 || number > (ulong.MaxValue - units) / 10)
            {
                return false;
            }

            number = (number * 10) + units;
        }

        number = isNegative ? 0 - number : number;
        return true;
    }
}

/// <summary>The fields and values of XADD, which take turns from an argument on.</summary>
internal readonly ref struct FieldArguments(CommandArguments arguments, int first) : IStreamFields
{
    private readonly CommandArguments _arguments = arguments;

    public int Count => (_arguments.Count - first) / 2;

    public ReadOnlySpan<byte> Field(int index) => _arguments[first + (2 * index)];

    public ReadOnlySpan<byte> Value(int index) => _arguments[first + (2 * index) + 1];
}
