using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>A list under a key: a row of elements, open at both ends. Making the handle touches nothing, and the key need not exist; the last element takes it along.</summary>
/// <remarks>
/// Left is the head, right the tail. Elements are stored like strings (<see cref="Strings"/>). Every method is one atomic step; those on single elements of
/// plain types allocate nothing. Taking elements out, waiting for them too, is in <see cref="ListPopExtensions"/>.
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, a budget without room a <see cref="CacheFullException"/>, a log
/// that refuses writes a <see cref="LogException"/>, a null element of a plain type an <see cref="ArgumentNullException"/>; in each of these cases nothing has changed. Bytes that are
/// not a <typeparamref name="T"/> are a <see cref="FormatException"/>.
/// </para>
/// </remarks>
/// <typeparam name="T">What its elements are.</typeparam>
public sealed class CacheList<T>
{
    private const int ElementsAPage = 256;

    private readonly CacheDatabase _database;
    private readonly ListOperations _operations;
    private readonly HandleKey _key;

    internal CacheList(CacheDatabase database, CacheKey key)
    {
        _database = database;
        _operations = database.Operations.Lists;
        _key = new HandleKey(key);
    }

    internal CacheDatabase Database => _database;

    internal ListOperations Operations => _operations;

    internal HandleKey Key => _key;

    /// <summary>Adds an element at the head. O(1). Redis: LPUSH.</summary>
    /// <returns>The new length.</returns>
    public long PushLeft(T element) => Push(element, atHead: true, onlyIfPresent: false);

    /// <summary>Adds an element at the tail. O(1). Redis: RPUSH.</summary>
    /// <returns>The new length.</returns>
    public long PushRight(T element) => Push(element, atHead: false, onlyIfPresent: false);

    /// <summary>Adds an element at the head of a list that exists. O(1). Redis: LPUSHX.</summary>
    /// <returns>The new length; 0 if there is no list.</returns>
    public long PushLeftIfPresent(T element) => Push(element, atHead: true, onlyIfPresent: true);

    /// <summary>Adds an element at the tail of a list that exists. O(1). Redis: RPUSHX.</summary>
    /// <returns>The new length; 0 if there is no list.</returns>
    public long PushRightIfPresent(T element) => Push(element, atHead: false, onlyIfPresent: true);

    /// <summary>Adds elements at the head, one after the other: the last one becomes the head. O(elements). Redis: LPUSH.</summary>
    /// <returns>The new length.</returns>
    public long PushLeftMany(params ReadOnlySpan<T> elements) => PushMany(elements, atHead: true);

    /// <summary>Adds elements at the tail. O(elements). Redis: RPUSH.</summary>
    /// <returns>The new length.</returns>
    public long PushRightMany(params ReadOnlySpan<T> elements) => PushMany(elements, atHead: false);

