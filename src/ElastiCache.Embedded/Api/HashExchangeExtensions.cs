using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Two things with a field of a hash in one step, as in Redis 8.0.</summary>
public static class HashExchangeExtensions
{
    /// <summary>Reads a field and removes it. O(1). Redis: HGETDEL.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="field">The field.</param>
    /// <param name="value">Its value; <see langword="default"/> if there is none.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a hash. Nothing changes.</exception>
    /// <exception cref="FormatException">The value is not a <typeparamref name="TValue"/>; if that goes through a serializer, the field is removed all the same.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public static bool TryTake<TField, TValue>(this CacheHash<TField, TValue> hash, TField field, out TValue? value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        CacheDatabase database = hash.Database;
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        scoped var reader = new LockedElementReader<TValue>(hash.Key.Value);
        JournalTicket ticket = default;
        hash.Operations.Exchanges.GetAndRemove(
            database.Index, key, new OneName(name.Encode(field, database.Serializer, hash.Key.Value)), ref reader, ref ticket);
        database.Wait(ticket);
        value = reader.Finish(database.Serializer);
        return reader.IsHit;
    }

    /// <summary>Sets a field that lives so long from now on. O(log n). Redis: HSETEX.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="field">The field.</param>
    /// <param name="value">Its value.</param>
    /// <param name="life">More than zero; rounded up to whole milliseconds.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="life"/> is not positive. Nothing changes.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a hash. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room. If it was enough for the field but not for its deadline, it is set without.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public static void Set<TField, TValue>(this CacheHash<TField, TValue> hash, TField field, TValue value, TimeSpan life)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(life, TimeSpan.Zero);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        CacheDatabase database = hash.Database;
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        using var content = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        var pair = new OneFieldValue(name.Encode(field, database.Serializer, hash.Key.Value), content.Encode(value, database.Serializer, hash.Key.Value));
        long deadline = ExpireDeadline.Storable(database.Now + SetOptions.CeilingToMilliseconds(life.Ticks));
        JournalTicket ticket = default;
        hash.Operations.Exchanges.SetAndExpire(database.Index, key, pair, SetCondition.Always, deadline, ref ticket);
        database.Wait(ticket);
    }
}
