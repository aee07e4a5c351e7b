using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Writes a whole set in the place of whatever a key holds, without a deadline: SINTERSTORE and its kin.</summary>
internal static class StoredSet
{
    /// <summary>Writes the set. Entries found before are void.</summary>
    /// <param name="store">The store.</param>
    /// <param name="shard">The key's shard.</param>
    /// <param name="database">The database.</param>
    /// <param name="current">What the key holds, or none.</param>
    /// <param name="key">The key.</param>
    /// <param name="members">The members, each once, at least one.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static void Replace(Store store, Shard shard, int database, in Entry current, in KeyProbe key, NameBuffer members)
    {
        var names = new BufferedNames(members);
        bool allAreIntegers = SetEdit.AreIntegers(names);
        bool isTable = !allAreIntegers || members.Count > store.Encodings.SetMaxIntsetEntries;
        if (allAreIntegers && members.Count <= PackedSet.MaxIntegers)
        {
            WriteIntegers(shard, database, current, key, names, isTable);
        }
        else if (members.Count <= PackedSet.MaxMembers && BytesOf(names) <= PackedSet.MaxBytes)
        {
            WriteList(shard, database, current, key, names);
        }
        else
        {
            WriteBody(shard, database, current, key, names, isTable);
        }
    }

    private static void WriteIntegers(Shard shard, int database, in Entry current, in KeyProbe key, BufferedNames names, bool isTable)
    {
        // In ascending order every one is added at the end.
        Span<long> sorted = stackalloc long[names.Count];
        for (int i = 0; i < names.Count; i++)
        {
            sorted[i] = DecimalNumber.TryParse(names.Name(i), out long member) ? member : throw new ArgumentException("Not an integer.", nameof(names));
        }

        sorted.Sort();
        Span<byte> set = stackalloc byte[1 + IntSet.HeaderBytes + (names.Count * sizeof(long))];
        PackedSet.CreateIntegers(set);
        foreach (long member in sorted)
        {
            IntSet.Add(set[1..], member);
        }

        set[0] |= isTable ? PackedSet.ReportedAsTable : (byte)0;
        Publish(shard, database, current, key, set[..PackedSet.TotalBytes(set)]);
    }

    private static void WriteList(Shard shard, int database, in Entry current, in KeyProbe key, BufferedNames names)
    {
        Span<byte> set = stackalloc byte[(int)BytesOf(names)];
        PackedSet.CreateList(set);
        for (int i = 0; i < names.Count; i++)
        {
            ListPack.Append(set[1..], names.Name(i));
        }

        Publish(shard, database, current, key, set[..PackedSet.TotalBytes(set)]);
    }

    private static void WriteBody(Shard shard, int database, in Entry current, in KeyProbe key, BufferedNames names, bool isTable)
    {
        shard.Room.Ensure(SetEdit.BytesOf(names), key, current);
        PendingRecord pending = shard.Prepare(current, ValueKind.Set, key, CollectionForm.ShellBytes, default);
        var body = new SetBody(shard) { IsReportedAsTable = isTable };
        for (int i = 0; i < names.Count; i++)
        {
            KeyProbe.Create(names.Name(i), out KeyProbe member);
            body.Add(member);
        }

        CollectionForm.WriteShell(pending.Value, shard.Collections.Add(body));
        shard.PublishOver(database, current, key, pending);
    }

    private static void Publish(Shard shard, int database, in Entry current, in KeyProbe key, ReadOnlySpan<byte> value)
    {
        PendingRecord pending = shard.Prepare(current, ValueKind.Set, key, value.Length, default);
        value.CopyTo(pending.Value);
        shard.PublishOver(database, current, key, pending);
    }

    private static long BytesOf(BufferedNames names)
    {
        long bytes = 1 + ListPack.EmptyBytes;
        for (int i = 0; i < names.Count; i++)
        {
            bytes += ListPack.SizeOf(names.Name(i));
        }

        return bytes;
    }
}