    /// <summary>The number of elements. O(1). Redis: LLEN.</summary>
    [SkipLocalsInit]
    public long Count()
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        return _operations.Length(_database.Index, key);
    }

    /// <summary>Reads the element with an index from the head, or with a negative one from the tail. O(nodes). Redis: LINDEX.</summary>
    /// <returns>Whether there is one.</returns>
    [SkipLocalsInit]
    public bool TryGet(long index, out T? element)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        scoped var reader = new LockedElementReader<T>(_key.Value);
        _operations.TryGet(_database.Index, key, index, ref reader);
        element = reader.Finish(_database.Serializer);
        return reader.IsHit;
    }

    /// <summary>The elements between two indexes, both inclusive, negative ones from the tail. O(nodes + elements). Redis: LRANGE.</summary>
    public T[] Range(long first = 0, long last = -1)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var buffer = new NameBuffer();
        var sink = new ElementsInBuffer(buffer);
        _operations.Range(_database.Index, key, first, last, ref sink);
        return ElementBuffers.Decode<T>(buffer, _database, _key.Value);
    }

    /// <summary>Walks over the elements in pages of some hundred, in bounded memory. O(n) in all. Redis: LRANGE, again and again.</summary>
    /// <remarks>Each page is one moment. Elements that are pushed or popped at the head between pages are met twice or missed.</remarks>
    public IEnumerable<T> Enumerate()
    {
        for (long first = 0; ; first += ElementsAPage)
        {
            T[] page = Range(first, first + ElementsAPage - 1);
            foreach (T element in page)
            {
                yield return element;
            }

            if (page.Length < ElementsAPage)
            {
                yield break;
            }
        }
    }

    /// <summary>Puts another element in the place of the one with an index. O(nodes). Redis: LSET.</summary>
    /// <returns>Whether there is one; Redis answers an error where there is none.</returns>
    [SkipLocalsInit]
    public bool Set(long index, T element)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        ListOutcome outcome = _operations.Set(_database.Index, key, index, encoder.Encode(element, _database.Serializer, _key.Value), ref ticket);
        _database.Wait(ticket);
        return outcome == ListOutcome.Done;
    }

    /// <summary>Adds an element before the first that is equal to another. O(n). Redis: LINSERT BEFORE.</summary>
    /// <returns>The new length; 0 if there is no list, -1 if it has no such element.</returns>
    public long InsertBefore(T pivot, T element) => Insert(pivot, element, behind: false);

    /// <summary>Adds an element behind the first that is equal to another. O(n). Redis: LINSERT AFTER.</summary>
    /// <returns>The new length; 0 if there is no list, -1 if it has no such element.</returns>
    public long InsertAfter(T pivot, T element) => Insert(pivot, element, behind: true);

    /// <summary>Removes elements that are equal to this one. O(n). Redis: LREM.</summary>
    /// <param name="element">The element; it is equal if its stored bytes are.</param>
    /// <param name="count">At most so many from the head, or with a negative number from the tail; 0 for all.</param>
    /// <returns>How many were removed.</returns>
    [SkipLocalsInit]
    public long Remove(T element, long count = 0)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        long removed = _operations.Remove(_database.Index, key, count, encoder.Encode(element, _database.Serializer, _key.Value), ref ticket);
        _database.Wait(ticket);
        return removed;
    }

    /// <summary>Keeps the elements between two indexes, both inclusive, and drops the others. O(dropped). Redis: LTRIM.</summary>
    [SkipLocalsInit]
    public void Trim(long first, long last)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        JournalTicket ticket = default;
        _operations.Trim(_database.Index, key, first, last, ref ticket);
        _database.Wait(ticket);
    }

    /// <summary>The index of the first element that is equal to this one. O(n). Redis: LPOS.</summary>
    /// <returns>Null if there is none.</returns>
    [SkipLocalsInit]
    public long? IndexOf(T element)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        List<long> found = _operations.Positions(_database.Index, key, encoder.Encode(element, _database.Serializer, _key.Value), rank: 1, count: 1, mostCompared: 0);
        return found.Count > 0 ? found[0] : null;
    }

    [SkipLocalsInit]
    private long Push(T element, bool atHead, bool onlyIfPresent)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        long length = _operations.Push(
            _database.Index, key, new OneName(encoder.Encode(element, _database.Serializer, _key.Value)), atHead, onlyIfPresent, ref ticket);
        _database.Wait(ticket);
        return length;
    }

    private long PushMany(ReadOnlySpan<T> elements, bool atHead)
    {
        if (elements.IsEmpty)
        {
            return Count();
        }

        KeyScratch scratch = default;
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using NameBuffer buffer = ElementBuffers.Encode(elements, _database, _key.Value);
        JournalTicket ticket = default;
        long length = _operations.Push(_database.Index, key, new BufferedNames(buffer), atHead, onlyIfPresent: false, ref ticket);
        _database.Wait(ticket);
        return length;
    }

    [SkipLocalsInit]
    private long Insert(T pivot, T element, bool behind)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(_key.Value, ref scratch, out KeyProbe key);
        using var first = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        using var second = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        JournalTicket ticket = default;
        long length = _operations.Insert(
            _database.Index, key, behind, first.Encode(pivot, _database.Serializer, _key.Value), second.Encode(element, _database.Serializer, _key.Value), ref ticket);
        _database.Wait(ticket);
        return length;
    }
}
