namespace ElastiCache.Embedded.Messaging;

/// <summary>Reads a subscription's queue, once, and ends the subscription: when it is disposed, when one of two tokens is cancelled, and with the reading.</summary>
/// <typeparam name="T">What a message is to the reader.</typeparam>
internal abstract class SubscriptionReader<T> : IAsyncEnumerator<T>
{
    private readonly CancellationTokenRegistration _cancellation;
    private CancellationTokenRegistration _cancellationOfReading;
    private int _isBegun;

    protected SubscriptionReader(SubscriptionQueue queue, CancellationToken cancellationToken)
    {
        Queue = queue;
        _cancellation = CancelledBy(cancellationToken);
    }

    public SubscriptionQueue Queue { get; }

    public abstract T Current { get; }

    /// <summary>Begins the reading.</summary>
    /// <exception cref="InvalidOperationException">It was begun before.</exception>
    public IAsyncEnumerator<T> Begin(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isBegun, 1) != 0)
        {
            throw new InvalidOperationException("A subscription can be enumerated once, because what was read is gone. Subscribe again.");
        }

        _cancellationOfReading = CancelledBy(cancellationToken);
        return this;
    }

    public ValueTask<bool> MoveNextAsync() => Queue.MoveNextAsync();

    /// <summary>Ends the subscription. What is queued is lost.</summary>
    public void End()
    {
        _cancellation.Unregister();
        Leave();
        Queue.Complete();
    }

    /// <summary>Ends the reading, and the subscription with it.</summary>
    public ValueTask DisposeAsync()
    {
        _cancellationOfReading.Unregister();
        End();
        return ValueTask.CompletedTask;
    }

    /// <summary>Takes the queue from where it was subscribed, if that is not the hub, which lets it go by itself. May be called more than once.</summary>
    protected virtual void Leave()
    {
    }

    private CancellationTokenRegistration CancelledBy(CancellationToken cancellationToken) => cancellationToken.UnsafeRegister(
        static (reader, token) =>
        {
            var cancelled = (SubscriptionReader<T>)reader!;
            cancelled.Leave();
            cancelled.Queue.Cancel(token);
        },
        this);
}
