using System.Text;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>What SCAN, HSCAN, SSCAN and ZSCAN share: the cursor and the options.</summary>
internal static class ScanCursor
{
    public static readonly CommandError Invalid = new("invalid cursor");

    /// <summary>Reads a cursor as Redis does, with C's strtoul: a sign is allowed, the minus wraps round, and nothing at all is 0.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong cursor)
    {
        cursor = 0;
        bool isNegative = text is [(byte)'-', ..];
        ReadOnlySpan<byte> digits = isNegative || text is [(byte)'+', ..] ? text[1..] : text;
        if (digits.IsEmpty)
        {
            return text.IsEmpty;
        }

        foreach (byte digit in digits)
        {
            uint units = (uint)digit - '0';
            if (units > 9 || cursor > (ulong.MaxValue - units) / 10)
            {
                return false;
            }

            cursor = (cursor * 10) + units;
        }

        cursor = isNegative ? unchecked(0 - cursor) : cursor;
        return true;
    }

    /// <summary>Reads MATCH, COUNT and, for SCAN, TYPE.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static CommandError? ReadOptions(scoped in CommandArguments arguments, int first, bool takesType, out ScanOptionsRead options)
    {
        options = new ScanOptionsRead { Count = ScanArguments.DefaultCount };
        for (int i = first; i < arguments.Count; i += 2)
        {
            bool hasValue = i + 1 < arguments.Count;
            if (hasValue && arguments.Is(i, "COUNT"u8))
            {
                if (!arguments.TryInteger(i + 1, out long count))
                {
                    return CommandError.NotAnInteger;
                }

                if (count < 1)
                {
                    return CommandError.Syntax;
                }

                options = options with { Count = count };
            }
            else if (hasValue && arguments.Is(i, "MATCH"u8))
            {
                options = options with { PatternAt = i + 1 };
            }
            else if (hasValue && takesType && arguments.Is(i, "TYPE"u8))
            {
                options = options with { Type = Encoding.Latin1.GetString(arguments[i + 1]) };
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        return null;
    }
}

/// <summary>The options of a SCAN.</summary>
/// <param name="Count">COUNT.</param>
/// <param name="PatternAt">Which argument is the pattern; 0 for none.</param>
/// <param name="Type">The name after TYPE, or null.</param>
internal readonly record struct ScanOptionsRead(long Count, int PatternAt, string? Type)
{
    /// <summary>As the scan of keys takes them.</summary>
    public ScanArguments ToArguments(scoped in CommandArguments arguments) => new()
    {
        Count = Count,
        HasPattern = PatternAt != 0,
        Pattern = PatternAt != 0 ? arguments[PatternAt] : default,
        Kind = Type is null ? null : KindOf(Type),
    };

    // A name that no type has matches no key.
    private static ValueKind KindOf(string name)
    {
        foreach (ValueKind kind in Enum.GetValues<ValueKind>())
        {
            if (kind != ValueKind.None && string.Equals(TypeNames.Of(kind), name, StringComparison.OrdinalIgnoreCase))
            {
                return kind;
            }
        }

        return ValueKind.None;
    }
}
