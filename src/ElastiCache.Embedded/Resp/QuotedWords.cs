namespace ElastiCache.Embedded.Resp;

/// <summary>A line as its words, quoted as Redis quotes them in inline commands and in configuration files.</summary>
/// <remarks>
/// <code>
///   set  key "two words\n\x41"  'it\'s'          4 words: set, key, two words⏎A, it's
/// </code>
/// Between double quotes <c>\n \r \t \b \a \xHH</c> stand for bytes and a backslash before anything else for that; between single quotes only <c>\'</c>
/// does. A quoted part ends its word: <c>"a"b</c> is an error.
/// </remarks>
internal static class QuotedWords
{
    /// <summary>Splits a line.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <param name="text">Takes the words' bytes one after another; at least as long as the line.</param>
    /// <param name="places">Takes where each word lies in <paramref name="text"/>; grown as needed.</param>
    /// <returns>How many words; -1 where quotes don't match.</returns>
    public static int Split(ReadOnlySpan<byte> line, Span<byte> text, ref (int Start, int Length)[] places)
    {
        int count = 0;
        int written = 0;
        int at = SkipSpace(line, 0);
        while (at < line.Length)
        {
            int start = written;
            if (!TryReadWord(line, ref at, text, ref written))
            {
                return -1;
            }

            if (count == places.Length)
            {
                Array.Resize(ref places, Math.Max(8, 2 * count));
            }

            places[count++] = (start, written - start);
            at = SkipSpace(line, at);
        }

        return count;
    }

    private static bool TryReadWord(ReadOnlySpan<byte> line, ref int at, Span<byte> text, ref int written)
    {
        while (at < line.Length && !IsSpace(line[at]))
        {
            byte next = line[at++];
            if (next is not ((byte)'"' or (byte)'\''))
            {
                text[written++] = next;
            }
            else if (!TryReadQuoted(line, ref at, next, text, ref written) || (at < line.Length && !IsSpace(line[at])))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadQuoted(ReadOnlySpan<byte> line, ref int at, byte quote, Span<byte> text, ref int written)
    {
        while (at < line.Length)
        {
            byte next = line[at++];
            if (next == quote)
            {
                return true;
            }

            text[written++] = next == '\\' && at < line.Length ? Unescape(line, ref at, quote) : next;
        }

        return false;
    }

    private static byte Unescape(ReadOnlySpan<byte> line, ref int at, byte quote)
    {
        if (quote == '\'')
        {
            return line[at] == '\'' ? line[at++] : (byte)'\\';
        }

        if (line[at] == 'x' && at + 2 < line.Length && char.IsAsciiHexDigit((char)line[at + 1]) && char.IsAsciiHexDigit((char)line[at + 2]))
        {
            byte value = (byte)((HexDigit(line[at + 1]) << 4) | HexDigit(line[at + 2]));
            at += 3;
            return value;
        }

        byte escaped = line[at++];
        return escaped switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'a' => (byte)'\a',
            _ => escaped,
        };
    }

    private static int HexDigit(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static int SkipSpace(ReadOnlySpan<byte> line, int at)
    {
        while (at < line.Length && IsSpace(line[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (>= 9 and <= 13);
}
