using System.Buffers;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What became of a field that should have another deadline, by the numbers of Redis's replies.</summary>
internal enum FieldExpiryOutcome
{
    NoSuchField = -2,

    /// <summary>HPERSIST: the field has no deadline.</summary>
    NoDeadline = -1,

    ConditionNotMet = 0,

    Done = 1,

    /// <summary>The deadline had passed already.</summary>
    Removed = 2,
}

/// <summary>The commands on deadlines of a hash's fields, as in Redis 7.4: HPEXPIREAT, HPEXPIRETIME, HPERSIST and their kin.</summary>
/// <remarks>
/// A hash whose fields have deadlines is always a large one. The log gets <c>HPEXPIREAT key ms FIELDS n field…</c>, <c>HPERSIST</c>, <c>HDEL</c>; the first two are
/// not known to a redis-server before 7.4.
/// </remarks>
internal sealed class HashExpiry
{
    // A record with a deadline in the place of one without, and the heap's item.
    private const int BytesADeadline = 64;

    private readonly Store _store;

    public HashExpiry(Store store)
    {
        _store = store;
    }

    /// <summary>The cache's present time, from which relative times count.</summary>
    public long Now => _store.Clock.UnixMilliseconds;

    /// <summary>HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT: gives fields a deadline; one that has passed removes them. O(fields · log n).</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="names">The fields.</param>
    /// <param name="deadline">Unix ms.</param>
    /// <param name="condition">When to set it.</param>
    /// <param name="sink">Takes the outcomes.</param>
    /// <param name="ticket">What to wait for.</param>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public void Expire<TNames, TSink>(
        int database,
        in KeyProbe key,
        scoped TNames names,
        long deadline,
        ExpireCondition condition,
        scoped ref TSink sink,
        ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldResultSink<FieldExpiryOutcome>, allows ref struct
    {
        deadline = ExpireDeadline.Storable(deadline);
        Change(database, key, names, new SetsDeadline(deadline, condition, deadline <= Now && !_store.IsLoading), ref sink, ref ticket);
    }

    /// <summary>HPERSIST: takes deadlines away. O(fields).</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public void Persist<TNames, TSink>(int database, in KeyProbe key, scoped TNames names, scoped ref TSink sink, ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldResultSink<FieldExpiryOutcome>, allows ref struct
    {
        Change(database, key, names, new TakesDeadline(), ref sink, ref ticket);
    }

    /// <summary>HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME. O(fields).</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public void Deadlines<TNames, TSink>(int database, in KeyProbe key, scoped TNames names, scoped ref TSink sink)
        where TNames : struct, INameList, allows ref struct
        where TSink : struct, IFieldResultSink<KeyDeadline>, allows ref struct
    {
        using var read = new KeyRead(_store, database, key);
        bool isThere = HashOperations.TryOpen(_store, read, database, key, out HashView hash);
        long now = HashOperations.NowFor(_store, hash.Body);
        for (int i = 0; i < names.Count; i++)
        {
            sink.Take(isThere ? DeadlineOf(hash, names.Name(i), now) : default);
        }
    }

    /// <summary>Gives fields of a hash that was found a deadline, within another operation; <see cref="Record.NoExpiry"/> takes theirs away. Entries found before are void.</summary>
    internal void Change<TNames>(in KeyWrite write, int database, in KeyProbe key, in Entry current, scoped TNames names, long deadline)
        where TNames : struct, INameList, allows ref struct
    {
        FieldExpiryOutcome[] outcomes = ArrayPool<FieldExpiryOutcome>.Shared.Rent(names.Count);
        if (deadline == Record.NoExpiry)
        {
            Apply(write, database, key, current, names, new TakesDeadline(), outcomes);
        }
        else
        {
            Apply(write, database, key, current, names, new SetsDeadline(deadline, ExpireCondition.Always, deadline <= Now && !_store.IsLoading), outcomes);
        }

        ArrayPool<FieldExpiryOutcome>.Shared.Return(outcomes);
    }

    /// <summary>Logs the deadline of a field.</summary>
    internal static void LogDeadline(in KeyWrite write, in KeyProbe key, long deadline, ReadOnlySpan<byte> field) =>
        write.Effect(6)?.Argument("HPEXPIREAT"u8).Argument(key).Argument(deadline).Argument("FIELDS"u8).Argument(1).Argument(field);

    private static KeyDeadline DeadlineOf(in HashView hash, ReadOnlySpan<byte> field, long now)
    {
        if (hash.Body is not { } body)
        {
            return hash.Contains(field) ? new KeyDeadline(true, Record.NoExpiry) : default;
        }

        KeyProbe.Create(field, out KeyProbe name);
        return body.TryFind(name, now, out Member found) ? new KeyDeadline(true, found.Deadline) : default;
    }

    private void Change<TNames, TChange, TSink>(
        int database, in KeyProbe key, scoped TNames names, TChange change, scoped ref TSink sink, ref JournalTicket ticket)
        where TNames : struct, INameList, allows ref struct
        where TChange : struct, IDeadlineChange
        where TSink : struct, IFieldResultSink<FieldExpiryOutcome>, allows ref struct
    {
        FieldExpiryOutcome[] outcomes = ArrayPool<FieldExpiryOutcome>.Shared.Rent(names.Count);
        try
        {
            Array.Fill(outcomes, FieldExpiryOutcome.NoSuchField, 0, names.Count);
            using (var write = new KeyWrite(_store, database, key, ref ticket))
            {
                if (HashOperations.TryFind(_store, write, database, key, out Entry current))
                {
                    Apply(write, database, key, current, names, change, outcomes);
                }
            }

            for (int i = 0; i < names.Count; i++)
            {
                sink.Take(outcomes[i]);
            }
        }
        finally
        {
            ArrayPool<FieldExpiryOutcome>.Shared.Return(outcomes);
        }
    }

