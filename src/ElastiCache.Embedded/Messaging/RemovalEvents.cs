using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Tells of removed entries: from under the shard's lock into the queues of those who listen.</summary>
/// <remarks>
/// <code>
///   Shard.Remove, PublishOver ──► Store.Removals: null?  ──► each listener that wants the reason ──► its SubscriptionQueue ──► await foreach
///   (the shard is locked)         nobody: that was all       (an array, replaced and never changed)   bounded, a leaf lock
/// </code>
/// The queue is the one that channels have; a removal is a message whose payload is the key and whose subscription says the rest
/// (<see cref="RemovalNotice"/>), so nothing is made for an event but the copy of its key. Values don't come along: that would be a copy of up to 512 MB with a
/// shard locked, and of a collection one of all its elements, for what most listeners throw away.
/// </remarks>
internal sealed class RemovalEvents(Store store, ChannelHub hub) : KeyRemovals
{
    private readonly Lock _lock = new();
    private Listener[] _listeners = [];
    private long _droppedBefore;

    /// <summary>Events that did not fit into a queue, those of listeners that have gone included.</summary>
    public long Dropped
    {
        get
        {
            lock (_lock)
            {
                return _droppedBefore + _listeners.Sum(static listener => listener.Queue.Lost);
            }
        }
    }

    public override void Tell(RemovalReasons reason, int database, ReadOnlySpan<byte> key)
    {
        var message = new PublishedMessage(default, key);
        foreach (Listener listener in Volatile.Read(ref _listeners))
        {
            if ((listener.Reasons & reason) != 0)
            {
                listener.Queue.Deliver(listener.NoticeOf(reason, database), ref message);
            }
        }
    }

    /// <summary>Adds a listener; whatever is removed from then on reaches it.</summary>
    /// <param name="queue">Its queue.</param>
    /// <param name="reasons">What it wants to know of.</param>
    /// <returns>False if the cache is closed.</returns>
    public bool TryAdd(SubscriptionQueue queue, RemovalReasons reasons)
    {
        if (!hub.Open(queue))
        {
            return false;
        }

        lock (_lock)
        {
            Volatile.Write(ref _listeners, [.. _listeners, new Listener(queue, reasons, store.DatabaseCount)]);
            store.Removals = this;
        }

        return true;
    }

    /// <summary>Takes a listener out. Harmless if it is not there any more.</summary>
    public void Remove(SubscriptionQueue queue)
    {
        lock (_lock)
        {
            Listener? listener = Array.Find(_listeners, known => known.Queue == queue);
            if (listener != null)
            {
                _droppedBefore += queue.Lost;
                Volatile.Write(ref _listeners, [.. _listeners.Where(known => known != listener)]);
                store.Removals = _listeners.Length == 0 ? null : this;
            }
        }
    }

    private sealed class Listener
    {
        private readonly RemovalNotice[] _notices;
        private readonly int _databases;

        public Listener(SubscriptionQueue queue, RemovalReasons reasons, int databases)
        {
            Queue = queue;
            Reasons = reasons;
            _databases = databases;
            _notices = new RemovalNotice[System.Numerics.BitOperations.PopCount((uint)RemovalReasons.All) * databases];
            for (int i = 0; i < _notices.Length; i++)
            {
                _notices[i] = new RemovalNotice(queue, (RemovalReasons)(1 << (i / databases)), i % databases);
            }
        }

        public SubscriptionQueue Queue { get; }

        public RemovalReasons Reasons { get; }

        public RemovalNotice NoticeOf(RemovalReasons reason, int database) =>
            _notices[(System.Numerics.BitOperations.TrailingZeroCount((int)reason) * _databases) + database];
    }
}

/// <summary>What a removal event says beside the key; one object for all events of a listener that agree in it.</summary>
internal sealed class RemovalNotice(Subscriber subscriber, RemovalReasons reason, int database) : Subscription(subscriber, ChannelKind.Channel, Nameless)
{
    private static readonly ChannelName Nameless = new([]);

    public RemovalReasons Reason => reason;

    public int Database => database;
}
