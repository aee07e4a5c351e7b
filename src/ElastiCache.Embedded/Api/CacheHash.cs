using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A hash under a key: fields with values. Making the handle touches nothing, and the key need not exist; the last field takes it along.</summary>
/// <remarks>
/// Fields and values are stored like strings (<see cref="Strings"/>): text, numbers, <see cref="Guid"/> and so on in the plain form that a Redis client reads,
/// everything else through <see cref="EmbeddedCacheOptions.Serializer"/>. Every method is one atomic step, and those on single fields of plain types allocate nothing.
/// Further groups of methods: counters (<see cref="HashCounterExtensions"/>), all fields and walks (<see cref="HashWalkExtensions"/>), deadlines of single
/// fields (<see cref="HashExpiryExtensions"/>).
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, a budget without room a <see cref="CacheFullException"/>, a log
/// that refuses writes a <see cref="LogException"/>, a null field or value of a plain type an <see cref="ArgumentNullException"/>; in each of these cases nothing has changed.
/// </para>
/// </remarks>
/// <typeparam name="TField">What its fields are.</typeparam>
/// <typeparam name="TValue">What its values are.</typeparam>
public sealed class CacheHash<TField, TValue>
{
    private readonly CacheDatabase _database;
    private readonly HashOperations _operations;
    private readonly HandleKey _key;

    internal CacheHash(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Hashes;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal HashOperations Operations => _operations;

    internal HandleKey Key => _key;

    /// <summary>Reads the value of a field. O(1). Redis: HGET.</summary>
    /// <param name="field">The field.</param>
    /// <param name="value">The value; <see langword="default"/> if there is none.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="FormatException">The value is not a <typeparamref name="TValue"/>.</exception>
    [SkipLocalsInit]
    public bool TryGet(TField field, out TValue? value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        scoped var reader = new LockedElementReader<TValue>(_key.Value);
        _operations.Get(_database.Index, key, new OneName(name.Encode(field, _database.Serializer, _key.Value)), ref reader);
        value = reader.Finish(_database.Serializer);
        return reader.IsHit;
    }

    /// <summary>The value of a field; <see langword="default"/> if there is none, which for a number is 0. O(1). Redis: HGET.</summary>
    /// <exception cref="FormatException">The value is not a <typeparamref name="TValue"/>.</exception>
    public TValue? Get(TField field)
    {
        TryGet(field, out TValue? value);
        return value;
    }

    /// <summary>The values of fields at one moment, in their order; <see langword="default"/> where there is none. O(fields). Redis: HMGET.</summary>
    /// <exception cref="FormatException">A value is not a <typeparamref name="TValue"/>.</exception>
    public TValue?[] GetMany(params ReadOnlySpan<TField> fields)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using NameBuffer names = ElementBuffers.Encode(fields, _database, _key.Value);
        using var found = new NameBuffer();
        var sink = new ValuesOrNot(found);
        _operations.Get(_database.Index, key, new BufferedNames(names), ref sink);
        var values = new TValue?[fields.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (found.Value(i).Length > 0)
            {
                values[i] = ValueCodec.Decode<TValue>(found.Name(i), _database.Serializer, _key.Value);
            }
        }

        return values;
    }

    /// <summary>Sets a field and ends the deadline that it may have had. O(1). Redis: HSET.</summary>
    /// <returns>Whether the field is new.</returns>
    [SkipLocalsInit]
    public bool Set(TField field, TValue value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        using var content = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        var pair = new OneFieldValue(
            name.Encode(field, _database.Serializer, _key.Value), content.Encode(value, _database.Serializer, _key.Value));
        JournalTicket ticket = default;
        bool isNew = _operations.Set(_database.Index, key, pair, ref ticket) > 0;
        _database.Wait(ticket);
        return isNew;
    }

    /// <summary>Sets fields, all or none. O(fields). Redis: HSET.</summary>
    /// <param name="pairs">Fields and values. Of a field that comes twice the last value stays.</param>
    /// <returns>How many fields are new.</returns>
    public long SetMany(params ReadOnlySpan<(TField Field, TValue Value)> pairs)
    {
        using var encoded = new NameBuffer();
        foreach ((TField field, TValue value) in pairs)
        {
            ElementBuffers.Add(encoded, field, value, _database, _key.Value);
        }

        return Store(encoded);
    }

    /// <inheritdoc cref="SetMany(ReadOnlySpan{ValueTuple{TField, TValue}})"/>
    public long SetMany(IEnumerable<KeyValuePair<TField, TValue>> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        using var encoded = new NameBuffer();
        foreach ((TField field, TValue value) in pairs)
        {
            ElementBuffers.Add(encoded, field, value, _database, _key.Value);
        }

        return Store(encoded);
    }

    /// <summary>Sets a field that isn't there. O(1). Redis: HSETNX.</summary>
    /// <returns>Whether it was set.</returns>
    [SkipLocalsInit]
    public bool SetIfAbsent(TField field, TValue value)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        using var content = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        bool isSet = _operations.SetIfAbsent(
            _database.Index,
            key,
            name.Encode(field, _database.Serializer, _key.Value),
            content.Encode(value, _database.Serializer, _key.Value),
            ref ticket);
        _database.Wait(ticket);
        return isSet;
    }

    /// <summary>Removes a field. O(1). Redis: HDEL.</summary>
    /// <returns>Whether it was there.</returns>
    [SkipLocalsInit]
    public bool Remove(TField field)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        bool wasThere = _operations.Remove(_database.Index, key, new OneName(name.Encode(field, _database.Serializer, _key.Value)), ref ticket) > 0;
        _database.Wait(ticket);
        return wasThere;
    }

    /// <summary>Removes fields in one step. O(fields). Redis: HDEL.</summary>
    /// <returns>How many were there.</returns>
    public long RemoveMany(params ReadOnlySpan<TField> fields)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using NameBuffer names = ElementBuffers.Encode(fields, _database, _key.Value);
        JournalTicket ticket = default;
        long removed = _operations.Remove(_database.Index, key, new BufferedNames(names), ref ticket);
        _database.Wait(ticket);
        return removed;
    }

    /// <summary>Whether a field is there. O(1). Redis: HEXISTS.</summary>
    [SkipLocalsInit]
    public bool Contains(TField field)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return _operations.Contains(_database.Index, key, name.Encode(field, _database.Serializer, _key.Value));
    }

    /// <summary>The number of fields; 0 if there is no such key. O(1), and the removal of fields whose time has come. Redis: HLEN.</summary>
    [SkipLocalsInit]
    public long Count()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        return _operations.Count(_database.Index, key);
    }

    /// <summary>The length of a field's value in bytes, as it is stored; 0 if there is none. O(1). Redis: HSTRLEN.</summary>
    [SkipLocalsInit]
    public int ValueLength(TField field)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return Math.Max(0, _operations.ValueLength(_database.Index, key, name.Encode(field, _database.Serializer, _key.Value)));
    }

    private long Store(NameBuffer pairs)
    {
        _database.ThrowIfDisposed();
        if (pairs.Count == 0)
        {
            return 0;
        }

        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        JournalTicket ticket = default;
        long added = _operations.Set(_database.Index, key, new BufferedFieldValues(pairs), ref ticket);
        _database.Wait(ticket);
        return added;
    }

    // Each value, with a byte behind it if there is one.
    private readonly struct ValuesOrNot(NameBuffer buffer) : IFieldValueSink
    {
        public void Take(scoped ReadOnlySpan<byte> value) => buffer.Add(value, [1]);

        public void Miss() => buffer.Add(default);
    }
}
