using System.Runtime.CompilerServices;
using System.Text;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>All members of a set, at one moment or in a walk, and members drawn by lot.</summary>
public static class SetWalkExtensions
{
    private const long MembersAPage = 256;

    /// <summary>All members at one moment, in no order. O(n). Redis: SMEMBERS.</summary>
    /// <remarks>Of a large set this holds its shard for as long as copying takes; <see cref="Enumerate"/> does not.</remarks>
    /// <exception cref="WrongTypeException">The key holds something else than a set.</exception>
    /// <exception cref="FormatException">A member is not a <typeparamref name="T"/>.</exception>
    public static T[] ToArray<T>(this CacheSet<T> set)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        using var all = new NameBuffer();
        var sink = new NameBufferSink(all);
        set.Operations.Walks.All(set.Database.Index, key, ref sink);
        return ElementBuffers.Decode<T>(all, set.Database, set.Key.Value);
    }

    /// <summary>Walks over members in pages of some hundred, in bounded memory. O(n) in all. Redis: SSCAN with MATCH.</summary>
    /// <remarks>
    /// A member that is there during the whole walk is met at least once, also while others come and go; usually exactly once. No lock is held between pages. Each
    /// enumeration is a walk of its own, and may be given up at any time. The order has no meaning.
    /// </remarks>
    /// <param name="set">The set.</param>
    /// <param name="pattern">Which members; see <see cref="ScanOptions.Pattern"/>.</param>
    /// <exception cref="WrongTypeException">The key holds something else than a set.</exception>
    /// <exception cref="FormatException">A member is not a <typeparamref name="T"/>.</exception>
    public static IEnumerable<T> Enumerate<T>(this CacheSet<T> set, string? pattern = null)
    {
        set.Database.ThrowIfDisposed();
        return Walk(set, pattern is null ? null : Encoding.UTF8.GetBytes(pattern));
    }

    /// <summary>Draws a member by lot, each with the same probability; it stays in the set. O(1). Redis: SRANDMEMBER.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a set.</exception>
    /// <exception cref="FormatException">The member is not a <typeparamref name="T"/>.</exception>
    [SkipLocalsInit]
    public static bool TryDraw<T>(this CacheSet<T> set, out T? member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        scoped var reader = new LockedElementReader<T>(set.Key.Value);
        set.Operations.Walks.Draw(set.Database.Index, key, 1, mayRepeat: false, ref reader);
        member = reader.Finish(set.Database.Serializer);
        return reader.IsHit;
    }

    /// <summary>Draws members by lot; they stay in the set. O(count), at most O(n) without repetitions. Redis: SRANDMEMBER with a count; a negative one there is <paramref name="mayRepeat"/>.</summary>
    /// <param name="set">The set.</param>
    /// <param name="count">How many.</param>
    /// <param name="mayRepeat">Whether each is drawn from all members; else each member comes once at most, so that there may be fewer.</param>
    /// <exception cref="WrongTypeException">The key holds something else than a set.</exception>
    /// <exception cref="FormatException">A member is not a <typeparamref name="T"/>.</exception>
    public static T[] Draw<T>(this CacheSet<T> set, int count, bool mayRepeat = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        using var drawn = new NameBuffer();
        var sink = new NameBufferSink(drawn);
        set.Operations.Walks.Draw(set.Database.Index, key, count, mayRepeat, ref sink);
        return ElementBuffers.Decode<T>(drawn, set.Database, set.Key.Value);
    }

    /// <summary>Draws a member by lot and removes it. O(1). Redis: SPOP.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a set. Nothing changes.</exception>
    /// <exception cref="FormatException">The member is not a <typeparamref name="T"/>; if that goes through a serializer, the member is removed all the same.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public static bool TryPop<T>(this CacheSet<T> set, out T? member)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        scoped var reader = new LockedElementReader<T>(set.Key.Value);
        JournalTicket ticket = default;
        set.Operations.Walks.Pop(set.Database.Index, key, 1, ref reader, ref ticket);
        set.Database.Wait(ticket);
        member = reader.Finish(set.Database.Serializer);
        return reader.IsHit;
    }

    /// <summary>Draws members by lot and removes them. O(count). Redis: SPOP with a count.</summary>
    /// <param name="set">The set.</param>
    /// <param name="count">How many at most.</param>
    /// <exception cref="WrongTypeException">The key holds something else than a set. Nothing changes.</exception>
    /// <exception cref="FormatException">A member is not a <typeparamref name="T"/>. All that were drawn are removed.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    public static T[] Pop<T>(this CacheSet<T> set, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        using var drawn = new NameBuffer();
        var sink = new NameBufferSink(drawn);
        JournalTicket ticket = default;
        set.Operations.Walks.Pop(set.Database.Index, key, count, ref sink, ref ticket);
        set.Database.Wait(ticket);
        return ElementBuffers.Decode<T>(drawn, set.Database, set.Key.Value);
    }

    private static IEnumerable<T> Walk<T>(CacheSet<T> set, byte[]? pattern)
    {
        using var page = new NameBuffer();
        ulong cursor = 0;
        do
        {
            page.Clear();
            cursor = NextPage(set, cursor, pattern, page);
            for (int i = 0; i < page.Count; i++)
            {
                yield return ValueCodec.Decode<T>(page.Name(i), set.Database.Serializer, set.Key.Value)!;
            }
        }
        while (cursor != 0);
    }

    private static ulong NextPage<T>(CacheSet<T> set, ulong cursor, byte[]? pattern, NameBuffer page)
    {
        KeyScratch scratch = default;
        KeyProbe.Create(set.Key.Value, ref scratch, out KeyProbe key);
        var arguments = new ScanArguments { Pattern = pattern, HasPattern = pattern is not null, Count = MembersAPage };
        var sink = new NameBufferSink(page);
        return set.Operations.Walks.Scan(set.Database.Index, key, cursor, arguments, ref sink);
    }
}
