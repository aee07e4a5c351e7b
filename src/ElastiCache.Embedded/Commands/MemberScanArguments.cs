using System.Buffers;
using System.Globalization;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>The arguments of HSCAN, SSCAN, ZSCAN: <c>key cursor [MATCH pattern] [COUNT count]</c>.</summary>
internal static class MemberScanArguments
{
    public static readonly CommandError InvalidCursor = new("invalid cursor");

    /// <summary>Reads a cursor as Redis does, with C's strtoul: a sign is allowed, the minus wraps round, and nothing at all is 0.</summary>
    public static bool TryCursor(ReadOnlySpan<byte> text, out ulong cursor)
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

    /// <summary>Reads what stands behind the cursor.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static CommandError? Read(in CommandArguments arguments, out ScanArguments scan)
    {
        scan = default;
        long count = ScanArguments.DefaultCount;
        ReadOnlySpan<byte> pattern = default;
        bool hasPattern = false;
        for (int i = 3; i < arguments.Count; i += 2)
        {
            bool hasValue = i + 1 < arguments.Count;
            if (arguments.Is(i, "COUNT"u8) && hasValue)
            {
                if (!arguments.TryInteger(i + 1, out count))
                {
                    return CommandError.NotAnInteger;
                }

                if (count < 1)
                {
                    return CommandError.Syntax;
                }
            }
            else if (arguments.Is(i, "MATCH"u8) && hasValue)
            {
                pattern = arguments[i + 1];
                hasPattern = true;
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        scan = new ScanArguments { Pattern = pattern, HasPattern = hasPattern, Count = count };
        return null;
    }
}

/// <summary>The reply of HSCAN, SSCAN, ZSCAN: the next cursor, then what was found.</summary>
internal readonly ref struct MemberScanReply
{
    private readonly RespWriter _reply;
    private readonly int _start;
    private readonly int _mark;

    public MemberScanReply(RespWriter reply)
    {
        _reply = reply;
        reply.Array(2);
        _start = reply.Length;
        _mark = reply.BeginAggregate();
    }

    /// <summary>Ends the reply. The cursor stands before what was found, and only now it is known.</summary>
    public void End(int count, ulong next)
    {
        _reply.EndArray(_mark, count);
        ReadOnlySpan<byte> found = _reply.Written[_start..];
        byte[] copy = ArrayPool<byte>.Shared.Rent(found.Length);
        found.CopyTo(copy);
        int length = found.Length;
        _reply.CutBack(_start);
        _reply.Bulk(next.ToString(CultureInfo.InvariantCulture));
        _reply.Raw(copy.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(copy);
    }
}
