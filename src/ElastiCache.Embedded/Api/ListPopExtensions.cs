using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>Taking elements out of lists: at once, or waiting for one to come.</summary>
public static class ListPopExtensions
{
    /// <summary>Takes the head. O(1). Redis: LPOP.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a list. Nothing changes.</exception>
    public static bool TryPopLeft<T>(this CacheList<T> list, out T? element) => TryPop(list, fromHead: true, out element);

    /// <summary>Takes the tail. O(1). Redis: RPOP.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="WrongTypeException">The key holds something else than a list. Nothing changes.</exception>
    public static bool TryPopRight<T>(this CacheList<T> list, out T? element) => TryPop(list, fromHead: false, out element);

    /// <summary>Takes up to so many elements from the head, the head first. O(count). Redis: LPOP with a count.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public static T[] PopLeftMany<T>(this CacheList<T> list, long count) => PopMany(list, fromHead: true, count);

    /// <summary>Takes up to so many elements from the tail, the tail first. O(count). Redis: RPOP with a count.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public static T[] PopRightMany<T>(this CacheList<T> list, long count) => PopMany(list, fromHead: false, count);

    /// <summary>Takes the head, or waits for one. Those who wait are served in the order in which they came. O(1). Redis: BLPOP.</summary>
    /// <param name="list">The list.</param>
    /// <param name="timeout">How long to wait; null for ever.</param>
    /// <param name="cancellationToken">Ends the wait; an element that was taken already is returned then.</param>
    /// <returns>The element; <see langword="default"/> when the time was up.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled. Nothing was taken.</exception>
    public static Task<T?> PopLeftAsync<T>(this CacheList<T> list, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        PopAsync(list, fromHead: true, timeout, cancellationToken);

    /// <summary>Takes the tail, or waits for one. O(1). Redis: BRPOP.</summary>
    /// <inheritdoc cref="PopLeftAsync{T}(CacheList{T}, TimeSpan?, CancellationToken)"/>
    public static Task<T?> PopRightAsync<T>(this CacheList<T> list, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        PopAsync(list, fromHead: false, timeout, cancellationToken);

    /// <summary>Takes an element from one list and adds it to another, in one step. O(1). Redis: LMOVE.</summary>
    /// <param name="list">Where from.</param>
    /// <param name="destination">Where to; may be the same list.</param>
    /// <param name="element">The element.</param>
    /// <param name="fromLeft">Whether it is the head.</param>
    /// <param name="toLeft">Whether it becomes the head.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ArgumentException">The lists are of different caches or databases.</exception>
    [SkipLocalsInit]
    public static bool TryMoveTo<T>(this CacheList<T> list, CacheList<T> destination, out T? element, bool fromLeft = false, bool toLeft = true)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(destination);
        if (list.Database != destination.Database)
        {
            throw new ArgumentException("An element can be moved only within one database of one cache.", nameof(destination));
        }

        Unsafe.SkipInit(out KeyScratch sourceScratch);
        Unsafe.SkipInit(out KeyScratch destinationScratch);
        KeyProbe.Create(list.Key.Value, ref sourceScratch, out KeyProbe from);
        KeyProbe.Create(destination.Key.Value, ref destinationScratch, out KeyProbe to);
        scoped var reader = new LockedElementReader<T>(list.Key.Value);
        JournalTicket ticket = default;
        list.Operations.Move(list.Database.Index, from, to, fromLeft, toLeft, ref reader, ref ticket);
        list.Database.Wait(ticket);
        element = reader.Finish(list.Database.Serializer);
        return reader.IsHit;
    }

    [SkipLocalsInit]
    private static bool TryPop<T>(CacheList<T> list, bool fromHead, out T? element)
    {
        ArgumentNullException.ThrowIfNull(list);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(list.Key.Value, ref scratch, out KeyProbe key);
        scoped var reader = new LockedElementReader<T>(list.Key.Value);
        JournalTicket ticket = default;
        list.Operations.Pop(list.Database.Index, key, fromHead, 1, ref reader, ref ticket);
        list.Database.Wait(ticket);
        element = reader.Finish(list.Database.Serializer);
        return reader.IsHit;
    }

    private static T[] PopMany<T>(CacheList<T> list, bool fromHead, long count)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        KeyScratch scratch = default;
        KeyProbe.Create(list.Key.Value, ref scratch, out KeyProbe key);
        using var buffer = new NameBuffer();
        var sink = new ElementsInBuffer(buffer);
        JournalTicket ticket = default;
        list.Operations.Pop(list.Database.Index, key, fromHead, count, ref sink, ref ticket);
        list.Database.Wait(ticket);
        return ElementBuffers.Decode<T>(buffer, list.Database, list.Key.Value);
    }

    private static async Task<T?> PopAsync<T>(CacheList<T> list, bool fromHead, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(list);
        cancellationToken.ThrowIfCancellationRequested();
        CacheDatabase database = list.Database;
        byte[][] keys = [list.Key.Value.ToArray()];
        var attempt = new ListPopAttempt(list.Operations, database.Index, keys, fromHead, 1);
        KeyWaiter waiter = database.Cache.Waiters.Wait(database.Index, keys, attempt, timeout);
        WaitOutcome outcome;
        using (cancellationToken.UnsafeRegister(static state => ((KeyWaiter)state!).End(WaitOutcome.Cancelled), waiter))
        {
            outcome = await waiter.Completion.ConfigureAwait(false);
        }

        if (outcome == WaitOutcome.Cancelled)
        {
            throw new OperationCanceledException(cancellationToken);
        }

        if (outcome != WaitOutcome.Served)
        {
            return default;
        }

        await database.WaitAsync(waiter.Ticket, CancellationToken.None).ConfigureAwait(false);
        return ValueCodec.Decode<T>(attempt.Elements[0], database.Serializer, list.Key.Value);
    }
}
