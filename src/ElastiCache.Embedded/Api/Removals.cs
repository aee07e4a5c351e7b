using ElastiCache.Embedded.Messaging;
using Microsoft.Extensions.Logging;

namespace ElastiCache.Embedded;

/// <summary>Tells which keys are gone and why, as <c>PostEvictionCallbacks</c> do for a <c>MemoryCache</c>: for all keys at once, in order, and outside of every lock.</summary>
/// <remarks>
/// <code>
///   await foreach (KeyRemoval removal in cache.Removals.Subscribe(RemovalReasons.Expired | RemovalReasons.Evicted, cancellationToken: stopping))
///   {
///       index.Forget(removal.Key);
///   }
///
///   using var subscription = cache.Removals.Subscribe(removal => index.Forget(removal.Key));      or with a callback
/// </code>
/// Every removal of an entry is told once, those by commands of a server's clients; events of one key come in the order in
/// which they happened. They wait in a bounded queue for each subscription. By default the oldest make room when it is full, and are counted
/// (<see cref="RemovalSubscription.DroppedEvents"/>, <see cref="CacheStatistics.DroppedRemovals"/>), so that an eviction storm costs neither memory nor writers'
/// time; <see cref="SubscribeOptions.WhenFull"/> chooses otherwise. Not told of: keys that SWAPDB takes to another database, what the closing of the cache ends, and fields or members
/// inside a collection. While nobody subscribes nothing of this costs anything.
/// </remarks>
public sealed partial class Removals
{
    private static readonly SubscribeOptions Default = new() { WhenFull = SlowSubscriberPolicy.DropOldest };

    private readonly EmbeddedCache _cache;

    internal Removals(EmbeddedCache cache)
    {
        _cache = cache;
        Events = new RemovalEvents(cache.Store, cache.Hub);
    }

    internal RemovalEvents Events { get; }

    /// <summary>Begins a subscription, which is active already when it is returned. O(subscriptions).</summary>
    /// <param name="reasons">What to tell of.</param>
    /// <param name="options">Limits of the queue; null for the defaults, with <see cref="SlowSubscriberPolicy.DropOldest"/>.</param>
    /// <param name="cancellationToken">Ends it: the reader gets an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such reason, or an option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public RemovalSubscription Subscribe(RemovalReasons reasons = RemovalReasons.All, SubscribeOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (reasons == RemovalReasons.None || (reasons & ~RemovalReasons.All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(reasons), reasons, $"Name at least one of the reasons {RemovalReasons.All}.");
        }

        var queue = new SubscriptionQueue(_cache.Hub, (options ?? Default).CheckedCopy());
        ObjectDisposedException.ThrowIf(!Events.TryAdd(queue, reasons), _cache);
        return new RemovalSubscription(Events, queue, cancellationToken);
    }

    /// <summary>Begins a subscription whose events go to a callback: one at a time, in order, on a thread of the pool, with no lock held.</summary>
    /// <param name="callback">Gets the events. What it throws is logged, and the next event comes all the same.</param>
    /// <param name="reasons">What to tell of.</param>
    /// <param name="options">As the other form.</param>
    /// <returns>The subscription, to be disposed; it can't be read.</returns>
    /// <inheritdoc cref="Subscribe(RemovalReasons, SubscribeOptions?, CancellationToken)"/>
    public RemovalSubscription Subscribe(Action<KeyRemoval> callback, RemovalReasons reasons = RemovalReasons.All, SubscribeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(callback);
        RemovalSubscription subscription = Subscribe(reasons, options);
        IAsyncEnumerator<KeyRemoval> events = subscription.GetAsyncEnumerator(default);
        _ = Task.Run(() => CallAsync(events, callback), CancellationToken.None);
        return subscription;
    }

    private async Task CallAsync(IAsyncEnumerator<KeyRemoval> events, Action<KeyRemoval> callback)
    {
        try
        {
            while (await events.MoveNextAsync().ConfigureAwait(false))
            {
                Call(callback, events.Current);
            }
        }
        catch (SubscriberTooSlowException e)
        {
            LogTooSlow(_cache.Logger, e);
        }
        finally
        {
            await events.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Call(Action<KeyRemoval> callback, KeyRemoval removal)
    {
        try
        {
            callback(removal);
        }
#pragma warning disable CA1031 // a user's code may throw anything, and the subscription must outlive it
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(_cache.Logger, e, removal.Reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A callback for removed keys failed on one with the reason {Reason}; it gets the next all the same.")]
    private static partial void LogFailed(ILogger logger, Exception exception, RemovalReasons reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A callback for removed keys was too slow, and its subscription has ended, as its options ask.")]
    private static partial void LogTooSlow(ILogger logger, Exception exception);
}
