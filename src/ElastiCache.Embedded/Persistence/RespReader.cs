using System.Buffers.Text;
using ElastiCache.Embedded.Commands;

namespace ElastiCache.Embedded.Persistence;

internal enum RespOutcome
{
    /// <summary>A whole command was read.</summary>
    Command,

    /// <summary>What is there may be the beginning of a command; more bytes are needed.</summary>
    Incomplete,

    /// <summary>No bytes that follow could make this a command.</summary>
    Malformed,
}

/// <summary>Reads RESP commands from a span. Holds the argument table, so that reading allocates nothing in the long run.</summary>
/// <remarks>
/// The bytes may be anybody's: a length is believed only as far as bytes are there, so no claim makes it allocate.
/// </remarks>
internal sealed class RespReader
{
    /// <summary>Redis's proto-max-bulk-len and our largest value.</summary>
    private const int LargestArgumentBytes = 512 * 1024 * 1024;

    // '*' or '$', 10 digits, CRLF.
    private const int LongestHeaderBytes = 13;

    private (int Start, int Length)[] _arguments = new (int, int)[8];

    /// <summary>Reads the command at the start of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">From the command's first byte on.</param>
    /// <param name="command">Valid until the next call, for <see cref="RespOutcome.Command"/>.</param>
    /// <param name="length">Its length in bytes; for <see cref="RespOutcome.Incomplete"/>, how many bytes are needed at least.</param>
    public RespOutcome Read(ReadOnlySpan<byte> bytes, out CommandArguments command, out int length)
    {
        command = default;
        RespOutcome outcome = ReadHeader(bytes, 0, (byte)'*', int.MaxValue, out int count, out int position);
        for (int i = 0; i < count && outcome == RespOutcome.Command; i++)
        {
            outcome = ReadHeader(bytes, position, (byte)'$', LargestArgumentBytes, out int argumentLength, out int start);
            if (outcome == RespOutcome.Command)
            {
                outcome = ReadEnd(bytes, start + (long)argumentLength, out position);
                Remember(i, start, argumentLength);
            }
            else
            {
                position = start;
            }
        }

        length = position;
        if (outcome != RespOutcome.Command)
        {
            return outcome;
        }

        if (count == 0)
        {
            return RespOutcome.Malformed;
        }

        command = new CommandArguments(bytes, _arguments.AsSpan(0, count));
        return RespOutcome.Command;
    }

    // On Incomplete `end` is the number of bytes wanted.
    private static RespOutcome ReadHeader(ReadOnlySpan<byte> bytes, int start, byte kind, int most, out int number, out int end)
    {
        if (TryReadWhole(bytes, start, kind, out number, out end) && number <= most)
        {
            return RespOutcome.Command;
        }

        number = 0;
        end = start + 1;
        ReadOnlySpan<byte> rest = bytes[Math.Min(start, bytes.Length)..];
        if (rest.IsEmpty)
        {
            return RespOutcome.Incomplete;
        }

        if (rest[0] != kind)
        {
            return RespOutcome.Malformed;
        }

        ReadOnlySpan<byte> line = rest[..Math.Min(rest.Length, LongestHeaderBytes)];
        int lineEnd = line.IndexOf((byte)'\n');
        if (lineEnd < 0)
        {
            end = start + rest.Length + 1;
            return rest.Length < LongestHeaderBytes && IsNumberSoFar(rest[1..]) ? RespOutcome.Incomplete : RespOutcome.Malformed;
        }

        end = start + lineEnd + 1;
        ReadOnlySpan<byte> digits = lineEnd >= 3 ? line[1..(lineEnd - 1)] : default;
        bool isNumber = digits.Length > 0 && line[lineEnd - 1] == '\r' && digits[0] is >= (byte)'0' and <= (byte)'9' &&
            Utf8Parser.TryParse(digits, out number, out int used) && used == digits.Length && number <= most;
        return isNumber ? RespOutcome.Command : RespOutcome.Malformed;
    }

    // A header that is whole, with a number that can't overflow: all of them but one at the end of the bytes.
    private static bool TryReadWhole(ReadOnlySpan<byte> bytes, int start, byte kind, out int number, out int end)
    {
        const int MostDigits = 9;
        (number, end) = (0, start + 1);
        if (start >= bytes.Length || bytes[start] != kind)
        {
            return false;
        }

        for (; end < bytes.Length && end - start <= MostDigits && bytes[end] is >= (byte)'0' and <= (byte)'9'; end++)
        {
            number = (number * 10) + (bytes[end] - '0');
        }

        bool isWhole = end > start + 1 && bytes.Length - end >= 2 && bytes[end] == '\r' && bytes[end + 1] == '\n';
        end += 2;
        return isWhole;
    }

    private static bool IsNumberSoFar(ReadOnlySpan<byte> digits)
    {
        int other = digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return other < 0 || (digits[other] == '\r' && other > 0 && other == digits.Length - 1);
    }

    private static RespOutcome ReadEnd(ReadOnlySpan<byte> bytes, long argumentEnd, out int position)
    {
        position = (int)Math.Min(int.MaxValue, argumentEnd + 2);
        if (bytes.Length < argumentEnd + 2)
        {
            return RespOutcome.Incomplete;
        }

        return bytes.Slice((int)argumentEnd, 2).SequenceEqual("\r\n"u8) ? RespOutcome.Command : RespOutcome.Malformed;
    }

    private void Remember(int index, int start, int length)
    {
        if (index == _arguments.Length)
        {
            Array.Resize(ref _arguments, index * 2);
        }

        _arguments[index] = (start, length);
    }
}
