using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Adding members to a set, packed or large, new or old: once it has begun there is room for all of them, and nothing can fail.</summary>
/// <remarks>The entry that it begins with is void from then on. Also decides by Redis's rules what OBJECT ENCODING will answer.</remarks>
internal readonly ref struct SetEdit
{
    private readonly Entry _packedEntry;
    private readonly PackedEdit _packed;
    private readonly SetBody? _body;
    private readonly bool _allAreIntegers;
    private readonly int _maxIntegers;

    private SetEdit(scoped in Entry entry, PackedEdit packed, SetBody? body, bool allAreIntegers, int maxIntegers)
    {
        _packedEntry = entry;
        _packed = packed;
        _body = body;
        _allAreIntegers = allAreIntegers;
        _maxIntegers = maxIntegers;
    }

    /// <summary>Begins to add members.</summary>
    /// <param name="store">The store.</param>
    /// <param name="shard">The key's shard.</param>
    /// <param name="database">The database.</param>
    /// <param name="current">The set, or none.</param>
    /// <param name="key">Its key.</param>
    /// <param name="names">The members; some may be there already, but not all.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static SetEdit Begin<TNames>(Store store, Shard shard, int database, scoped in Entry current, scoped in KeyProbe key, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        int maxIntegers = store.Encodings.SetMaxIntsetEntries;
        bool allAreIntegers = AreIntegers(names);
        var body = current.Exists ? (SetBody?)shard.ShellOf(current) : null;
        if (body != null)
        {
            shard.Room.Ensure(BytesOf(names), key, current);
            shard.BeginChange(database, current);
            return new SetEdit(default, default, body, allAreIntegers, maxIntegers);
        }

        int newMembers = NewMembers(current, names);
        int count = current.Exists ? PackedSet.Count(current.Value) : 0;
        bool hasIntegers = allAreIntegers && (!current.Exists || PackedSet.HasIntegers(current.Value));
        if (hasIntegers && count + newMembers <= PackedSet.MaxIntegers)
        {
            int bytes = 1 + IntSet.HeaderBytes + ((count + newMembers) * WidthWith(current, names));
            PackedEdit packed = PackedEdit.Begin(shard, database, current, key, ValueKind.Set, bytes);
            if (!current.Exists)
            {
                PackedSet.CreateIntegers(packed.Bytes);
            }

            return new SetEdit(current, packed, null, allAreIntegers, maxIntegers);
        }

        long listBytes = count + newMembers <= PackedSet.MaxMembers ? BytesAsList(current, names) : long.MaxValue;
        if (listBytes <= PackedSet.MaxBytes)
        {
            int bytes = Math.Max((int)listBytes, current.Exists ? current.ValueLength : 0);
            PackedEdit packed = PackedEdit.Begin(shard, database, current, key, ValueKind.Set, bytes);
            if (!current.Exists)
            {
                PackedSet.CreateList(packed.Bytes);
            }
            else if (PackedSet.HasIntegers(packed.Bytes))
            {
                PackedSet.BecomeList(packed.Bytes);
            }

            return new SetEdit(current, packed, null, allAreIntegers, maxIntegers);
        }

        return new SetEdit(default, default, Unpack(shard, database, current, key, BytesOf(names)), allAreIntegers, maxIntegers);
    }

    /// <summary>Whether all are integers in the form that an intset stands for.</summary>
    public static bool AreIntegers<TNames>(scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (!DecimalNumber.IsCanonical(names.Name(i)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>About how much memory members of a large set take.</summary>
    public static long BytesOf<TNames>(scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        long bytes = 0;
        for (int i = 0; i < names.Count; i++)
        {
            bytes += SetBody.BytesFor(names.Name(i).Length);
        }

        return bytes;
    }

    /// <summary>Adds a member.</summary>
    /// <returns>Whether it is new.</returns>
    public bool Add(scoped ReadOnlySpan<byte> member)
    {
        if (_body == null)
        {
            return PackedSet.Add(_packed.Bytes, member);
        }

        KeyProbe.Create(member, out KeyProbe probe);
        return _body.Add(probe);
    }

    /// <summary>Ends the edit.</summary>
    public void End(in KeyProbe key)
    {
        if (_body != null)
        {
            _body.IsReportedAsTable |= !_allAreIntegers || _body.Count > _maxIntegers;
            return;
        }

        Span<byte> set = _packed.Bytes;
        if (PackedSet.Count(set) > _maxIntegers)
        {
            set[0] |= PackedSet.ReportedAsTable;
        }

        _packed.End(_packedEntry, key, PackedSet.TotalBytes(set));
    }

    private static SetBody Unpack(Shard shard, int database, in Entry current, in KeyProbe key, long moreBytes)
    {
        long bytes = moreBytes;
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        if (current.Exists)
        {
            for (PackedSet.Members members = PackedSet.MembersOf(current.Value); members.MoveNext();)
            {
                bytes += SetBody.BytesFor(members.Current.Length);
            }
        }

        shard.Room.Ensure(bytes, key, current);
        var body = new SetBody(shard) { IsReportedAsTable = false };
        if (current.Exists)
        {
            body.IsReportedAsTable = PackedSet.IsReportedAsTable(current.Value);
            for (PackedSet.Members members = PackedSet.MembersOf(current.Value); members.MoveNext();)
            {
                KeyProbe.Create(members.Current.AsText(scratch), out KeyProbe member);
                body.Add(member);
            }
        }

        try
        {
            shard.PublishShell(database, current, key, ValueKind.Set, body);
        }
        catch (CacheFullException)
        {
            while (body.FreeSlice(int.MaxValue))
            {
                // The rest comes with the next slice.
            }

            throw;
        }

        return body;
    }

    // Counted exactly only when the simple bound, that all are new, would change the form.
    private static int NewMembers<TNames>(in Entry current, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        if (!current.Exists || PackedSet.Count(current.Value) + names.Count <= PackedSet.MaxMembers)
        {
            return names.Count;
        }

        int count = 0;
        for (int i = 0; i < names.Count; i++)
        {
            count += PackedSet.Contains(current.Value, names.Name(i)) ? 0 : 1;
        }

        return count;
    }

    private static int WidthWith<TNames>(in Entry current, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        ReadOnlySpan<byte> empty = [2, 0, 0, 0, 0, 0, 0, 0];
        ReadOnlySpan<byte> set = current.Exists ? current.Value[1..] : empty;
        int most = 0;
        for (int i = 0; i < names.Count; i++)
        {
            most = Math.Max(most, DecimalNumber.TryParse(names.Name(i), out long number) ? IntSet.BytesWith(set, number) : 0);
        }

        return (most - IntSet.HeaderBytes) / (IntSet.Count(set) + 1);
    }

    private static long BytesAsList<TNames>(in Entry current, scoped TNames names)
        where TNames : struct, INameList, allows ref struct
    {
        long bytes = current.Exists ? PackedSet.BytesAsList(current.Value) : 1 + ListPack.EmptyBytes;
        for (int i = 0; i < names.Count; i++)
        {
            bytes += ListPack.SizeOf(names.Name(i));
        }

        return bytes;
    }
}
