namespace ElastiCache.Embedded.Commands;

/// <summary>Finds the keys among a command's arguments.</summary>
internal static class CommandKeyPositions
{
    /// <summary>Adds the positions of the keys.</summary>
    /// <returns>False if the arguments make no sense.</returns>
    public static bool Find(Command command, scoped in CommandArguments arguments, List<int> positions)
    {
        if (command.FindKeys is { } find)
        {
            return find(arguments, positions);
        }

        if (command.Keys.First == 0)
        {
            return true;
        }

        int last = command.Keys.Last < 0 ? arguments.Count + command.Keys.Last : command.Keys.Last;
        for (int i = command.Keys.First; i <= last && i < arguments.Count; i += command.Keys.Step)
        {
            positions.Add(i);
        }

        return true;
    }

    /// <summary>For commands with a number of keys: <c>ZUNION 2 a b WEIGHTS …</c>.</summary>
    /// <param name="arguments">The command.</param>
    /// <param name="positions">Takes the positions.</param>
    /// <param name="countAt">Where the number of keys stands; the keys follow it.</param>
    /// <returns>False if the number is none, or larger than there are arguments.</returns>
    public static bool FindCounted(scoped in CommandArguments arguments, List<int> positions, int countAt)
    {
        if (arguments.Count <= countAt || !arguments.TryInteger(countAt, out long count) || count < 1 || count > arguments.Count - countAt - 1)
        {
            return false;
        }

        for (int i = 1; i <= count; i++)
        {
            positions.Add(countAt + i);
        }

        return true;
    }
}
