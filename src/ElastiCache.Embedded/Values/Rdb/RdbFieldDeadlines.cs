using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>Reads hashes whose fields have deadlines, which Redis 7.4 and Valkey 9 encode each in its own way.</summary>
/// <remarks>
/// <code>
///   22, Valkey 9           n   (field  value  i64 deadline; -1 for none) …
///   22, Redis 7.4 before   n   (number deadline; 0 for none   field  value) …
///   23  its release        listpack as a string: field, value, deadline; 0 for none …
///   24  Redis 7.4          i64 earliest   n   (number deadline - earliest + 1; 0 for none   field  value) …
///   25                     i64 earliest   listpack as in 23
/// </code>
/// Deadlines are Unix ms; i64 is little-endian. A deadline that has passed is none of the reader's business.
/// </remarks>
internal static class RdbFieldDeadlines
{
    private const long ValkeyNone = -1;

    /// <summary>Reads a hash.</summary>
    /// <param name="type">Its encoding, 22 to 25.</param>
    /// <param name="reader">Where it begins; behind it afterwards.</param>
    /// <param name="items">Takes fields and values.</param>
    /// <returns>The deadlines; null if no field has one.</returns>
    /// <exception cref="RdbDataException">It is damaged.</exception>
    public static List<(byte[] Field, long Deadline)>? ReadHash(RdbType type, ref RdbReader reader, NameBuffer items)
    {
        if (reader.IsValkey)
        {
            return type == RdbType.HashDeadlines ? ReadValkey(ref reader, items) : throw new RdbDataException($"Valkey has no value encoding {(int)type}.");
        }

        switch (type)
        {
            case RdbType.HashDeadlines:
                return ReadFields(ref reader, items, earliest: 1);
            case RdbType.HashDeadlinesFromEarliest:
                return ReadFields(ref reader, items, reader.ReadTime());
            case RdbType.HashDeadlinesListPack:
                reader.ReadTime();
                break;
        }

        return ReadListPack(reader.ReadString(), items);
    }

    private static List<(byte[] Field, long Deadline)>? ReadValkey(ref RdbReader reader, NameBuffer items)
    {
        List<(byte[] Field, long Deadline)>? deadlines = null;
        for (int left = reader.ReadCount(2 + sizeof(long)); left > 0; left--)
        {
            items.Add(reader.ReadString());
            items.AddToLast(reader.ReadString());
            long deadline = reader.ReadTime();
            if (deadline != ValkeyNone)
            {
                Add(ref deadlines, items, deadline);
            }
        }

        return deadlines;
    }

    // Where deadlines are told in full, the earliest is 1: the number is then the deadline itself.
    private static List<(byte[] Field, long Deadline)>? ReadFields(ref RdbReader reader, NameBuffer items, long earliest)
    {
        List<(byte[] Field, long Deadline)>? deadlines = null;
        for (int left = reader.ReadCount(3); left > 0; left--)
        {
            ulong behind = reader.ReadNumber();
            items.Add(reader.ReadString());
            items.AddToLast(reader.ReadString());
            if (behind != 0)
            {
                Add(ref deadlines, items, earliest is > 0 and < Record.NoExpiry && behind < (ulong)(Record.NoExpiry - earliest) ? earliest + (long)behind - 1 : 0);
            }
        }

        return deadlines;
    }

    private static List<(byte[] Field, long Deadline)>? ReadListPack(ReadOnlySpan<byte> pack, NameBuffer items)
    {
        RdbValueReader.RequireListPack(pack);
        List<(byte[] Field, long Deadline)>? deadlines = null;
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (int at = ListPack.First(pack); at >= 0; at = ListPack.Next(pack, at))
        {
            items.Add(ListPack.Get(pack, at).AsText(text));
            at = Next(pack, at);
            items.AddToLast(ListPack.Get(pack, at).AsText(text));
            at = Next(pack, at);
            ListPackElement deadline = ListPack.Get(pack, at);
            if (!deadline.IsInteger)
            {
                throw new RdbDataException("A field's deadline is no number.");
            }

            if (deadline.Integer != 0)
            {
                Add(ref deadlines, items, deadline.Integer);
            }
        }

        return deadlines;
    }

    private static int Next(ReadOnlySpan<byte> pack, int at) =>
        ListPack.Next(pack, at) is >= 0 and var next ? next : throw new RdbDataException("The last field of a hash has no value or no deadline.");

    private static void Add(ref List<(byte[] Field, long Deadline)>? deadlines, NameBuffer items, long deadline)
    {
        if (deadline is <= 0 or >= Record.NoExpiry)
        {
            throw new RdbDataException("A field's deadline is none.");
        }

        (deadlines ??= []).Add((items.Name(items.Count - 1).ToArray(), deadline));
    }
}
