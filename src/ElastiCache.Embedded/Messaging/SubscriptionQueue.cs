using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>A message in a queue. The payload is shared with other queues.</summary>
internal readonly record struct QueuedMessage(ChannelName Channel, byte[] Payload, Subscription Subscription)
{
    /// <summary>What counts against the limit: the payload, and the channel's name where no subscription holds that anyway.</summary>
    public long Bytes => Payload.Length + (Subscription.Kind == ChannelKind.Pattern ? Channel.Bytes.Length : 0);
}

/// <summary>The subscriber of the typed API: a bounded queue between publishers and one reader.</summary>
/// <remarks>
/// <code>
///   publishers ──Deliver──►  ring, at most MaxMessages and MaxBytes  ──64 at a time──►  the reader's batch ──►  Current
///                lock                                                 the same lock
/// </code>
/// The reader takes messages over in batches, so that it competes for the lock once in 64 messages. A reader that finds nothing waits without a thread; the
/// publisher that brings the next message hands it to the thread pool, because its continuation is a user's code and shards may be locked here.
/// One reader at a time.
/// </remarks>
internal sealed class SubscriptionQueue : Subscriber, IValueTaskSource<bool>, IThreadPoolWorkItem
{
    private const int FirstRing = 16;
    private const int BatchMessages = 64;
    private const long BatchBytes = 256 * 1024;

    private readonly ChannelHub _hub;
    private readonly SubscribeOptions _options;

    // Guarded by the lock.
    private ShardLock _lock;
    private QueuedMessage[] _ring = [];
    private int _head;
    private int _count;
    private long _bytes;
    private long _lost;
    private End _end;
    private CancellationToken _cancelledBy;
    private bool _isWaiting;

    // Set once, when nothing is to be read any more, what the reader has taken over included.
    private volatile bool _isDiscarded;

    // The reader's own.
    private readonly QueuedMessage[] _batch = new QueuedMessage[BatchMessages];
    private int _batchCount;
    private int _batchNext;
    private QueuedMessage _current;
    private bool _isMoving;
    private ManualResetValueTaskSourceCore<bool> _signal;

    /// <summary>Makes a queue.</summary>
    /// <param name="hub">Where it will subscribe.</param>
    /// <param name="options">Its limits; nobody may change them any more.</param>
    public SubscriptionQueue(ChannelHub hub, SubscribeOptions options)
    {
        _hub = hub;
        _options = options;
    }

    private enum End
    {
        /// <summary>It goes on.</summary>
        None,

        /// <summary>Disposed, or the hub closed: the reader comes to a plain end.</summary>
        Completed,

        /// <summary>The reader gets an OperationCanceledException.</summary>
        Cancelled,

        /// <summary>The queue was full: the reader gets a SubscriberTooSlowException.</summary>
        TooSlow,
    }

    /// <summary>The message that <see cref="MoveNextAsync"/> has moved to.</summary>
    public QueuedMessage Current => _current;

    /// <summary>Messages that did not fit so far.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Messages and bytes in the ring, for tests.</summary>
    internal (int Messages, long Bytes, int RingSize) Occupancy => (_count, _bytes, _ring.Length);

    public override void Deliver(Subscription subscription, ref PublishedMessage message)
    {
        // Copied before the lock is taken, which another publisher or the reader may want.
        byte[] payload = message.Copy();
        var queued = new QueuedMessage(subscription.Kind == ChannelKind.Pattern ? message.Name : subscription.Name, payload, subscription);
        bool wakes;
        _lock.Enter();
        try
        {
            wakes = Accept(queued) && _isWaiting;
            _isWaiting &= !wakes;
        }
        finally
        {
            _lock.Exit();
        }

        if (wakes)
        {
            Wake();
        }
    }

    /// <summary>Moves to the next message; waits for one without holding a thread.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="SubscriberTooSlowException">Messages were lost.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ValueTask<bool> MoveNextAsync()
    {
        if (_batchNext < _batchCount && !_isDiscarded)
        {
            MoveInBatch();
            return new ValueTask<bool>(true);
        }

        return MoveToNextBatchAsync();
    }

    public override void HubClosed() => Finish(End.Completed, default);

    /// <summary>Ends the subscriptions; the reader comes to its end at once.</summary>
    public void Complete()
    {
        Finish(End.Completed, default);
        Discard();
    }

    /// <summary>Ends the subscriptions; the reader gets an exception at once.</summary>
    public void Cancel(CancellationToken cancelledBy)
    {
        Finish(End.Cancelled, cancelledBy);
        Discard();
    }

    void IThreadPoolWorkItem.Execute() => _signal.SetResult(true);

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        _isMoving = false;
        _signal.GetResult(token);
        return TakeBatch(waits: false) || ThrowOrEnd();
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _signal.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _signal.OnCompleted(continuation, state, token, flags);

