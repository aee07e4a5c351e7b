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
    private readonly Reader _reader;

    internal RemovalSubscription(RemovalEvents events, SubscriptionQueue queue, CancellationToken cancellationToken)
    {
        _reader = new Reader(events, queue, cancellationToken);
    }

    /// <summary>How many events were dropped because the queue was full.</summary>
    public long DroppedEvents => _reader.Queue.Lost;

    /// <summary>Reads the events. The subscription ends with the enumeration.</summary>
    /// <param name="cancellationToken">Ends it, as the one that was given to Subscribe.</param>
    /// <exception cref="InvalidOperationException">It is or was read already.</exception>
    public IAsyncEnumerator<KeyRemoval> GetAsyncEnumerator(CancellationToken cancellationToken = default) => _reader.Begin(cancellationToken);

    /// <summary>Ends the subscription; a reader that waits comes to its end. What is queued is lost.</summary>
    public void Dispose() => _reader.End();

    /// <summary>As <see cref="Dispose"/>; it never waits.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed class Reader(RemovalEvents events, SubscriptionQueue queue, CancellationToken cancellationToken) : SubscriptionReader<KeyRemoval>(queue, cancellationToken)
    {
        public override KeyRemoval Current => new(Queue.Current);

        protected override void Leave() => events.Remove(Queue);
    }
}
