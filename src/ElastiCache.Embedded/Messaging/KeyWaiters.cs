using System.Collections.Concurrent;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Those who wait for a key to have something for them: blocking pops and reads, served in the order in which they came.</summary>
/// <remarks>
/// A writer whose key is waited for notes it under the shard's lock (<see cref="WaitedKey.KeyChanged"/>) and, once its locks are free and before its own call
/// returns, runs the attempts of those who wait: so a client that pushes an element and then looks finds it popped already, as in Redis. After a transaction
/// that is its end. Keys are served in the order in which they were written, waiters of a key in the order of their arrival.
/// Lock order: the lock here, then shards. Nobody calls in with a shard locked, except to note a key, which takes no lock.
/// </remarks>
internal sealed class KeyWaiters : KeyAwaiters
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly Store _store;
    private readonly Lock _lock = new();
    private readonly ConcurrentQueue<WaitedKey> _written = new();
    private readonly Dictionary<(int Database, string Key), WaitedKey> _keys = [];
    private bool _isServing;

    public KeyWaiters(Store store)
    {
        _store = store;
    }

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Tries at once, and waits if no key has anything.</summary>
    /// <param name="database">The keys' database.</param>
    /// <param name="keys">The keys, in order of preference.</param>
    /// <param name="attempt">What to do.</param>
    /// <param name="timeout">How long to wait; null for ever.</param>
    /// <returns>The wait, which may be over already.</returns>
    /// <exception cref="InvalidOperationException">This thread is in a transaction.</exception>
    /// <remarks>What the attempt throws at once comes out of here; what it throws later is in <see cref="KeyWaiter.Completion"/>.</remarks>
    public KeyWaiter Wait(int database, byte[][] keys, KeyAttempt attempt, TimeSpan? timeout)
    {
        // The lock here comes before those of shards, which a transaction holds.
        if (StoreTransaction.IsActive)
        {
            throw new InvalidOperationException("A transaction can't wait for a key: take what is there, or wait before it begins.");
        }

        var waiter = new KeyWaiter(this, database, keys, attempt);
        lock (_lock)
        {
            Enlist(waiter);
            bool isOver = false;

            // The attempt's own write must not serve this very waiter.
            bool wasServing = _isServing;
            _isServing = true;
            try
            {
                // Only now: what is written from here on is noted.
                for (int i = 0; i < keys.Length && !isOver; i++)
                {
                    isOver = waiter.TryFirst(i);
                }
            }
            catch
            {
                isOver = true;
                throw;
            }
            finally
            {
                _isServing = wasServing;
                if (isOver)
                {
                    Delist(waiter);
                }
            }

            attempt.IsRetry = true;
            if (!isOver && timeout is { } limit)
            {
                waiter.StartTimer(_store.Clock.TimeProvider, limit < LongestTimer ? limit : LongestTimer);
            }
        }

        Serve();
        return waiter;
    }

    /// <inheritdoc/>
    public override void Serve()
    {
        if (StoreTransaction.IsActive)
        {
            return;     // its end serves
        }

        lock (_lock)
        {
            if (_isServing)
            {
                return;     // an attempt of this very loop wrote something: the loop goes on with it
            }

            _isServing = true;
            try
            {
                do
                {
                    while (_written.TryDequeue(out WaitedKey? key))
                    {
                        // Before the attempts: what is written from here on is noted again.
                        key.IsNoted = false;
                        ServeKey(key);
                    }

                    // Stays true until here, so that another writer waits for this loop instead of returning before its key was served.
                    IsPending = false;
                }
                while (!_written.IsEmpty);
            }
            finally
            {
                _isServing = false;
            }
        }
    }

    /// <summary>Ends all waits, because the cache is closed: they fail with an <see cref="ObjectDisposedException"/>.</summary>
    public void Close()
    {
        lock (_lock)
        {
            foreach (KeyWaiter waiter in _keys.Values.SelectMany(static key => key.Waiters).Distinct().ToArray())
            {
                Delist(waiter);
                waiter.Fail(new ObjectDisposedException(_store.Owner.FullName));
            }
        }
    }

    internal bool End(KeyWaiter waiter, WaitOutcome outcome)
    {
        if (StoreTransaction.IsActive)
        {
            // CLIENT UNBLOCK inside MULTI: see the lock order.
            ThreadPool.QueueUserWorkItem(static state => state.Waiters.End(state.Waiter, state.Outcome), (Waiters: this, Waiter: waiter, Outcome: outcome), preferLocal: false);
            return !waiter.IsOver;
        }

        lock (_lock)
        {
            if (waiter.IsOver)
            {
                return false;
            }

            Delist(waiter);
            waiter.Complete(outcome);
            return true;
        }
    }

    private void ServeKey(WaitedKey key)
    {
        foreach (KeyWaiter waiter in key.Waiters.ToArray())
        {
            for (int i = 0; i < waiter.Keys.Length && !waiter.IsOver; i++)
            {
                if (key.Is(waiter.Keys[i]) && waiter.Try(i))
                {
                    Delist(waiter);
                }
            }
        }
    }

    private void Enlist(KeyWaiter waiter)
    {
        Count++;
        foreach (byte[] key in waiter.Keys)
        {
            var name = (waiter.Database, Convert.ToBase64String(key));
            if (!_keys.TryGetValue(name, out WaitedKey? waited))
            {
                _keys.Add(name, waited = new WaitedKey(this, key));
                ChangeListener(waiter.Database, key, waited, isAdded: true);
            }

            if (!waited.Waiters.Contains(waiter))
            {
                waited.Waiters.AddLast(waiter);
            }
        }
    }

    private void Delist(KeyWaiter waiter)
    {
        Count--;
        foreach (byte[] key in waiter.Keys)
        {
            var name = (waiter.Database, Convert.ToBase64String(key));
            if (_keys.TryGetValue(name, out WaitedKey? waited) && waited.Waiters.Remove(waiter) && waited.Waiters.Count == 0)
            {
                _keys.Remove(name);
                ChangeListener(waiter.Database, key, waited, isAdded: false);
            }
        }
    }

    private void ChangeListener(int database, byte[] key, WaitedKey waited, bool isAdded)
    {
        if (_store.IsDisposed)
        {
            return;
        }

        KeyProbe.Create(key, out KeyProbe probe);
        Shard shard = _store.ShardOf(probe);
        shard.Enter();
        if (isAdded)
        {
            shard.Listeners.Add(database, key, waited);
        }
        else
        {
            shard.Listeners.Remove(database, key, waited);
        }

        shard.Exit();
    }

    private void Note(WaitedKey key)
    {
        _written.Enqueue(key);
        IsPending = true;
    }

    private sealed class WaitedKey(KeyWaiters waiters, byte[] key) : IKeyListener
    {
        private bool _isNoted;

        public LinkedList<KeyWaiter> Waiters { get; } = new();

        /// <summary>Whether it is in the queue of written keys; once is enough.</summary>
        public bool IsNoted
        {
            get => Volatile.Read(ref _isNoted);
            set => Volatile.Write(ref _isNoted, value);
        }

        public bool Is(byte[] other) => key.AsSpan().SequenceEqual(other);

        public void KeyChanged(int database, ReadOnlySpan<byte> changed)
        {
            if (!IsNoted)
            {
                IsNoted = true;
                waiters.Note(this);
            }
        }
    }
}