    private ValueTask<bool> MoveToNextBatchAsync()
    {
        if (_isMoving)
        {
            throw new InvalidOperationException("The subscription is being read already: await one MoveNextAsync before the next.");
        }

        if (TakeBatch(waits: true))
        {
            return new ValueTask<bool>(true);
        }

        if (_isMoving)
        {
            return new ValueTask<bool>(this, _signal.Version);
        }

        try
        {
            return new ValueTask<bool>(ThrowOrEnd());
        }
        catch (Exception e) when (e is OperationCanceledException or SubscriberTooSlowException)
        {
            return ValueTask.FromException<bool>(e);
        }
    }

    private void MoveInBatch()
    {
        _current = _batch[_batchNext];
        _batch[_batchNext++] = default;     // or a reader that waits would keep the last batch alive
    }

    // Takes messages over from the ring and moves to the first. A reader that finds none and is to wait says so under the same lock: a second trip for
    // that would be a second fight with the publisher, on each message of a reader that keeps up.
    private bool TakeBatch(bool waits)
    {
        int taken = 0;
        long bytes = 0;
        _lock.Enter();
        while (taken < BatchMessages && _count > 0 && bytes < BatchBytes)
        {
            _batch[taken] = Pop();
            bytes += _batch[taken++].Bytes;
        }

        if (waits && taken == 0 && _end == End.None)
        {
            _current = default;
            _signal.Reset();
            _isWaiting = true;
            _isMoving = true;
        }

        _lock.Exit();
        _batchNext = 0;
        _batchCount = taken;
        if (taken > 0)
        {
            MoveInBatch();
        }

        return taken > 0;
    }

    private bool ThrowOrEnd()
    {
        // First, so that the number of lost messages is final.
        _hub.Close(this);
        _lock.Enter();
        (End end, long lost) = (_end, _lost);
        _lock.Exit();
        return end switch
        {
            End.Cancelled => throw new OperationCanceledException(_cancelledBy),
            End.TooSlow => throw new SubscriberTooSlowException(lost, _options.MaxMessages, _options.MaxBytes),
            _ => false,
        };
    }

    /// <summary>Puts a message into the ring, or applies the policy.</summary>
    /// <returns>Whether a reader that waits must look.</returns>
    private bool Accept(in QueuedMessage message)
    {
        if (_end != End.None)
        {
            _lost += _end == End.TooSlow ? 1 : 0;
            return false;
        }

        if (!Fits(message))
        {
            _lost++;
            if (_options.WhenFull == SlowSubscriberPolicy.Disconnect)
            {
                _end = End.TooSlow;
                return true;
            }

            if (_options.WhenFull == SlowSubscriberPolicy.DropNewest || message.Bytes > _options.MaxBytes)
            {
                return false;
            }

            Pop();
            while (!Fits(message))
            {
                Pop();
                _lost++;
            }
        }

        Push(message);
        return true;
    }

    private bool Fits(in QueuedMessage message) => _count < _options.MaxMessages && message.Bytes <= _options.MaxBytes - _bytes;

    private void Push(in QueuedMessage message)
    {
        if (_count == _ring.Length)
        {
            Grow();
        }

        int tail = _head + _count;
        _ring[tail < _ring.Length ? tail : tail - _ring.Length] = message;
        _count++;
        _bytes += message.Bytes;
    }

    private QueuedMessage Pop()
    {
        QueuedMessage message = _ring[_head];
        _ring[_head] = default;
        _head = _head + 1 == _ring.Length ? 0 : _head + 1;
        _count--;
        _bytes -= message.Bytes;
        return message;
    }

    private void Grow()
    {
        var larger = new QueuedMessage[(int)Math.Min(_options.MaxMessages, Math.Max(FirstRing, 2L * _ring.Length))];
        int first = Math.Min(_count, _ring.Length - _head);
        _ring.AsSpan(_head, first).CopyTo(larger);
        _ring.AsSpan(0, _count - first).CopyTo(larger.AsSpan(first));
        _ring = larger;
        _head = 0;
    }

    private void Finish(End end, CancellationToken cancelledBy)
    {
        _hub.Close(this);
        _lock.Enter();
        if (_end == End.None)
        {
            _end = end;
            _cancelledBy = cancelledBy;
        }

        bool wakes = _isWaiting;
        _isWaiting = false;
        _lock.Exit();
        if (wakes)
        {
            Wake();
        }
    }

    private void Discard()
    {
        _isDiscarded = true;
        _lock.Enter();
        _ring = [];
        (_head, _count, _bytes) = (0, 0, 0);
        _lock.Exit();
    }

    private void Wake() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
}
