using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Errors;

/// <summary>A key as it may stand in a message or a log line.</summary>
/// <remarks>
/// Keys are bytes that a stranger may have chosen. Printable ASCII stands for itself; everything else, and the quote and the
/// backslash, is escaped as redis-cli does it (<c>\n</c>, <c>\x00</c>), so that a key can't forge a line of the log or move a
/// terminal's cursor. Longer text is cut to <see cref="MaxCharacters"/> and ends with an ellipsis.
/// </remarks>
internal static class KeyText
{
    public const int MaxCharacters = 64;

    private const char Ellipsis = '…';

    public static string Of(ReadOnlySpan<byte> key)
    {
        var text = new StringBuilder(MaxCharacters);
        for (int i = 0; i < key.Length; i++)
        {
            string next = Escape(key[i]);
            bool isLast = i == key.Length - 1;
            int room = MaxCharacters - text.Length - (isLast ? 0 : 1);
            if (next.Length > room)
            {
                return text.Append(Ellipsis).ToString();
            }

            text.Append(next);
        }

        return text.ToString();
    }

    private static string Escape(byte value) => value switch
    {
        (byte)'\\' => @"\\",
        (byte)'\'' => @"\'",
        (byte)'\n' => @"\n",
        (byte)'\r' => @"\r",
        (byte)'\t' => @"\t",
        >= 0x20 and < 0x7F => ((char)value).ToString(),
        _ => @"\x" + value.ToString("x2", CultureInfo.InvariantCulture),
    };
}
