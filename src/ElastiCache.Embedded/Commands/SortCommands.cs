using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>SORT and SORT_RO.</summary>
internal static class SortCommands
{
    public static readonly Command[] Rows =
    [
        new("SORT", -2, CommandFlags.Write | CommandFlags.DenyOutOfMemory | CommandFlags.MovableKeys, KeyPositions.One, (context, in arguments) => Sort(context, arguments, mayStore: true), "The elements of a list, set or sorted set in order.")
        {
            Complexity = "O(n log n) for n elements", FindKeys = FindKeys, NamesAllKeys = false,
        },
        new("SORT_RO", -2, CommandFlags.ReadOnly | CommandFlags.MovableKeys, KeyPositions.One, (context, in arguments) => Sort(context, arguments, mayStore: false), "The elements of a list, set or sorted set in order, without storing them.")
        {
            Since = "7.0.0", Complexity = "O(n log n) for n elements", NamesAllKeys = false,
        },
    ];

    private static bool FindKeys(scoped in CommandArguments arguments, List<int> positions)
    {
        // Of several STORE the last is meant.
        positions.Add(1);
        int storeAt = 0;
        for (int i = 2; i + 1 < arguments.Count; i++)
        {
            if (arguments.Is(i, "STORE"u8))
            {
                storeAt = i + 1;
            }
            else if (arguments.Is(i, "BY"u8) || arguments.Is(i, "GET"u8))
            {
                i++;
            }
            else if (arguments.Is(i, "LIMIT"u8))
            {
                i += 2;
            }
        }

        if (storeAt > 0)
        {
            positions.Add(storeAt);
        }

        return true;
    }

    private static CommandError? Sort(CommandContext context, scoped in CommandArguments arguments, bool mayStore)
    {
        var query = new SortQuery();
        int storeAt = 0;
        for (int i = 2; i < arguments.Count; i++)
        {
            int left = arguments.Count - i - 1;
            if (arguments.Is(i, "ASC"u8) || arguments.Is(i, "DESC"u8))
            {
                query.IsDescending = arguments.Is(i, "DESC"u8);
            }
            else if (arguments.Is(i, "ALPHA"u8))
            {
                query.IsAlphabetic = true;
            }
            else if (left >= 2 && arguments.Is(i, "LIMIT"u8))
            {
                if (!arguments.TryInteger(i + 1, out long offset) || !arguments.TryInteger(i + 2, out long count))
                {
                    return CommandError.NotAnInteger;
                }

                (query.Offset, query.Count) = (offset, count);
                i += 2;
            }
            else if (mayStore && left >= 1 && arguments.Is(i, "STORE"u8))
            {
                storeAt = ++i;
            }
            else if (left >= 1 && arguments.Is(i, "BY"u8))
            {
                query.By = arguments[++i].ToArray();
            }
            else if (left >= 1 && arguments.Is(i, "GET"u8))
            {
                query.Gets.Add(arguments[++i].ToArray());
            }
            else
            {
                return CommandError.Syntax;
            }
        }

        arguments.Probe(1, out KeyProbe key);
        if (storeAt != 0)
        {
            arguments.Probe(storeAt, out KeyProbe destination);
            context.Reply.Integer(context.Sorts.SortAndStore(context.Database, key, query, destination, ref context.Ticket));
            return null;
        }

        List<byte[]?> answers = context.Sorts.Sort(context.Database, key, query);
        context.Reply.Array(answers.Count);
        foreach (byte[]? answer in answers)
        {
            if (answer == null)
            {
                context.Reply.Null();
            }
            else
            {
                context.Reply.Bulk(answer);
            }
        }

        return null;
    }
}
