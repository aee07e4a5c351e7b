namespace ElastiCache.Embedded.Values;

/// <summary>One entry in a node.</summary>
/// <param name="At">The position of its flags.</param>
/// <param name="End">The position behind it: the next entry's, or -1.</param>
/// <param name="Id">Its ID.</param>
/// <param name="IsDeleted">Whether it only waits for the node to go.</param>
/// <param name="Fields">The position of its first field; of the node's first field if it shares them.</param>
/// <param name="Values">The position of its first value if it shares the node's fields, else -1.</param>
/// <param name="Count">How many pairs it has.</param>
internal readonly record struct StreamNodeEntry(int At, int End, StreamId Id, bool IsDeleted, int Fields, int Values, int Count);

/// <summary>A node of a stream: up to about 100 entries in one listpack, in Redis's form, so that it enters an RDB file as it is.</summary>
/// <remarks>
/// <code>
///   first comes what the entries have in common:
///     entries   deleted   n   field 1 … field n   0
///   then each entry, its ID as the difference from the node's, which is the first entry's:
///     flags   ms   seq   value 1 … value n                              n + 3         flags: 1 deleted, 2 same fields as the node
///     flags   ms   seq   m   field 1   value 1 … field m   value m      2m + 4
///                                                                       └ the elements before it: to walk backwards
/// </code>
/// An entry whose fields are those of the node's first one stores only its values. Deleting sets a flag and moves a count; the bytes go with the
/// whole node, when its last entry is deleted.
/// </remarks>
internal static class StreamNode
{
    private const int Deleted = 1;
    private const int SameFields = 2;

    // Flags, two differences, the number of pairs, the backward count; each an integer of at most 9 + 1 bytes. And a growing count of entries.
    private const int MostExtraBytes = 64;

    // A string's header of 5 bytes and its backward length of 5.
    private const int MostElementBytes = 10;

    /// <summary>The most bytes that an entry adds to a node, or takes as the first of one.</summary>
    public static long MostBytes<TFields>(TFields fields)
        where TFields : struct, IStreamFields, allows ref struct
    {
        long bytes = MostExtraBytes;
        for (int i = 0; i < fields.Count; i++)
        {
            // The first of a node writes its fields, and then no more.
            bytes += fields.Field(i).Length + (long)fields.Value(i).Length + (2 * MostElementBytes);
        }

        return bytes;
    }

    /// <summary>Begins a node with its first entry, whose ID is the node's.</summary>
    /// <param name="pack">Room for an empty listpack and <see cref="MostBytes"/>.</param>
    /// <param name="fields">The entry.</param>
    public static void Create<TFields>(Span<byte> pack, TFields fields)
        where TFields : struct, IStreamFields, allows ref struct
    {
        ListPack.Create(pack);
        ListPack.Append(pack, 1);
        ListPack.Append(pack, 0);
        ListPack.Append(pack, fields.Count);
        for (int i = 0; i < fields.Count; i++)
        {
            ListPack.Append(pack, fields.Field(i));
        }

        ListPack.Append(pack, 0);
        AppendEntry(pack, default, SameFields, fields);
    }

    /// <summary>Adds an entry at the end.</summary>
    /// <param name="pack">The node, with room for <see cref="MostBytes"/> behind it.</param>
    /// <param name="difference">Its ID minus the node's, each part by itself.</param>
    /// <param name="fields">The entry.</param>
    public static void Append<TFields>(Span<byte> pack, StreamId difference, TFields fields)
        where TFields : struct, IStreamFields, allows ref struct
    {
        int flags = HasFields(pack, fields) ? SameFields : 0;
        ListPack.Replace(pack, ListPack.HeaderBytes, Entries(pack) + 1);
        AppendEntry(pack, difference, flags, fields);
    }

    /// <summary>The entries that are not deleted.</summary>
    public static long Entries(ReadOnlySpan<byte> pack) => ListPack.Get(pack, ListPack.HeaderBytes).Integer;

    /// <summary>All entries, deleted ones too.</summary>
    public static long EntriesWithDeleted(ReadOnlySpan<byte> pack) =>
        Entries(pack) + ListPack.Get(pack, ListPack.Next(pack, ListPack.HeaderBytes)).Integer;

    /// <summary>The position of the first entry.</summary>
    public static int FirstEntry(ReadOnlySpan<byte> pack)
    {
        int at = FieldCountAt(pack);
        for (long skip = ListPack.Get(pack, at).Integer + 2; skip > 0; skip--)
        {
            at = ListPack.Next(pack, at);
        }

        return at;
    }

