using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Deadlines of a hash's single fields: from its deadline on nobody sees a field, and its memory comes back soon. As in Redis 7.4.</summary>
/// <remarks>
/// Setting a field ends its deadline, adding to it does not. In a durable cache the log then has commands (HPEXPIREAT, HPERSIST) that a redis-server before 7.4 doesn't
/// know.
/// </remarks>
public static class HashExpiryExtensions
{
    private static readonly long LastUnixMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Gives a field a life from now on, in place of the one it has. O(log n). Redis: HEXPIRE, HPEXPIRE.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="field">The field.</param>
    /// <param name="life">How long, rounded up to whole milliseconds; zero or less removes the field.</param>
    /// <param name="condition">When to do it.</param>
    /// <returns>Whether the field is there and the condition held.</returns>
    /// <exception cref="ArgumentException">Conditions that contradict each other. Nothing changes.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a hash. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public static bool Expire<TField, TValue>(
        this CacheHash<TField, TValue> hash, TField field, TimeSpan life, ExpireCondition condition = ExpireCondition.Always) =>
        Expire(hash, field, hash.Database.Now + SetOptions.CeilingToMilliseconds(life.Ticks), condition);

    /// <summary>Sets the moment from which a field can't be seen any more. O(log n). Redis: HEXPIREAT, HPEXPIREAT.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="field">The field.</param>
    /// <param name="moment">When, rounded up to whole milliseconds; a moment that has passed removes the field.</param>
    /// <param name="condition">When to do it.</param>
    /// <inheritdoc cref="Expire{TField, TValue}(CacheHash{TField, TValue}, TField, TimeSpan, ExpireCondition)"/>
    public static bool ExpireAt<TField, TValue>(
        this CacheHash<TField, TValue> hash, TField field, DateTimeOffset moment, ExpireCondition condition = ExpireCondition.Always) =>
        Expire(hash, field, SetOptions.CeilingToMilliseconds(moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks), condition);

    /// <summary>Takes a field's deadline away. O(1). Redis: HPERSIST.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a hash. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public static bool Persist<TField, TValue>(this CacheHash<TField, TValue> hash, TField field)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        var sink = default(OneOutcome);
        JournalTicket ticket = default;
        hash.Operations.Expiry.Persist(
            hash.Database.Index, key, new OneName(name.Encode(field, hash.Database.Serializer, hash.Key.Value)), ref sink, ref ticket);
        hash.Database.Wait(ticket);
        return sink.Outcome == FieldExpiryOutcome.Done;
    }

    /// <summary>How long a field has left; null if it has no deadline, and if there is no such field. O(1). Redis: HPTTL.</summary>
    /// <exception cref="WrongTypeException">The key holds something else than a hash.</exception>
    public static TimeSpan? TimeToLive<TField, TValue>(this CacheHash<TField, TValue> hash, TField field)
    {
        KeyDeadline deadline = Find(hash, field);
        if (!deadline.IsSet)
        {
            return null;
        }

        long left = Math.Max(0, deadline.UnixMilliseconds - hash.Database.Now);
        return left > TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond ? TimeSpan.MaxValue : TimeSpan.FromTicks(left * TimeSpan.TicksPerMillisecond);
    }

    /// <summary>A field's deadline; null if it has none, and if there is no such field. One after the year 9999 is <see cref="DateTimeOffset.MaxValue"/>. O(1). Redis: HPEXPIRETIME.</summary>
    /// <exception cref="WrongTypeException">The key holds something else than a hash.</exception>
    public static DateTimeOffset? ExpiresAt<TField, TValue>(this CacheHash<TField, TValue> hash, TField field)
    {
        KeyDeadline deadline = Find(hash, field);
        return !deadline.IsSet ? null
            : deadline.UnixMilliseconds > LastUnixMs ? DateTimeOffset.MaxValue
            : DateTimeOffset.FromUnixTimeMilliseconds(deadline.UnixMilliseconds);
    }

    [SkipLocalsInit]
    private static bool Expire<TField, TValue>(CacheHash<TField, TValue> hash, TField field, long deadline, ExpireCondition condition)
    {
        if (!ExpireOperations.IsPossible(condition))
        {
            throw new ArgumentException(
                $"{condition} contradicts itself: only {ExpireCondition.IfAny} goes together with {ExpireCondition.IfLater} or {ExpireCondition.IfSooner}.",
                nameof(condition));
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        var sink = default(OneOutcome);
        JournalTicket ticket = default;
        hash.Operations.Expiry.Expire(
            hash.Database.Index, key, new OneName(name.Encode(field, hash.Database.Serializer, hash.Key.Value)), deadline, condition, ref sink, ref ticket);
        hash.Database.Wait(ticket);
        return sink.Outcome is FieldExpiryOutcome.Done or FieldExpiryOutcome.Removed;
    }

    [SkipLocalsInit]
    private static KeyDeadline Find<TField, TValue>(CacheHash<TField, TValue> hash, TField field)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        var sink = default(OneDeadline);
        hash.Operations.Expiry.Deadlines(hash.Database.Index, key, new OneName(name.Encode(field, hash.Database.Serializer, hash.Key.Value)), ref sink);
        return sink.Deadline;
    }

    private struct OneOutcome : IFieldResultSink<FieldExpiryOutcome>
    {
        public FieldExpiryOutcome Outcome { get; private set; }

        public void Take(FieldExpiryOutcome result) => Outcome = result;
    }

    private struct OneDeadline : IFieldResultSink<KeyDeadline>
    {
        public KeyDeadline Deadline { get; private set; }

        public void Take(KeyDeadline result) => Deadline = result;
    }
}
