namespace ElastiCache.Embedded.Commands;

/// <summary>What LMPOP and ZMPOP take, and BLMPOP and BZMPOP after the timeout: <c>numkeys key … END [COUNT count]</c>.</summary>
internal static class MultiPopArguments
{
    /// <summary>Reads them.</summary>
    /// <param name="arguments">The command.</param>
    /// <param name="countAt">Where the number of keys stands.</param>
    /// <param name="end">The word for one end.</param>
    /// <param name="otherEnd">The word for the other.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="isEnd">Whether it is the one end.</param>
    /// <param name="count">How many to take.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static CommandError? Read(
        scoped in CommandArguments arguments, int countAt, ReadOnlySpan<byte> end, ReadOnlySpan<byte> otherEnd, out byte[][] keys, out bool isEnd, out long count)
    {
        (keys, isEnd, count) = ([], false, -1);
        if (!arguments.TryInteger(countAt, out long keyCount) || keyCount < 1)
        {
            return new CommandError("numkeys should be greater than 0");
        }

        long where = countAt + keyCount + 1;
        if (where >= arguments.Count)
        {
            return CommandError.Syntax;
        }

        isEnd = arguments.Is((int)where, end);
        if (!isEnd && !arguments.Is((int)where, otherEnd))
        {
            return CommandError.Syntax;
        }

        for (int i = (int)where + 1; i < arguments.Count; i++)
        {
            if (count >= 0 || !arguments.Is(i, "COUNT"u8) || i + 1 >= arguments.Count)
            {
                return CommandError.Syntax;
            }

            if (!arguments.TryInteger(++i, out count) || count < 1)
            {
                return new CommandError("count should be greater than 0");
            }
        }

        count = Math.Max(1, count);
        keys = arguments.Copy(countAt + 1, (int)keyCount);
        return null;
    }
}
