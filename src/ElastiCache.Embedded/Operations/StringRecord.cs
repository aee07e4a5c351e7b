using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The steps that operations on strings share. All but <see cref="TryRead"/> and <see cref="RequireLength"/> need the shard's lock.</summary>
internal static class StringRecord
{
    /// <summary>Reads a string without a lock; see <see cref="StringOperations.TryRead"/>.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead<TReader>(Store store, int database, in KeyProbe key, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        ReadOutcome outcome = store.Read(database, key, ref reader);
        if (outcome > ReadOutcome.Hit)
        {
            outcome = ReadUnlessWrongType(store, database, key, ref reader);
        }

        return outcome == ReadOutcome.Hit;
    }

    /// <summary>Refuses a value that is longer than any value may be.</summary>
    /// <exception cref="ValueTooLargeException">It is.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RequireLength(in KeyProbe key, long length)
    {
        if (length > CacheLimits.MaxValueBytes)
        {
            throw StringErrors.TooLarge(key, length);
        }
    }

    /// <summary>The version that a changed entry gets: another one if somebody has asked for it before, otherwise still none.</summary>
    public static ulong VersionAfter(Shard shard, in Entry current) =>
        current.Exists && current.Version != 0 ? shard.NextVersion() : 0;

    /// <summary>What an entry keeps when an operation computes a new value from the old one: deadline and marks, and the version moves on.</summary>
    public static RecordExtras ExtrasAfter(Shard shard, in Entry current) => current.Exists
        ? new RecordExtras { Deadline = current.Deadline, Marks = current.Marks, Version = VersionAfter(shard, current) }
        : default;

    /// <summary>Stores a value that has nothing to do with that of the entry in whose place it comes, if there is one. It lies outside of the store.</summary>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static void Overwrite(Shard shard, int database, in Entry current, in KeyProbe key, ReadOnlySpan<byte> value, in RecordExtras extras)
    {
        PendingRecord pending = shard.Prepare(current, ValueKind.String, key, value.Length, extras);
        value.CopyTo(pending.Value);
        shard.PublishOver(database, current, key, pending);
    }

    /// <summary>Stores what an entry's value was changed to, or a new one. The value lies outside of the store.</summary>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static void Replace(Shard shard, int database, in Entry current, in KeyProbe key, ReadOnlySpan<byte> value, in RecordExtras extras)
    {
        PendingRecord pending = shard.Prepare(current, ValueKind.String, key, value.Length, extras);
        value.CopyTo(pending.Value);
        shard.Publish(database, current, key, pending);
    }

    /// <summary>SET with options once its condition holds: stores and logs. An absolute deadline that has already passed leaves the key absent, as in Redis.</summary>
    public static void Store(
        Store store, in KeyWrite write, int database, in Entry current, in KeyProbe key, ReadOnlySpan<byte> value, in SetArguments arguments)
    {
        long deadline = arguments.KeepDeadline && current.Exists ? current.Deadline : arguments.Deadline;
        if (store.Clock.HasPassed(deadline) && !store.IsLoading)
        {
            if (current.Exists)
            {
                Delete(write, database, current, key);
            }

            return;
        }

        ulong version = arguments.AssignVersion ? write.Shard.NextVersion() : VersionAfter(write.Shard, current);
        var extras = new RecordExtras { Deadline = deadline, Marks = arguments.Marks, Version = version };
        write.Reserve(key.Length + (long)value.Length);
        Overwrite(write.Shard, database, current, key, value, extras);
        LogSet(write, key, value, extras);
        write.Notify(KeyEventClass.String, "set"u8, key);
        if (!arguments.KeepDeadline && deadline != Record.NoExpiry)
        {
            write.Notify(KeyEventClass.Generic, "expire"u8, key);
        }
    }

    /// <summary>Removes an entry and logs it.</summary>
    public static void Delete(in KeyWrite write, int database, in Entry current, in KeyProbe key)
    {
        write.Shard.Remove(database, current);
        write.Effect(2)?.Argument("DEL"u8).Argument(key);
        write.Notify(KeyEventClass.Generic, "del"u8, key);
    }

    /// <summary>Gives an entry a deadline or, with <see cref="Record.NoExpiry"/>, takes it away; one that has passed removes the entry. Logs what has changed.</summary>
    /// <exception cref="CacheFullException">The entry had no deadline, and the budget has no room for one. Nothing has changed.</exception>
    public static void Expire(Store store, in KeyWrite write, int database, in Entry current, in KeyProbe key, long deadline)
    {
        if (deadline == current.Deadline)
        {
            if (deadline != Record.NoExpiry)
            {
                write.Notify(KeyEventClass.Generic, "expire"u8, key);
            }

            return;
        }

        if (store.Clock.HasPassed(deadline) && !store.IsLoading)
        {
            Delete(write, database, current, key);
            return;
        }

        write.Shard.SetDeadline(database, current, key, deadline);
        if (deadline == Record.NoExpiry)
        {
            write.Effect(2)?.Argument("PERSIST"u8).Argument(key);
            write.Notify(KeyEventClass.Generic, "persist"u8, key);
        }
        else
        {
            write.Effect(3)?.Argument("PEXPIREAT"u8).Argument(key).Argument(deadline);
            write.Notify(KeyEventClass.Generic, "expire"u8, key);
        }
    }

    /// <summary>Logs a whole value with its deadline and marks, which replays to the same entry however often.</summary>
    public static void LogSet(in KeyWrite write, in KeyProbe key, ReadOnlySpan<byte> value, in RecordExtras extras)
    {
        EffectBuffer? effect = write.Effect(extras.Deadline == Record.NoExpiry ? 3 : 5, extras.Marks)
            ?.Argument("SET"u8).Argument(key).Argument(value);
        if (extras.Deadline != Record.NoExpiry)
        {
            effect?.Argument("PXAT"u8).Argument(extras.Deadline);
        }
    }

    // The type was seen without a lock, and the message names it; meanwhile the key may have become a string or have gone.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ReadOutcome ReadUnlessWrongType<TReader>(Store store, int database, in KeyProbe key, ref TReader reader)
        where TReader : struct, IValueReader, allows ref struct
    {
        ReadOutcome outcome;
        do
        {
            Shard shard = store.Enter(key);
            ValueKind kind = shard.TryFind(database, key, out Entry entry, uses: false) ? entry.Kind : ValueKind.None;
            shard.Exit();
            if (kind is not (ValueKind.None or ValueKind.String))
            {
                throw new WrongTypeException(key.ToArray(), TypeNames.Of(kind), TypeNames.Of(ValueKind.String));
            }

            outcome = store.Read(database, key, ref reader);
        }
        while (outcome > ReadOutcome.Hit);

        return outcome;
    }
}
