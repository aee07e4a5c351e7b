using System.Diagnostics.CodeAnalysis;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded;

/// <summary>A subscription to removed keys and the queue of its events, read by <c>await foreach</c>; see <see cref="Removals"/>.</summary>
/// <remarks>
/// It ends when the loop is left, when it is disposed, when its token is cancelled, or, after what is queued, when the cache closes. One that is neither read
/// nor disposed holds its queue and goes on dropping what does not fit. One reader at a time; all other members may be used from any thread.
/// </remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is a subscription; that it can be enumerated is how it is read.")]
public sealed class RemovalSubscription : IAsyncEnumerable<KeyRemoval>, IAsyncDisposable, IDisposable
{
    private readonly RemovalEvents _events;
    private readonly SubscriptionQueue _queue;
    private readonly CancellationTokenRegistration _cancellation;
    private int _isEnumerated;

    internal RemovalSubscription(RemovalEvents events, SubscriptionQueue queue, CancellationToken cancellationToken)
    {
        _events = events;
        _queue = queue;
        _cancellation = CancelledBy(cancellationToken);
    }

    /// <summary>How many events were dropped because the queue was full.</summary>
    public long DroppedEvents => _queue.Lost;

    /// <summary>Reads the events. The subscription ends with the enumeration.</summary>
    /// <param name="cancellationToken">Ends it, as the one that was given to Subscribe.</param>
    /// <exception cref="InvalidOperationException">It is or was read already.</exception>
    public IAsyncEnumerator<KeyRemoval> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isEnumerated, 1) != 0)
        {
            throw new InvalidOperationException("A subscription can be enumerated once, because its events are gone when they were read. Subscribe again.");
        }

        return new Enumerator(this, cancellationToken);
    }

    /// <summary>Ends the subscription; a reader that waits comes to its end. What is queued is lost.</summary>
    public void Dispose()
    {
        _cancellation.Unregister();
        _events.Remove(_queue);
        _queue.Complete();
    }

    /// <summary>As <see cref="Dispose"/>; it never waits.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private CancellationTokenRegistration CancelledBy(CancellationToken cancellationToken) => cancellationToken.UnsafeRegister(
        static (subscription, token) =>
        {
            var cancelled = (RemovalSubscription)subscription!;
            cancelled._events.Remove(cancelled._queue);
            cancelled._queue.Cancel(token);
        },
        this);

    private sealed class Enumerator : IAsyncEnumerator<KeyRemoval>
    {
        private readonly RemovalSubscription _subscription;
        private readonly CancellationTokenRegistration _cancellation;

        public Enumerator(RemovalSubscription subscription, CancellationToken cancellationToken)
        {
            _subscription = subscription;
            _cancellation = subscription.CancelledBy(cancellationToken);
        }

        public KeyRemoval Current => new(_subscription._queue.Current);

        public ValueTask<bool> MoveNextAsync() => _subscription._queue.MoveNextAsync();

        public ValueTask DisposeAsync()
        {
            _cancellation.Unregister();
            return _subscription.DisposeAsync();
        }
    }
}
