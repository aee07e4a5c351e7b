using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What a SET does besides storing the value.</summary>
internal readonly struct SetArguments
{
    private readonly long _deadlineOr0;

    /// <summary>The deadline in Unix ms; <see cref="Record.NoExpiry"/>, the default, for none.</summary>
    public long Deadline
    {
        get => _deadlineOr0 == 0 ? Record.NoExpiry : _deadlineOr0;
        init => _deadlineOr0 = value == Record.NoExpiry ? 0 : value == 0 ? -1 : value;     // 1970 or earlier: long past
    }

    /// <summary>Whether the entry keeps the deadline that it has.</summary>
    public bool KeepDeadline { get; init; }

    public SetCondition Condition { get; init; }

    /// <summary>Memcached's flags and the priority.</summary>
    public EntryMarks Marks { get; init; }

    /// <summary>Whether the entry gets a version at once, because somebody is going to ask for it: that saves the copy on the first ask.</summary>
    public bool AssignVersion { get; init; }
}

/// <summary>The commands that read, store or remove a whole string: GET, SET, GETSET, GETDEL, GETEX.</summary>
/// <remarks>
/// Each takes the database, the key, and the ticket on which the caller waits outside the lock. A reader gets its bytes under the lock,
/// so it only copies; what it copied is handed to users afterwards.
/// SETNX, SETEX and PSETEX are <see cref="Set(int, in KeyProbe, ReadOnlySpan{byte}, in SetArguments, ref JournalTicket)"/>; STRLEN is
/// <see cref="TryRead"/> with a <see cref="LengthReader"/>, GETRANGE with a <see cref="PooledReader"/>.
/// </remarks>
internal sealed class StringOperations
{
    private readonly Store _store;

    public StringOperations(Store store)
    {
        _store = store;
    }

    /// <summary>GET and everything that only looks at a string: O(1) and no lock.</summary>
    /// <returns>Whether the key is there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead<TReader>(int database, scoped in KeyProbe key, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct =>
        StringRecord.TryRead(_store, database, key, ref reader);

    /// <summary>SET key value with nothing else, the commonest write.</summary>
    public void Set(int database, in KeyProbe key, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        StringRecord.RequireLength(key, value.Length);
        _store.Prefetch.OfBucket(database, key.Hash);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        write.Reserve(key.Length + (long)value.Length);
        if (!ShortOverwrite.TryApply(write.Shard, _store, database, key, value, out bool isAbsent))
        {
            StoreAnew(write, database, key, value, isAbsent);
        }

        write.Effect(3)?.Argument("SET"u8).Argument(key).Argument(value);
        write.Notify(KeyEventClass.String, "set"u8, key);
    }

    // The record is written before the key is looked up: the look-up misses the processor's caches, and this is work that can be done meanwhile.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreAnew(in KeyWrite write, int database, in KeyProbe key, ReadOnlySpan<byte> value, bool isAbsent)
    {
        Entry current = default;
        PendingRecord pending = write.Shard.Prepare(default, ValueKind.String, key, value.Length, default);
        value.CopyTo(pending.Value);
        if (!isAbsent && write.TryFind(key, out current) && current.Version != 0)
        {
            write.Shard.Discard(pending);
            pending = write.Shard.Prepare(current, ValueKind.String, key, value.Length, new RecordExtras { Version = write.Shard.NextVersion() });
            value.CopyTo(pending.Value);
        }

        write.Shard.PublishOver(database, current, key, pending);
    }

    /// <summary>SET with options: NX, XX, KEEPTTL, PXAT. An absolute deadline that has already passed leaves the key absent.</summary>
    /// <returns>Whether the condition held and the value was stored.</returns>
    public bool Set(int database, in KeyProbe key, ReadOnlySpan<byte> value, in SetArguments arguments, ref JournalTicket ticket)
    {
        StringRecord.RequireLength(key, value.Length);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFind(key, out Entry current);
        if (arguments.Condition == (exists ? SetCondition.IfAbsent : SetCondition.IfPresent))
        {
            return false;
        }

        StringRecord.Store(_store, write, database, current, key, value, arguments);
        return true;
    }

    /// <summary>SET with GET, and GETSET: as SET, and reads the old value in the same step, also when the condition then fails.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The new value.</param>
    /// <param name="arguments">Options; the default is GETSET.</param>
    /// <param name="old">Reads the old value, if there is one.</param>
    /// <param name="existed">Whether there was one.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>Whether the condition held and the value was stored.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a string, which a SET without GET would overwrite. Nothing has changed.</exception>
    public bool SetAndRead<TReader>(
        int database, in KeyProbe key, ReadOnlySpan<byte> value, in SetArguments arguments, ref TReader old, out bool existed, ref JournalTicket ticket)
        where TReader : struct, IValueReader, allows ref struct
    {
        StringRecord.RequireLength(key, value.Length);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        existed = write.TryFindString(key, out Entry current);
        if (existed)
        {
            LockedReader.Read(current, ref old);
        }

        if (arguments.Condition == (existed ? SetCondition.IfAbsent : SetCondition.IfPresent))
        {
            return false;
        }

        StringRecord.Store(_store, write, database, current, key, value, arguments);
        return true;
    }

    /// <summary>GETDEL: reads a string and removes it in one step.</summary>
    /// <returns>Whether the key was there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public bool ReadAndDelete<TReader>(int database, in KeyProbe key, ref TReader reader, ref JournalTicket ticket)
        where TReader : struct, IValueReader, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFindString(key, out Entry current);
        _store.Accesses.Count(exists);
        if (exists)
        {
            LockedReader.Read(current, ref reader);
            StringRecord.Delete(write, database, current, key);
        }

        return exists;
    }

    /// <summary>GETEX: reads a string and sets its deadline in one step.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="deadline">In Unix ms; one that has passed removes the key, <see cref="Record.NoExpiry"/> is PERSIST.</param>
    /// <param name="reader">Reads the value, if there is one.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <returns>Whether the key was there.</returns>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The entry had no deadline, and the budget has no room for one. Nothing has changed.</exception>
    public bool ReadAndExpire<TReader>(int database, in KeyProbe key, long deadline, ref TReader reader, ref JournalTicket ticket)
        where TReader : struct, IValueReader, allows ref struct
    {
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFindString(key, out Entry current);
        _store.Accesses.Count(exists);
        if (exists)
        {
            LockedReader.Read(current, ref reader);
            StringRecord.Expire(_store, write, database, current, key, deadline);
        }

        return exists;
    }
}
