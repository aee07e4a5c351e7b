using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on several sorted sets, and those that wait for one to have a member.</summary>
internal static class SortedSetAlgebraCommands
{
    private const CommandFlags Stores = CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.MovableKeys;
    private const CommandFlags Reads = CommandFlags.ReadOnly | CommandFlags.MovableKeys;
    private const CommandFlags Waits = CommandFlags.Write | CommandFlags.Fast | CommandFlags.NoScript | CommandFlags.Blocking;
    private const string Cost = "O(n log n) for n members of all sets";

    public static readonly Command[] Rows =
    [
        new("ZUNION", -3, Reads, KeyPositions.None, (context, in arguments) => Combine(context, arguments, SetCombination.Union), "The members of several sorted sets.") { Since = "6.2.0", Complexity = Cost, FindKeys = KeysFrom1 },
        new("ZINTER", -3, Reads, KeyPositions.None, (context, in arguments) => Combine(context, arguments, SetCombination.Intersection), "The members that several sorted sets have in common.") { Since = "6.2.0", Complexity = Cost, FindKeys = KeysFrom1 },
        new("ZDIFF", -3, Reads, KeyPositions.None, (context, in arguments) => Combine(context, arguments, SetCombination.Difference), "The members of one sorted set that others don't have.") { Since = "6.2.0", Complexity = Cost, FindKeys = KeysFrom1 },
        new("ZUNIONSTORE", -4, Stores, KeyPositions.One, (context, in arguments) => Store(context, arguments, SetCombination.Union), "Stores the members of several sorted sets.") { Since = "2.0.0", Complexity = Cost, FindKeys = KeysFrom2 },
        new("ZINTERSTORE", -4, Stores, KeyPositions.One, (context, in arguments) => Store(context, arguments, SetCombination.Intersection), "Stores the members that several sorted sets have in common.") { Since = "2.0.0", Complexity = Cost, FindKeys = KeysFrom2 },
        new("ZDIFFSTORE", -4, Stores, KeyPositions.One, (context, in arguments) => Store(context, arguments, SetCombination.Difference), "Stores the members of one sorted set that others don't have.") { Since = "6.2.0", Complexity = Cost, FindKeys = KeysFrom2 },
        new("ZINTERCARD", -3, Reads, KeyPositions.None, CountCommon, "How many members several sorted sets have in common.") { Since = "7.0.0", Complexity = Cost, FindKeys = KeysFrom1 },
        new("BZPOPMIN", -3, Waits, new KeyPositions(1, -2, 1), (context, in arguments) => Pop(context, arguments, highest: false), "Takes the member with the lowest score, or waits for one.") { Since = "5.0.0", Complexity = "O(log n)" },
        new("BZPOPMAX", -3, Waits, new KeyPositions(1, -2, 1), (context, in arguments) => Pop(context, arguments, highest: true), "Takes the member with the highest score, or waits for one.") { Since = "5.0.0", Complexity = "O(log n)" },
        new("BZMPOP", -5, CommandFlags.Write | CommandFlags.Blocking | CommandFlags.MovableKeys, KeyPositions.None, PopFromFirst, "Takes members from the first of some sorted sets that has any, or waits for them.")
        {
            Since = "7.0.0", Complexity = "O(log n) a member", FindKeys = static (in arguments, positions) => CommandKeyPositions.FindCounted(arguments, positions, 2),
        },
    ];

    private static bool KeysFrom1(scoped in CommandArguments arguments, List<int> positions) => CommandKeyPositions.FindCounted(arguments, positions, 1);

    private static bool KeysFrom2(scoped in CommandArguments arguments, List<int> positions)
    {
        positions.Add(1);
        return CommandKeyPositions.FindCounted(arguments, positions, 2);
    }

    private static CommandError? Combine(CommandContext context, scoped in CommandArguments arguments, SetCombination combination)
    {
        if (ReadSources(context, arguments, 1, combination, isStore: false, out Sources sources) is { } error)
        {
            return error;
        }

        List<(byte[] Member, double Score)> members = context.SortedSets.Algebra.Combine(context.Database, combination, sources.Keys, sources.Weights, sources.Aggregate);
        SortedSetRangeCommands.WriteMembers(context.Reply, members, sources.WithScores);
        return null;
    }

    private static CommandError? Store(CommandContext context, scoped in CommandArguments arguments, SetCombination combination)
    {
        if (ReadSources(context, arguments, 2, combination, isStore: true, out Sources sources) is { } error)
        {
            return error;
        }

        arguments.Probe(1, out KeyProbe destination);
        context.Reply.Integer(context.SortedSets.Algebra.CombineAndStore(
            context.Database, combination, destination, sources.Keys, sources.Weights, sources.Aggregate, ref context.Ticket));
        return null;
    }

