using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The commands that change a part of a string: APPEND, SETRANGE, and Memcached's append and prepend.</summary>
/// <remarks>
/// The log gets the bytes that were written and where they went, as SETRANGE: APPEND itself, replayed twice, would append twice. All of them
/// keep the deadline and Memcached's flags.
/// </remarks>
internal sealed class StringEdits
{
    private readonly Store _store;

    public StringEdits(Store store)
    {
        _store = store;
    }

    /// <summary>APPEND: adds bytes at the end; an absent key counts as empty. Amortized O(bytes added).</summary>
    /// <returns>The new length in bytes.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="ValueTooLargeException">The result would be longer than 512 MB. Nothing has changed.</exception>
    public long Append(int database, in KeyProbe key, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        StringRecord.RequireLength(key, value.Length);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (write.TryFindString(key, out Entry current))
        {
            return AppendTo(write, database, current, key, value);
        }

        StringRecord.Replace(write.Shard, database, default, key, value, default);
        StringRecord.LogSet(write, key, value, default);
        write.Notify(KeyEventClass.String, "append"u8, key);
        return value.Length;
    }

    /// <summary>Memcached's append: as <see cref="Append"/>, but an absent key stays absent.</summary>
    /// <returns>Whether the key was there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="ValueTooLargeException">The result would be longer than 512 MB. Nothing has changed.</exception>
    public bool TryAppend(int database, in KeyProbe key, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        StringRecord.RequireLength(key, value.Length);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFindString(key, out Entry current))
        {
            return false;
        }

        AppendTo(write, database, current, key, value);
        return true;
    }

    /// <summary>Memcached's prepend: adds bytes at the beginning of a value that exists. O(n), and the log gets the whole value.</summary>
    /// <returns>Whether the key was there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="ValueTooLargeException">The result would be longer than 512 MB. Nothing has changed.</exception>
    public bool TryPrepend(int database, in KeyProbe key, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        StringRecord.RequireLength(key, value.Length);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        if (!write.TryFindString(key, out Entry current))
        {
            return false;
        }

        long length = (long)value.Length + current.ValueLength;
        StringRecord.RequireLength(key, length);
        if (value.IsEmpty)
        {
            return true;
        }

        RecordExtras extras = StringRecord.ExtrasAfter(write.Shard, current);
        PendingRecord pending = write.Shard.Prepare(current, ValueKind.String, key, (int)length, extras);
        value.CopyTo(pending.Value);
        current.Value.CopyTo(pending.Value[value.Length..]);
        write.Shard.Publish(database, current, key, pending);
        StringRecord.LogSet(write, key, pending.Value, extras);
        return true;
    }

    /// <summary>SETRANGE: overwrites bytes from an offset on; a gap before it is filled with zeros. An empty value changes nothing and creates no key.</summary>
    /// <returns>The new length in bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative.</exception>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="ValueTooLargeException">The result would be longer than 512 MB. Nothing has changed.</exception>
    public long SetRange(int database, in KeyProbe key, long offset, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        if (offset < 0)
        {
            throw StringErrors.NegativeOffset(key, offset);
        }

        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFindString(key, out Entry current);
        if (value.IsEmpty)
        {
            return exists ? current.ValueLength : 0;
        }

        // Subtracted rather than added: the offset may be as great as a long.
        if (offset > CacheLimits.MaxValueBytes - value.Length)
        {
            throw StringErrors.TooLarge(key, offset > long.MaxValue - value.Length ? long.MaxValue : offset + value.Length);
        }

        int result = Overwrite(write, database, current, key, (int)offset, value);
        write.Notify(KeyEventClass.String, "setrange"u8, key);
        return result;
    }

    private static int AppendTo(in KeyWrite write, int database, in Entry current, in KeyProbe key, ReadOnlySpan<byte> value)
    {
        int oldLength = current.ValueLength;
        StringRecord.RequireLength(key, (long)oldLength + value.Length);
        if (value.IsEmpty)
        {
            EntryAccess.MarkEdited(current);      // as in Redis, where the value becomes "raw" even so
        }

        int result = value.IsEmpty ? oldLength : Overwrite(write, database, current, key, oldLength, value);
        write.Notify(KeyEventClass.String, "append"u8, key);
        return result;
    }

    private static int Overwrite(in KeyWrite write, int database, in Entry current, in KeyProbe key, int offset, ReadOnlySpan<byte> value)
    {
        int length = Math.Max(current.Exists ? current.ValueLength : 0, offset + value.Length);
        ValueEdit edit = ValueEdit.Begin(write.Shard, database, current, key, length);
        value.CopyTo(edit.Value[offset..]);
        edit.End(write.Shard, database, current, key);
        write.Effect(4)?.Argument("SETRANGE"u8).Argument(key).Argument(offset).Argument(value);
        return length;
    }
}
