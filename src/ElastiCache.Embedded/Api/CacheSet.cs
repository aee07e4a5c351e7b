using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A set under a key: members, each once. Making the handle touches nothing, and the key need not exist; the last member takes it along.</summary>
/// <remarks>
/// Members are stored like strings (<see cref="Strings"/>): text, numbers, <see cref="Guid"/> and so on in the plain form that a Redis client reads, everything else
/// through <see cref="EmbeddedCacheOptions.Serializer"/>, and two members are the same if their stored bytes are. Every method is one atomic step, and those on single members of
/// plain types allocate nothing. Further groups of methods: all members, walks and draws (<see cref="SetWalkExtensions"/>), several sets (<see cref="SetAlgebraExtensions"/>).
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, a budget without room a <see cref="CacheFullException"/>, a log
/// that refuses writes a <see cref="LogException"/>, a null member of a plain type an <see cref="ArgumentNullException"/>; in each of these cases nothing has changed.
/// </para>
/// </remarks>
/// <typeparam name="T">What its members are.</typeparam>
public sealed class CacheSet<T>
{
    private readonly CacheDatabase _database;
    private readonly SetOperations _operations;
    private readonly HandleKey _key;

    internal CacheSet(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Sets;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal SetOperations Operations => _operations;

    internal HandleKey Key => _key;

    /// <summary>Adds a member. O(1). Redis: SADD.</summary>
    /// <returns>Whether it is new.</returns>
    [SkipLocalsInit]
    public bool Add(T member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        bool isNew = _operations.Add(_database.Index, key, new OneName(name.Encode(member, _database.Serializer, _key.Value)), ref ticket) > 0;
        _database.Wait(ticket);
        return isNew;
    }

    /// <summary>Adds members, all or none. O(members). Redis: SADD.</summary>
    /// <returns>How many are new.</returns>
    public long AddMany(params ReadOnlySpan<T> members)
    {
        using NameBuffer names = ElementBuffers.Encode(members, _database, _key.Value);
        return Store(names);
    }

    /// <inheritdoc cref="AddMany(ReadOnlySpan{T})"/>
    public long AddMany(IEnumerable<T> members)
    {
        using NameBuffer names = ElementBuffers.Encode(members, _database, _key.Value);
        return Store(names);
    }

    /// <summary>Removes a member. O(1). Redis: SREM.</summary>
    /// <returns>Whether it was there.</returns>
    [SkipLocalsInit]
    public bool Remove(T member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        bool wasThere = _operations.Remove(_database.Index, key, new OneName(name.Encode(member, _database.Serializer, _key.Value)), ref ticket) > 0;
        _database.Wait(ticket);
        return wasThere;
    }

    /// <summary>Removes members in one step. O(members). Redis: SREM.</summary>
    /// <returns>How many were there.</returns>
    public long RemoveMany(params ReadOnlySpan<T> members)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using NameBuffer names = ElementBuffers.Encode(members, _database, _key.Value);
        JournalTicket ticket = default;
        long removed = _operations.Remove(_database.Index, key, new BufferedNames(names), ref ticket);
        _database.Wait(ticket);
        return removed;
    }

    /// <summary>Whether a member is there. O(1). Redis: SISMEMBER.</summary>
    [SkipLocalsInit]
    public bool Contains(T member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        return _operations.Contains(_database.Index, key, name.Encode(member, _database.Serializer, _key.Value));
    }

    /// <summary>Which of some members are there at one moment, in their order. O(members). Redis: SMISMEMBER.</summary>
    public bool[] ContainsMany(params ReadOnlySpan<T> members)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using NameBuffer names = ElementBuffers.Encode(members, _database, _key.Value);
        bool[] answers = new bool[members.Length];
        var sink = new Answers(answers);
        _operations.Contains(_database.Index, key, new BufferedNames(names), ref sink);
        return answers;
    }

    /// <summary>The number of members; 0 if there is no such key. O(1). Redis: SCARD.</summary>
    [SkipLocalsInit]
    public long Count()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        return _operations.Count(_database.Index, key);
    }

    /// <summary>Takes a member out of this set and puts it into another, in one step. O(1). Redis: SMOVE.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="ArgumentException">The other set belongs to another database. Nothing changes.</exception>
    [SkipLocalsInit]
    public bool MoveTo(CacheSet<T> destination, T member)
    {
        ArgumentNullException.ThrowIfNull(destination);
        RequireSameDatabase(destination);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe from);
        Unsafe.SkipInit(out KeyScratch destinationScratch);
        KeyProbe.Create(destination._key.Value, ref destinationScratch, out KeyProbe to);
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        bool wasThere = _operations.Move(_database.Index, from, to, name.Encode(member, _database.Serializer, _key.Value), ref ticket);
        _database.Wait(ticket);
        return wasThere;
    }

    internal void RequireSameDatabase(CacheSet<T> other)
    {
        if (!ReferenceEquals(other._database, _database))
        {
            throw new ArgumentException("Sets can only be combined within one database of one cache.", nameof(other));
        }
    }

    private long Store(NameBuffer names)
    {
        _database.ThrowIfDisposed();
        if (names.Count == 0)
        {
            return 0;
        }

        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        JournalTicket ticket = default;
        long added = _operations.Add(_database.Index, key, new BufferedNames(names), ref ticket);
        _database.Wait(ticket);
        return added;
    }

    private struct Answers(bool[] answers) : IFieldResultSink<bool>
    {
        private int _next;

        public void Take(bool result) => answers[_next++] = result;
    }
}
