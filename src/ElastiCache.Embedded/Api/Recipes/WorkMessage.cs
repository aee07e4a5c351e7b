namespace ElastiCache.Embedded;

/// <summary>A message that was received from a <see cref="WorkQueue{T}"/> and is this receiver's until its visibility timeout ends.</summary>
/// <remarks>
/// <see cref="Complete"/>, <see cref="Abandon"/>, <see cref="Renew"/> and <see cref="Bury"/> answer false, and change nothing, once the time is over and another
/// receiver has got the message: what was done with it here may then be done twice, so work on messages should be idempotent.
/// </remarks>
/// <typeparam name="T">What messages are.</typeparam>
public sealed class WorkMessage<T>
{
    private readonly WorkQueue<T> _queue;
    private readonly string _receiver;
    private readonly StreamEntry _entry;
    private (bool IsRead, T? Value) _body;

    internal WorkMessage(WorkQueue<T> queue, string receiver, StreamEntry entry, long deliveries)
    {
        _queue = queue;
        _receiver = receiver;
        _entry = entry;
        Deliveries = deliveries;
    }

    /// <summary>The ID that the message got when it was added; later ones are greater.</summary>
    public StreamId Id => _entry.Id;

    /// <summary>The message, which is read when it is first asked for.</summary>
    /// <exception cref="FormatException">What was put into the queue is no <typeparamref name="T"/>. <see cref="Bury"/> takes it away.</exception>
    public T? Body
    {
        get
        {
            if (!_body.IsRead)
            {
                _body = (true, _entry.Get<T>(WorkQueue<T>.BodyField));
            }

            return _body.Value;
        }
    }

    /// <summary>How often it has been delivered, this time included.</summary>
    public long Deliveries { get; }

    /// <summary>The message is done with: nobody gets it again. O(log n). Redis: XACK, XDEL.</summary>
    /// <returns>Whether it was still this receiver's.</returns>
    public bool Complete() => _queue.Settle(this, _receiver, static (stream, group, message, _) =>
    {
        group.Acknowledge(message.Id);
        stream.Delete(message.Id);
    });

    /// <summary>Gives the message back, for anybody to receive it again. O(log n). Redis: XCLAIM with IDLE.</summary>
    /// <param name="delay">How long nobody shall get it: zero, the default, to <see cref="WorkQueueOptions.VisibilityTimeout"/>.</param>
    /// <returns>Whether it was still this receiver's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="delay"/> is out of range. Nothing changes.</exception>
    public bool Abandon(TimeSpan delay = default)
    {
        if (delay < TimeSpan.Zero || delay > _queue.Options.VisibilityTimeout)
        {
            throw new ArgumentOutOfRangeException(nameof(delay), delay, $"The delay is 0 to the visibility timeout, {_queue.Options.VisibilityTimeout}.");
        }

        TimeSpan idle = _queue.Options.VisibilityTimeout - delay;
        return _queue.Settle(this, _receiver, (_, group, message, _) =>
        {
            group.SetIdle(_receiver, message.Id, idle);
            group.SignalChange();
        });
    }

    /// <summary>Begins the visibility timeout anew, for work that takes longer. O(log n). Redis: XCLAIM with JUSTID.</summary>
    /// <returns>Whether it was still this receiver's.</returns>
    public bool Renew() => _queue.Settle(this, _receiver, (_, group, message, _) => group.SetIdle(_receiver, message.Id, TimeSpan.Zero));

    /// <summary>Brings the message to the dead letters, now. O(log n), as one step.</summary>
    /// <returns>Whether it was still this receiver's.</returns>
    public bool Bury() => _queue.Settle(this, _receiver, WorkQueue<T>.Bury);
}