    /// <summary>The position of the last entry.</summary>
    public static int LastEntry(ReadOnlySpan<byte> pack) => EntryThatEndsAt(pack, ListPack.Last(pack));

    /// <summary>The position of the entry before another; -1 if that is the first.</summary>
    public static int EntryBefore(ReadOnlySpan<byte> pack, int at) => EntryThatEndsAt(pack, ListPack.Previous(pack, at));

    /// <summary>Reads the entry at a position.</summary>
    public static StreamNodeEntry Read(ReadOnlySpan<byte> pack, StreamId node, int at)
    {
        long flags = ListPack.Get(pack, at).Integer;
        int ms = ListPack.Next(pack, at);
        int sequence = ListPack.Next(pack, ms);
        var id = new StreamId(
            node.Milliseconds + (ulong)ListPack.Get(pack, ms).Integer,
            node.Sequence + (ulong)ListPack.Get(pack, sequence).Integer);

        int fields = ListPack.Next(pack, sequence);
        int values = -1;
        long count;
        int end;
        if ((flags & SameFields) != 0)
        {
            int countAt = FieldCountAt(pack);
            count = ListPack.Get(pack, countAt).Integer;
            values = fields;
            fields = ListPack.Next(pack, countAt);
            end = Skip(pack, values, count);
        }
        else
        {
            count = ListPack.Get(pack, fields).Integer;
            fields = ListPack.Next(pack, fields);
            end = Skip(pack, fields, 2 * count);
        }

        return new StreamNodeEntry(at, ListPack.Next(pack, end), id, (flags & Deleted) != 0, fields, values, (int)count);
    }

    /// <summary>Marks an entry deleted without counting it; see <see cref="CountDeleted"/>. The node stays as long as it is.</summary>
    public static void MarkDeleted(Span<byte> pack, int at) => ListPack.Replace(pack, at, ListPack.Get(pack, at).Integer | Deleted);

    /// <summary>Counts entries as deleted. The node may need two bytes more; positions in it are void.</summary>
    public static void CountDeleted(Span<byte> pack, long entries)
    {
        long left = Entries(pack) - entries;
        long deleted = EntriesWithDeleted(pack) - left;
        ListPack.Replace(pack, ListPack.HeaderBytes, left);
        ListPack.Replace(pack, ListPack.Next(pack, ListPack.HeaderBytes), deleted);
    }

    private static int FieldCountAt(ReadOnlySpan<byte> pack) => ListPack.Next(pack, ListPack.Next(pack, ListPack.HeaderBytes));

    private static int Skip(ReadOnlySpan<byte> pack, int at, long elements)
    {
        for (; elements > 0; elements--)
        {
            at = ListPack.Next(pack, at);
        }

        return at;
    }

    // An entry ends with the number of its other elements. The 0 behind the node's fields is no entry's end.
    private static int EntryThatEndsAt(ReadOnlySpan<byte> pack, int at)
    {
        long elements = ListPack.Get(pack, at).Integer;
        if (elements == 0)
        {
            return -1;
        }

        for (; elements > 0; elements--)
        {
            at = ListPack.Previous(pack, at);
        }

        return at;
    }

    private static bool HasFields<TFields>(ReadOnlySpan<byte> pack, TFields fields)
        where TFields : struct, IStreamFields, allows ref struct
    {
        int at = FieldCountAt(pack);
        if (ListPack.Get(pack, at).Integer != fields.Count)
        {
            return false;
        }

        for (int i = 0; i < fields.Count; i++)
        {
            at = ListPack.Next(pack, at);
            if (!ListPack.Get(pack, at).Equals(fields.Field(i)))
            {
                return false;
            }
        }

        return true;
    }

    private static void AppendEntry<TFields>(Span<byte> pack, StreamId difference, int flags, TFields fields)
        where TFields : struct, IStreamFields, allows ref struct
    {
        bool isSame = (flags & SameFields) != 0;
        ListPack.Append(pack, flags);
        ListPack.Append(pack, (long)difference.Milliseconds);
        ListPack.Append(pack, (long)difference.Sequence);
        if (!isSame)
        {
            ListPack.Append(pack, fields.Count);
        }

        for (int i = 0; i < fields.Count; i++)
        {
            if (!isSame)
            {
                ListPack.Append(pack, fields.Field(i));
            }

            ListPack.Append(pack, fields.Value(i));
        }

        ListPack.Append(pack, isSame ? fields.Count + 3 : (2L * fields.Count) + 4);
    }
}
