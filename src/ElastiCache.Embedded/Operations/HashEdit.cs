using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Setting fields of a hash, packed or large, new or old: once it has begun there is room for all of them, and nothing can fail.</summary>
/// <remarks>The entry that it begins with is void from then on. Also decides by Redis's thresholds what OBJECT ENCODING will answer.</remarks>
internal readonly ref struct HashEdit
{
    private readonly Entry _packedEntry;
    private readonly PackedEdit _packed;
    private readonly long _now;
    private readonly bool _passesThreshold;
    private readonly int _maxEntries;

    private HashEdit(scoped in Entry entry, PackedEdit packed, HashBody? body, long now, bool passesThreshold, int maxEntries)
    {
        _packedEntry = entry;
        _packed = packed;
        Body = body;
        _now = now;
        _passesThreshold = passesThreshold;
        _maxEntries = maxEntries;
    }

    /// <summary>The large form; null while the hash is packed.</summary>
    public HashBody? Body { get; }

    /// <summary>Begins to set fields.</summary>
    /// <param name="store">The store.</param>
    /// <param name="shard">The key's shard.</param>
    /// <param name="database">The database.</param>
    /// <param name="current">The hash, or none.</param>
    /// <param name="key">Its key.</param>
    /// <param name="pairs">What will be set, at most.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static HashEdit Begin<TPairs>(Store store, Shard shard, int database, scoped in Entry current, scoped in KeyProbe key, scoped TPairs pairs)
        where TPairs : struct, IFieldValueList, allows ref struct
    {
        int longest = store.Encodings.HashMaxListpackValue;
        bool passes = false;
        long growth = 0;
        for (int i = 0; i < pairs.Count; i++)
        {
            ReadOnlySpan<byte> field = pairs.Name(i);
            ReadOnlySpan<byte> value = pairs.Value(i);
            passes |= field.Length > longest || value.Length > longest;
            growth += PackedHash.BytesFor(field, value);
        }

        int maxEntries = store.Encodings.HashMaxListpackEntries;
        var body = current.Exists ? (HashBody?)shard.ShellOf(current) : null;
        if (body == null && FitsPacked(current, pairs, ref growth))
        {
            int length = current.Exists ? current.ValueLength : PackedHash.EmptyBytes;
            PackedEdit packed = PackedEdit.Begin(shard, database, current, key, ValueKind.Hash, length + (int)growth);
            if (!current.Exists)
            {
                PackedHash.Create(packed.Bytes);
            }

            return new HashEdit(current, packed, null, 0, passes, maxEntries);
        }

        long bytes = 0;
        for (int i = 0; i < pairs.Count; i++)
        {
            bytes += HashBody.BytesFor(pairs.Name(i).Length, pairs.Value(i).Length);
        }

        if (body != null)
        {
            shard.Room.Ensure(bytes, key, current);
            shard.BeginChange(database, current);
        }
        else
        {
            body = Unpack(shard, database, current, key, bytes);
        }

        return new HashEdit(default, default, body, HashOperations.NowFor(store, body), passes, maxEntries);
    }

    /// <summary>Makes a hash large: one that is packed, or a new one. Entries found before are void.</summary>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static HashBody Unpack(Shard shard, int database, in Entry current, in KeyProbe key, long moreBytes)
    {
        long bytes = moreBytes;
        if (current.Exists)
        {
            for (PackedHash.Pairs pairs = PackedHash.PairsOf(current.Value); pairs.MoveNext();)
            {
                bytes += HashBody.BytesFor(pairs.Field.Length, pairs.Value.Length);
            }
        }

        shard.Room.Ensure(bytes, key, current);
        var body = new HashBody(shard);
        if (current.Exists)
        {
            body.IsReportedAsTable = PackedHash.IsReportedAsTable(current.Value);
            Span<byte> fieldText = stackalloc byte[DecimalNumber.MaxTextBytes];
            Span<byte> valueText = stackalloc byte[DecimalNumber.MaxTextBytes];
            for (PackedHash.Pairs pairs = PackedHash.PairsOf(current.Value); pairs.MoveNext();)
            {
                KeyProbe.Create(pairs.Field.AsText(fieldText), out KeyProbe field);
                body.Set(field, pairs.Value.AsText(valueText), now: 0, keepsDeadline: false);
            }
        }

        try
        {
            shard.PublishShell(database, current, key, ValueKind.Hash, body);
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

    /// <summary>Sets a field.</summary>
    /// <returns>Whether it is new.</returns>
    public bool Set(scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, bool keepsDeadline = false)
    {
        if (Body == null)
        {
            return PackedHash.Set(_packed.Bytes, field, value);
        }

        KeyProbe.Create(field, out KeyProbe probe);
        return Body.Set(probe, value, _now, keepsDeadline);
    }

    /// <summary>Ends the edit.</summary>
    public void End(in KeyProbe key)
    {
        if (Body != null)
        {
            Body.IsReportedAsTable |= _passesThreshold || Body.Count > _maxEntries;
            return;
        }

        Span<byte> hash = _packed.Bytes;
        if (_passesThreshold || PackedHash.Count(hash) > _maxEntries)
        {
            hash[0] |= PackedHash.ReportedAsTable;
        }

        _packed.End(_packedEntry, key, PackedHash.TotalBytes(hash));
    }

    // By the simple sum first, which is an upper bound; many a field may be there already.
    private static bool FitsPacked<TPairs>(in Entry current, scoped TPairs pairs, ref long growth)
        where TPairs : struct, IFieldValueList, allows ref struct
    {
        int length = current.Exists ? current.ValueLength : PackedHash.EmptyBytes;
        int count = current.Exists ? PackedHash.Count(current.Value) : 0;
        if (length + growth <= PackedHash.MaxBytes && count + pairs.Count <= PackedHash.MaxFields)
        {
            return true;
        }

        if (!current.Exists)
        {
            return false;
        }

        growth = 0;
        for (int i = 0; i < pairs.Count; i++)
        {
            growth += Math.Max(0, PackedHash.BytesFor(current.Value, pairs.Name(i), pairs.Value(i), out bool isNew));
            count += isNew ? 1 : 0;
        }

        return length + growth <= PackedHash.MaxBytes && count <= PackedHash.MaxFields;
    }
}