    private void Apply<TNames, TChange>(
        in KeyWrite write, int database, in KeyProbe key, Entry current, scoped TNames names, TChange change, FieldExpiryOutcome[] outcomes)
        where TNames : struct, INameList, allows ref struct
        where TChange : struct, IDeadlineChange
    {
        // Decide before anything changes: a field that is named twice meets what became of it the first time, in the loop below.
        HashView hash = HashOperations.ViewOf(_store, write.Shard, current);
        long now = HashOperations.NowFor(_store, hash.Body);
        bool changes = false;
        for (int i = 0; i < names.Count; i++)
        {
            outcomes[i] = change.Decide(DeadlineOf(hash, names.Name(i), now));
            changes |= outcomes[i] > 0;
        }

        if (!changes)
        {
            return;
        }

        HashBody body = Body(write, database, key, ref current, names.Count);
        for (int i = 0; i < names.Count; i++)
        {
            KeyProbe.Create(names.Name(i), out KeyProbe name);
            bool isThere = body.TryFind(name, now, out Member found);
            outcomes[i] = change.Decide(isThere ? new KeyDeadline(true, found.Deadline) : default);
            if (outcomes[i] == FieldExpiryOutcome.Removed)
            {
                body.Remove(found);
            }
            else if (outcomes[i] == FieldExpiryOutcome.Done)
            {
                body.SetDeadline(name, found, change.Deadline);
            }
        }

        Tell(write, key, names, change, outcomes);
        HashOperations.RemoveIfEmpty(write, current, key);
        if (body.Count > 0)
        {
            write.Shard.MemberExpiry.Arm(database, key.SlotHash, body);
        }
    }

    // The large form of a hash, ready to be changed.
    private static HashBody Body(in KeyWrite write, int database, in KeyProbe key, ref Entry current, int fields)
    {
        long bytes = (long)fields * BytesADeadline;
        if (write.Shard.ShellOf(current) is HashBody body)
        {
            write.Shard.Room.Ensure(bytes, key, current);
            write.Shard.BeginChange(database, current);
            return body;
        }

        body = HashEdit.Unpack(write.Shard, database, current, key, bytes);
        write.TryFind(key, out current, uses: false);
        return body;
    }

    private static void Tell<TNames, TChange>(in KeyWrite write, in KeyProbe key, scoped TNames names, TChange change, ReadOnlySpan<FieldExpiryOutcome> outcomes)
        where TNames : struct, INameList, allows ref struct
        where TChange : struct, IDeadlineChange
    {
        outcomes = outcomes[..names.Count];
        int done = outcomes.Count(FieldExpiryOutcome.Done);
        if (done > 0)
        {
            EffectBuffer? effect = change.Deadline == Record.NoExpiry
                ? write.Effect(4 + done, changes: done)?.Argument("HPERSIST"u8).Argument(key)
                : write.Effect(5 + done, changes: done)?.Argument("HPEXPIREAT"u8).Argument(key).Argument(change.Deadline);
            LogThose(effect?.Argument("FIELDS"u8).Argument(done), names, outcomes, FieldExpiryOutcome.Done);
            write.Notify(KeyEventClass.Hash, change.Deadline == Record.NoExpiry ? "hpersist"u8 : "hexpire"u8, key);
        }

        int removed = outcomes.Count(FieldExpiryOutcome.Removed);
        if (removed > 0)
        {
            LogThose(write.Effect(2 + removed, changes: removed)?.Argument("HDEL"u8).Argument(key), names, outcomes, FieldExpiryOutcome.Removed);
            write.Notify(KeyEventClass.Hash, "hdel"u8, key);
        }
    }

    private static void LogThose<TNames>(EffectBuffer? effect, scoped TNames names, ReadOnlySpan<FieldExpiryOutcome> outcomes, FieldExpiryOutcome wanted)
        where TNames : struct, INameList, allows ref struct
    {
        for (int i = 0; effect != null && i < names.Count; i++)
        {
            if (outcomes[i] == wanted)
            {
                effect.Argument(names.Name(i));
            }
        }
    }

    /// <summary>A deadline that fields get.</summary>
    private interface IDeadlineChange
    {
        long Deadline { get; }

        FieldExpiryOutcome Decide(KeyDeadline field);
    }

    private readonly struct SetsDeadline(long deadline, ExpireCondition condition, bool hasPassed) : IDeadlineChange
    {
        public long Deadline => deadline;

        public FieldExpiryOutcome Decide(KeyDeadline field) =>
            !field.Exists ? FieldExpiryOutcome.NoSuchField
            : !ExpireOperations.Holds(condition, field.UnixMilliseconds, deadline) ? FieldExpiryOutcome.ConditionNotMet
            : hasPassed ? FieldExpiryOutcome.Removed
            : FieldExpiryOutcome.Done;
    }

    private readonly struct TakesDeadline : IDeadlineChange
    {
        public long Deadline => Record.NoExpiry;

        public FieldExpiryOutcome Decide(KeyDeadline field) =>
            !field.Exists ? FieldExpiryOutcome.NoSuchField
            : !field.IsSet ? FieldExpiryOutcome.NoDeadline
            : FieldExpiryOutcome.Done;
    }
}
