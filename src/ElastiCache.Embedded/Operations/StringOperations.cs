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
        init => _deadlineOr0 = value == Record.NoExpiry ? 0 : value;
    }

    /// <summary>Whether the entry keeps the deadline that it has.</summary>
    public bool KeepDeadline { get; init; }

    public SetCondition Condition { get; init; }

    /// <summary>Memcached's flags.</summary>
    public uint Flags { get; init; }
}

/// <summary>The string commands. Each takes the database, the key, and the ticket on which the caller waits outside the lock.</summary>
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
        where TReader : struct, IValueReader, allows ref struct
    {
        ReadOutcome outcome = _store.Read(database, key, ref reader);
        if (outcome > ReadOutcome.Hit)
        {
            ThrowWrongType(database, key);
        }

        return outcome == ReadOutcome.Hit;
    }

    /// <summary>SET key value with nothing else, the commonest write.</summary>
    /// <remarks>
    /// The record is written before the key is looked up: both look-ups miss the processor's caches, and this is work that can be
    /// done meanwhile. Benchmark: compare, "set overwrite".
    /// </remarks>
    public void Set(int database, in KeyProbe key, ReadOnlySpan<byte> value, ref JournalTicket ticket)
    {
        RequireLength(key, value.Length);
        _store.Prefetch(database, key.Hash);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        PendingRecord pending = write.Shard.Prepare(default, ValueKind.String, key, value.Length, default);
        value.CopyTo(pending.Value);
        if (write.TryFind(key, out Entry current) && current.Version != 0)
        {
            write.Shard.Discard(pending);
            pending = write.Shard.Prepare(current, ValueKind.String, key, value.Length, new RecordExtras { Version = write.Shard.NextVersion() });
            value.CopyTo(pending.Value);
        }

        write.Shard.Publish(database, current, key, pending);
        write.Effect(3)?.Argument("SET"u8).Argument(key).Argument(value);
    }

    /// <summary>SET with options: NX, XX, KEEPTTL, PXAT.</summary>
    /// <returns>Whether the condition held and the value was stored.</returns>
    public bool Set(int database, in KeyProbe key, ReadOnlySpan<byte> value, in SetArguments arguments, ref JournalTicket ticket)
    {
        RequireLength(key, value.Length);
        using var write = new KeyWrite(_store, database, key, ref ticket);
        bool exists = write.TryFind(key, out Entry current);
        if (arguments.Condition == (exists ? SetCondition.IfAbsent : SetCondition.IfPresent))
        {
            return false;
        }

        Store(write, database, current, key, value, arguments);
        return true;
    }

    // Stores and logs. An absolute deadline that has already passed leaves the key absent, as in Redis.
    private void Store(in KeyWrite write, int database, in Entry current, in KeyProbe key, ReadOnlySpan<byte> value, in SetArguments arguments)
    {
        long deadline = arguments.KeepDeadline && current.Exists ? current.Deadline : arguments.Deadline;
        if (deadline <= _store.Clock.UnixMilliseconds && !_store.IsLoading)
        {
            if (current.Exists)
            {
                write.Shard.Remove(database, current);
                write.Effect(2)?.Argument("DEL"u8).Argument(key);
            }

            return;
        }

        var extras = new RecordExtras { Deadline = deadline, Flags = arguments.Flags, Version = VersionAfter(write.Shard, current) };
        PendingRecord pending = write.Shard.Prepare(current, ValueKind.String, key, value.Length, extras);
        value.CopyTo(pending.Value);
        write.Shard.Publish(database, current, key, pending);
        EffectBuffer? effect = write.Effect(deadline == Record.NoExpiry ? 3 : 5)?.Argument("SET"u8).Argument(key).Argument(value);
        if (deadline != Record.NoExpiry)
        {
            effect?.Argument("PXAT"u8).Argument(deadline);
        }
    }

    private static ulong VersionAfter(Shard shard, in Entry current) =>
        current.Exists && current.Version != 0 ? shard.NextVersion() : 0;

    private static void RequireLength(in KeyProbe key, long length)
    {
        if (length > CacheLimits.MaxValueBytes)
        {
            throw new ValueTooLargeException(key.ToArray(), length);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowWrongType(int database, in KeyProbe key)
    {
        Shard shard = _store.Enter(key);
        ValueKind kind = shard.TryFind(database, key, out Entry entry) ? entry.Kind : ValueKind.None;
        shard.Exit();
        throw new WrongTypeException(key.ToArray(), TypeNames.Of(kind), TypeNames.Of(ValueKind.String));
    }
}
