using System.Text;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>All fields of a hash, at one moment or in a walk, and fields drawn by lot.</summary>
public static class HashWalkExtensions
{
    private const long FieldsAPage = 256;

    /// <summary>All fields and values at one moment. O(n). Redis: HGETALL.</summary>
    /// <remarks>Of a large hash this holds its shard for as long as copying takes; <see cref="Enumerate"/> does not.</remarks>
    /// <exception cref="WrongTypeException">The key holds something else than a hash.</exception>
    /// <exception cref="FormatException">A field is not a <typeparamref name="TField"/>, or a value not a <typeparamref name="TValue"/>.</exception>
    public static Dictionary<TField, TValue> ToDictionary<TField, TValue>(this CacheHash<TField, TValue> hash)
        where TField : notnull
    {
        using NameBuffer all = All(hash);
        var fields = new Dictionary<TField, TValue>(all.Count);
        for (int i = 0; i < all.Count; i++)
        {
            (TField field, TValue value) = Decode(hash, all, i);
            fields[field] = value;
        }

        return fields;
    }

    /// <summary>All fields at one moment. O(n). Redis: HKEYS.</summary>
    /// <inheritdoc cref="ToDictionary"/>
    public static TField[] Fields<TField, TValue>(this CacheHash<TField, TValue> hash)
    {
        using NameBuffer all = All(hash);
        return ElementBuffers.Decode<TField>(all, hash.Database, hash.Key.Value);
    }

    /// <summary>All values at one moment. O(n). Redis: HVALS.</summary>
    /// <inheritdoc cref="ToDictionary"/>
    public static TValue[] Values<TField, TValue>(this CacheHash<TField, TValue> hash)
    {
        using NameBuffer all = All(hash);
        var values = new TValue[all.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ValueCodec.Decode<TValue>(all.Value(i), hash.Database.Serializer, hash.Key.Value)!;
        }

        return values;
    }

    /// <summary>Walks over fields and values in pages of some hundred, in bounded memory. O(n) in all. Redis: HSCAN with MATCH.</summary>
    /// <remarks>
    /// A field that is there during the whole walk is met at least once, also while others come and go; usually exactly once. No lock is held between pages. Each
    /// enumeration is a walk of its own, and may be given up at any time. The order has no meaning.
    /// </remarks>
    /// <param name="hash">The hash.</param>
    /// <param name="pattern">Which fields; see <see cref="ScanOptions.Pattern"/>.</param>
    /// <exception cref="WrongTypeException">The key holds something else than a hash.</exception>
    /// <exception cref="FormatException">A field is not a <typeparamref name="TField"/>, or a value not a <typeparamref name="TValue"/>.</exception>
    public static IEnumerable<KeyValuePair<TField, TValue>> Enumerate<TField, TValue>(this CacheHash<TField, TValue> hash, string? pattern = null)
    {
        hash.Database.ThrowIfDisposed();
        return Walk(hash, pattern is null ? null : Encoding.UTF8.GetBytes(pattern));
    }

    /// <summary>Draws a field by lot, each with the same probability. O(1). Redis: HRANDFIELD.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a hash.</exception>
    /// <exception cref="FormatException">The field is not a <typeparamref name="TField"/>, or its value not a <typeparamref name="TValue"/>.</exception>
    public static bool TryDraw<TField, TValue>(this CacheHash<TField, TValue> hash, out KeyValuePair<TField, TValue> drawn)
    {
        KeyValuePair<TField, TValue>[] one = Draw(hash, 1, mayRepeat: false);
        drawn = one.Length > 0 ? one[0] : default;
        return one.Length > 0;
    }

    /// <summary>Draws fields by lot. O(count), at most O(n) without repetitions. Redis: HRANDFIELD with WITHVALUES; a negative count there is <paramref name="mayRepeat"/>.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="count">How many.</param>
    /// <param name="mayRepeat">Whether each is drawn from all fields; else each field comes once at most, so that there may be fewer.</param>
    /// <exception cref="WrongTypeException">The key holds something else than a hash.</exception>
    /// <exception cref="FormatException">A field is not a <typeparamref name="TField"/>, or a value not a <typeparamref name="TValue"/>.</exception>
    public static KeyValuePair<TField, TValue>[] Draw<TField, TValue>(this CacheHash<TField, TValue> hash, int count, bool mayRepeat = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        KeyScratch scratch = default;
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        using var drawn = new NameBuffer();
        var sink = new NameBufferSink(drawn);
        hash.Operations.Walks.Draw(hash.Database.Index, key, count, mayRepeat, ref sink);
        var fields = new KeyValuePair<TField, TValue>[drawn.Count];
        for (int i = 0; i < fields.Length; i++)
        {
            fields[i] = Decode(hash, drawn, i);
        }

        return fields;
    }

    private static NameBuffer All<TField, TValue>(CacheHash<TField, TValue> hash)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        var all = new NameBuffer();
        var sink = new NameBufferSink(all);
        hash.Operations.Walks.All(hash.Database.Index, key, ref sink);
        return all;
    }

    private static IEnumerable<KeyValuePair<TField, TValue>> Walk<TField, TValue>(CacheHash<TField, TValue> hash, byte[]? pattern)
    {
        using var page = new NameBuffer();
        ulong cursor = 0;
        do
        {
            page.Clear();
            cursor = NextPage(hash, cursor, pattern, page);
            for (int i = 0; i < page.Count; i++)
            {
                yield return Decode(hash, page, i);
            }
        }
        while (cursor != 0);
    }

    private static ulong NextPage<TField, TValue>(CacheHash<TField, TValue> hash, ulong cursor, byte[]? pattern, NameBuffer page)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(hash.Key.Value, ref scratch, out KeyProbe key);
        var arguments = new ScanArguments { Pattern = pattern, HasPattern = pattern is not null, Count = FieldsAPage };
        var sink = new NameBufferSink(page);
        return hash.Operations.Walks.Scan(hash.Database.Index, key, cursor, arguments, ref sink);
    }

    private static KeyValuePair<TField, TValue> Decode<TField, TValue>(CacheHash<TField, TValue> hash, NameBuffer buffer, int index) => new(
        ValueCodec.Decode<TField>(buffer.Name(index), hash.Database.Serializer, hash.Key.Value)!,
        ValueCodec.Decode<TValue>(buffer.Value(index), hash.Database.Serializer, hash.Key.Value)!);
}
