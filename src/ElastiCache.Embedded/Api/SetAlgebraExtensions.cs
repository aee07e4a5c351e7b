using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>What several sets have in common, together, or apart, at one moment. An absent key is an empty set.</summary>
/// <remarks>All sets belong to one database of one cache. The shards of all of them are locked for as long as a call takes.</remarks>
public static class SetAlgebraExtensions
{
    /// <summary>The members that are in this set and in all others, in no order. O(n · sets) for n members in the smallest. Redis: SINTER.</summary>
    /// <exception cref="WrongTypeException">A key holds something else than a set.</exception>
    /// <exception cref="FormatException">A member is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="ArgumentException">The sets belong to different databases.</exception>
    public static T[] Intersect<T>(this CacheSet<T> set, params ReadOnlySpan<CacheSet<T>> others) => Combine(set, others, SetCombination.Intersection);

    /// <summary>The members that are in any of the sets, in no order. O(n · sets) for n members in all of them. Redis: SUNION.</summary>
    /// <inheritdoc cref="Intersect"/>
    public static T[] Union<T>(this CacheSet<T> set, params ReadOnlySpan<CacheSet<T>> others) => Combine(set, others, SetCombination.Union);

    /// <summary>The members that are in this set and in no other, in no order. O(n · sets) for n members in this set. Redis: SDIFF.</summary>
    /// <inheritdoc cref="Intersect"/>
    public static T[] Except<T>(this CacheSet<T> set, params ReadOnlySpan<CacheSet<T>> others) => Combine(set, others, SetCombination.Difference);

    /// <summary>How many members are in this set and in the other. O(n) for n members in the smaller. Redis: SINTERCARD.</summary>
    /// <param name="set">This set.</param>
    /// <param name="other">The other.</param>
    /// <param name="most">Stop counting there.</param>
    /// <exception cref="WrongTypeException">A key holds something else than a set.</exception>
    /// <exception cref="ArgumentException">The sets belong to different databases.</exception>
    public static long CountCommon<T>(this CacheSet<T> set, CacheSet<T> other, long most = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(most);
        RequireSameDatabase(set, [other]);
        var sink = default(Nobody);
        return set.Operations.Algebra.Combine(set.Database.Index, new HandleKeys<T>(set, [other]), SetCombination.Intersection, ref sink, most);
    }

    /// <summary>Makes this set what is in all of others. O(n · sets) for n members in the smallest. Redis: SINTERSTORE.</summary>
    /// <param name="set">The set, whose key may hold anything; without a result it is removed. It may be one of the others.</param>
    /// <param name="sources">The others, at least one.</param>
    /// <returns>How many members the set has now.</returns>
    /// <exception cref="WrongTypeException">The key of a source holds something else than a set. Nothing changes.</exception>
    /// <exception cref="ArgumentException">There is no source, or the sets belong to different databases. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public static long StoreIntersection<T>(this CacheSet<T> set, params ReadOnlySpan<CacheSet<T>> sources) => Store(set, sources, SetCombination.Intersection);

    /// <summary>Makes this set what is in any of others. O(n · sets) for n members in all of them. Redis: SUNIONSTORE.</summary>
    /// <inheritdoc cref="StoreIntersection"/>
    public static long StoreUnion<T>(this CacheSet<T> set, params ReadOnlySpan<CacheSet<T>> sources) => Store(set, sources, SetCombination.Union);

    /// <summary>Makes this set what is in the first of others and in no further one. O(n · sets) for n members in the first. Redis: SDIFFSTORE.</summary>
    /// <inheritdoc cref="StoreIntersection"/>
    public static long StoreDifference<T>(this CacheSet<T> set, params ReadOnlySpan<CacheSet<T>> sources) => Store(set, sources, SetCombination.Difference);

    private static T[] Combine<T>(CacheSet<T> set, ReadOnlySpan<CacheSet<T>> others, SetCombination combination)
    {
        RequireSameDatabase(set, others);
        using var result = new NameBuffer();
        var sink = new NameBufferSink(result);
        set.Operations.Algebra.Combine(set.Database.Index, new HandleKeys<T>(set, others), combination, ref sink);
        return ElementBuffers.Decode<T>(result, set.Database, set.Key.Value);
    }

    private static long Store<T>(CacheSet<T> set, ReadOnlySpan<CacheSet<T>> sources, SetCombination combination)
    {
        if (sources.IsEmpty)
        {
            throw new ArgumentException("Name at least one set to store something of.", nameof(sources));
        }

        RequireSameDatabase(set, sources);
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        JournalTicket ticket = default;
        long count = set.Operations.Algebra.Store(set.Database.Index, key, new HandleKeys<T>(sources[0], sources[1..]), combination, ref ticket);
        set.Database.Wait(ticket);
        return count;
    }

    private static void RequireSameDatabase<T>(CacheSet<T> set, ReadOnlySpan<CacheSet<T>> others)
    {
        foreach (CacheSet<T> other in others)
        {
            ArgumentNullException.ThrowIfNull(other);
            set.RequireSameDatabase(other);
        }
    }

    private readonly ref struct HandleKeys<T>(CacheSet<T> first, ReadOnlySpan<CacheSet<T>> others) : IKeyList
    {
        private readonly ReadOnlySpan<CacheSet<T>> _others = others;

        public int Count => 1 + _others.Length;

        public void Probe(int index, ref KeyScratch scratch, out KeyProbe key) =>
            KeyProbe.Create((index == 0 ? first : _others[index - 1]).Key.Value, ref scratch, out key);
    }

    private readonly struct Nobody : IFieldSink
    {
        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
        {
            // Only their number is wanted.
        }
    }
}