    private static CommandError? CountCommon(CommandContext context, scoped in CommandArguments arguments)
    {
        if (ReadKeys(arguments, 1, out byte[][] keys) is { } error)
        {
            return error;
        }

        context.SortedSets.Algebra.RequireSets(context.Database, keys);
        long limit = 0;
        for (int i = 2 + keys.Length; i < arguments.Count; i++)
        {
            if (!arguments.Is(i, "LIMIT"u8) || i + 1 >= arguments.Count)
            {
                return CommandError.Syntax;
            }

            if (!arguments.TryInteger(++i, out limit) || limit < 0)
            {
                return new CommandError("LIMIT can't be negative");
            }
        }

        context.Reply.Integer(context.SortedSets.Algebra.CountCommon(context.Database, keys, limit));
        return null;
    }

    private static CommandError? ReadKeys(scoped in CommandArguments arguments, int countAt, out byte[][] keys)
    {
        keys = [];
        if (!arguments.TryInteger(countAt, out long count))
        {
            return CommandError.NotAnInteger;
        }

        if (count < 1)
        {
            return new CommandError($"at least 1 input key is needed for '{System.Text.Encoding.ASCII.GetString(arguments.Name).ToLowerInvariant()}' command");
        }

        if (count > arguments.Count - countAt - 1)
        {
            return CommandError.Syntax;
        }

        keys = arguments.Copy(countAt + 1, (int)count);
        return null;
    }

    private static CommandError? ReadSources(CommandContext context, scoped in CommandArguments arguments, int countAt, SetCombination combination, bool isStore, out Sources sources)
    {
        sources = new Sources([], [], ScoreAggregate.Sum, false);
        if (ReadKeys(arguments, countAt, out byte[][] keys) is { } error)
        {
            return error;
        }

        context.SortedSets.Algebra.RequireSets(context.Database, keys);
        double[] weights = [];
        var aggregate = ScoreAggregate.Sum;
        bool withScores = false;
        for (int i = countAt + 1 + keys.Length; i < arguments.Count; i++)
        {
            int left = arguments.Count - i - 1;
            if (combination != SetCombination.Difference && left >= keys.Length && arguments.Is(i, "WEIGHTS"u8))
            {
                weights = new double[keys.Length];
                for (int k = 0; k < keys.Length; k++)
                {
                    if (!DoubleText.TryParse(arguments[++i], out weights[k]))
                    {
                        return new CommandError("weight value is not a float");
                    }
                }
            }
            else if (combination != SetCombination.Difference && left >= 1 && arguments.Is(i, "AGGREGATE"u8))
            {
                i++;
                bool isSum = arguments.Is(i, "SUM"u8), isMin = arguments.Is(i, "MIN"u8);
                if (!isSum && !isMin && !arguments.Is(i, "MAX"u8))
                {
                    return CommandError.Syntax;
                }

                aggregate = isSum ? ScoreAggregate.Sum : isMin ? ScoreAggregate.Min : ScoreAggregate.Max;
            }
            else if (!isStore && arguments.Is(i, "WITHSCORES"u8))
            {
                withScores = true;
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        sources = new Sources(keys, weights, aggregate, withScores);
        return null;
    }

    private static CommandError? Pop(CommandContext context, scoped in CommandArguments arguments, bool highest)
    {
        if (WaitingCommand.ReadTimeout(arguments, arguments.Count - 1, out TimeSpan? timeout) is { } error)
        {
            return error;
        }

        byte[][] keys = arguments.Copy(1, arguments.Count - 2);
        var attempt = new SortedSetPopAttempt(context.SortedSets, context.Database, keys, highest, 1);
        WaitingCommand.Run(context, keys, attempt, timeout, (client, served) =>
        {
            if (!served)
            {
                client.Reply.NullArray();
                return;
            }

            client.Reply.Array(3);
            client.Reply.Bulk(attempt.Key);
            client.Reply.Bulk(attempt.Members[0].Member);
            client.Reply.Double(attempt.Members[0].Score);
        });
        return null;
    }

    private static CommandError? PopFromFirst(CommandContext context, scoped in CommandArguments arguments)
    {
        if (WaitingCommand.ReadTimeout(arguments, 1, out TimeSpan? timeout) is { } wrongTimeout)
        {
            return wrongTimeout;
        }

        if (SortedSetCommands.ReadPopArguments(arguments, 2, out byte[][] keys, out bool highest, out long count) is { } error)
        {
            return error;
        }

        var attempt = new SortedSetPopAttempt(context.SortedSets, context.Database, keys, highest, count);
        WaitingCommand.Run(context, keys, attempt, timeout, (client, served) =>
        {
            if (served)
            {
                SortedSetCommands.WriteKeyAndMembers(client.Reply, attempt.Key, attempt.Members);
            }
            else
            {
                client.Reply.NullArray();
            }
        });
        return null;
    }

    private readonly record struct Sources(byte[][] Keys, double[] Weights, ScoreAggregate Aggregate, bool WithScores);
}
