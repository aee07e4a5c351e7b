using System.Globalization;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded;

/// <summary>A queue of work that loses nothing: a message is there until a receiver completes it, however many receivers fail on the way.</summary>
/// <remarks>
/// <code>
///   WorkQueue&lt;Mail&gt; mails = cache.Queue&lt;Mail&gt;("mails");
///   mails.Enqueue(new Mail("ada@example.org"));
///
///   await foreach (WorkMessage&lt;Mail&gt; mail in mails.ReceiveAllAsync(stopping))
///   {
///       Send(mail.Body);
///       mail.Complete();
///   }
/// </code>
/// A message that is not completed within <see cref="WorkQueueOptions.VisibilityTimeout"/> is delivered again, to whoever receives next, and after
/// <see cref="WorkQueueOptions.MaxDeliveries"/> deliveries it goes to the dead letters, where it can be looked at and brought back. So each message is delivered at
/// least once. In order as far as nothing is delivered again.
/// <para>
/// It is a Redis stream with one group, <c>workers</c>: with a durable cache a message survives a crash like everything else, and a Redis client can look into it. Entries have the field
/// <c>body</c>, dead letters also <c>deliveries</c>. Receivers with a handle of their own, in any number, share the work. Thread-safe.
/// </para>
/// </remarks>
/// <typeparam name="T">What messages are: text, bytes, numbers and so on in their plain form, everything else through the serializer.</typeparam>
public sealed class WorkQueue<T>
{
    private const string GroupName = "workers";

    // Of the messages that receivers have, so many are looked at for the next to be given up. What lies behind comes late by a visibility timeout at most.
    private const int PendingLooks = 1_000;

    internal const string BodyField = "body";
    internal const string DeliveriesField = "deliveries";

    private static long _handles;

    private readonly CacheDatabase _database;
    private readonly string _key;
    private readonly string _deadLetterKey;
    private readonly string _receiver;
    private volatile bool _hasGroup;

    internal WorkQueue(CacheDatabase database, string key, WorkQueueOptions options)
    {
        options.Validate();
        _database = database;
        _key = key;
        _deadLetterKey = options.DeadLetterKey ?? key + ":dead";
        Options = options;

        // Names of an earlier process must not be taken for ours.
        _receiver = string.Create(CultureInfo.InvariantCulture, $"{database.Now:x}-{Interlocked.Increment(ref _handles)}");
    }

    /// <summary>The options.</summary>
    public WorkQueueOptions Options { get; }

    /// <summary>The messages that nobody has completed, received ones too. O(1). Redis: XLEN.</summary>
    public long Count() => _database.Stream(_key).Length();

    /// <summary>The messages that receivers have and did not complete yet, up to so many. O(n).</summary>
    /// <param name="most">Where to stop counting.</param>
    public long CountReceived(int most = 10_000)
    {
        try
        {
            return Group(_database).Pending(count: most).Length;
        }
        catch (StreamException)
        {
            return 0;       // nobody has received anything yet
        }
    }

    /// <summary>Adds a message. O(1). Redis: XADD.</summary>
    /// <returns>Its ID.</returns>
    /// <exception cref="CacheFullException">The budget has no room. Nothing changes.</exception>
    public StreamId Enqueue(T message) => _database.Stream(_key).Add(BodyField, message);

    /// <summary>Receives a message if there is one: one whose visibility timeout is over, or else the next new one. O(log n).</summary>
    /// <param name="message">The message; null if there is none.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryReceive([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out WorkMessage<T>? message)
    {
        EnsureGroup();
        try
        {
            message = _database.Transact([_key, _deadLetterKey], Next);
        }
        catch (StreamException)
        {
            // The key was deleted, and added to since.
            _hasGroup = false;
            EnsureGroup();
            message = _database.Transact([_key, _deadLetterKey], Next);
        }

        return message != null;
    }

    /// <summary>Receives a message, and waits for one if there is none. No polling: a new message wakes one receiver.</summary>
    /// <param name="timeout">How long to wait; null for ever.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The message; null when the time was up.</returns>
    /// <exception cref="OperationCanceledException">The wait was cancelled. No message is lost.</exception>
    public async Task<WorkMessage<T>?> ReceiveAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        TimeProvider time = _database.Cache.Clock.TimeProvider;
        long began = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryReceive(out WorkMessage<T>? message))
            {
                return message;
            }

            TimeSpan? left = timeout - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                return null;
            }

            try
            {
                if (await WaitAsync(left, cancellationToken).ConfigureAwait(false) is { } arrived)
                {
                    return arrived;
                }
            }
            catch (StreamException)
            {
                _hasGroup = false;      // the key was deleted while we waited
            }
        }
    }

    /// <summary>Receives messages one after another, until cancelled.</summary>
    /// <param name="cancellationToken">Ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<WorkMessage<T>> ReceiveAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (true)
        {
            yield return (await ReceiveAsync(null, cancellationToken).ConfigureAwait(false))!;
        }
    }

    /// <summary>How many dead letters there are. O(1).</summary>
    public long CountDeadLetters() => _database.Stream(_deadLetterKey).Length();

    /// <summary>The oldest dead letters, without touching them. O(log n + count).</summary>
    /// <param name="count">The most, at least 1.</param>
    public DeadLetter<T>[] PeekDeadLetters(int count = 100) => [.. _database.Stream(_deadLetterKey).Range(count: count).Select(entry => new DeadLetter<T>(entry))];

    /// <summary>Brings the oldest dead letters back to the end of the queue, as new messages. Each is one step. O(count · log n).</summary>
    /// <param name="count">The most, at least 1.</param>
    /// <returns>How many came back.</returns>
    public int Redrive(int count = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int moved = 0;
        while (moved < count && _database.Transact([_key, _deadLetterKey], RedriveOne))
        {
            moved++;
        }

        return moved;
    }

    /// <summary>Does something with a message, if it is still the receiver's.</summary>
    internal bool Settle(WorkMessage<T> message, string receiver, Action<CacheStream, CacheStreamGroup, WorkMessage<T>, WorkQueue<T>> change) =>
        _database.Transact([_key, _deadLetterKey], database =>
        {
            if (!database.Keys.Exists(_key))
            {
                return false;
            }

            CacheStreamGroup group = Group(database);
            StreamPendingEntry[] pending = group.Pending(receiver, message.Id, 1);
            if (pending.Length == 0 || pending[0].Id != message.Id || pending[0].Deliveries != message.Deliveries)
            {
                return false;
            }

            change(database.Stream(_key), group, message, this);
            return true;
        });

    /// <summary>Moves a message to the dead letters; inside a transaction.</summary>
    internal static void Bury(CacheStream stream, CacheStreamGroup group, WorkMessage<T> message, WorkQueue<T> queue)
    {
        StreamEntry entry = stream.Range(message.Id, message.Id, 1)[0];
        queue.Bury(stream, group, entry, message.Deliveries);
    }

    // Inside a transaction: the body goes over as its bytes, whatever it is.
    private void Bury(CacheStream stream, CacheStreamGroup group, StreamEntry entry, long deliveries)
    {
        stream.Database.Stream(_deadLetterKey).Add<ReadOnlyMemory<byte>>((BodyField, BodyOf(entry)), (DeliveriesField, System.Text.Encoding.ASCII.GetBytes(deliveries.ToString(CultureInfo.InvariantCulture))));
        group.Acknowledge(entry.Id);
        stream.Delete(entry.Id);
    }

    internal static ReadOnlyMemory<byte> BodyOf(StreamEntry entry)
    {
        for (int i = 0; i < entry.Count; i++)
        {
            if (entry.Name(i) == BodyField)
            {
                return entry.Value(i);
            }
        }

        return default;
    }

    private bool RedriveOne(CacheDatabase database)
    {
        CacheStream dead = database.Stream(_deadLetterKey);
        if (dead.Range(count: 1) is not [StreamEntry oldest])
        {
            return false;
        }

        database.Stream(_key).Add<ReadOnlyMemory<byte>>((BodyField, BodyOf(oldest)));
        dead.Delete(oldest.Id);
        return true;
    }

    // Inside a transaction: what has been given up by others first, then what is new.
    private WorkMessage<T>? Next(CacheDatabase database)
    {
        CacheStream stream = database.Stream(_key);
        CacheStreamGroup group = Group(database);
        StreamId from = StreamId.Min;
        do
        {
            foreach (StreamEntry entry in group.ClaimIdle(_receiver, Options.VisibilityTimeout, from, out from, 1))
            {
                if (entry.IsDeleted)
                {
                    continue;
                }

                long deliveries = group.Pending(_receiver, entry.Id, 1)[0].Deliveries;
                if (deliveries <= Options.MaxDeliveries)
                {
                    return Message(entry, deliveries);
                }

                Bury(stream, group, entry, deliveries - 1);
            }
        }
        while (from != StreamId.Min);
        return group.Read(_receiver, 1) is [StreamEntry added] ? Message(added, 1) : null;
    }

    private WorkMessage<T> Message(StreamEntry entry, long deliveries) => new(this, _receiver, entry, deliveries);

    // Until there is a message for us, or something may have become visible again. Nobody else's message does so sooner than a visibility timeout from now,
    // whoever receives it meanwhile, unless it is given back, which is told.
    private async Task<WorkMessage<T>?> WaitAsync(TimeSpan? most, CancellationToken cancellationToken)
    {
        TimeSpan wait = most < Options.VisibilityTimeout ? most.Value : Options.VisibilityTimeout;
        TimeSpan visible = NextVisible();
        wait = visible < wait ? visible : wait;
        wait = wait < OneMillisecond ? OneMillisecond : wait;
        var attempt = new ReceiveAttempt(this, _database.Now + (long)wait.TotalMilliseconds);
        KeyWaiter waiter = _database.Cache.Waiters.Wait(_database.Index, [System.Text.Encoding.UTF8.GetBytes(_key)], attempt, wait);
        using (cancellationToken.UnsafeRegister(static state => ((KeyWaiter)state!).End(WaitOutcome.Cancelled), waiter))
        {
            // A message that came at the same moment as the cancellation was received, and will be delivered again.
            if (await waiter.Completion.ConfigureAwait(false) == WaitOutcome.Cancelled)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }

        await _database.WaitAsync(waiter.Ticket, cancellationToken).ConfigureAwait(false);
        return attempt.Message;
    }

    // When the first of the messages that receivers have may be taken over.
    private TimeSpan NextVisible()
    {
        TimeSpan next = Options.VisibilityTimeout;
        foreach (StreamPendingEntry pending in Group(_database).Pending(count: PendingLooks))
        {
            TimeSpan visible = Options.VisibilityTimeout - pending.Idle;
            next = visible < next ? visible : next;
        }

        return next;
    }

    private static TimeSpan OneMillisecond => TimeSpan.FromMilliseconds(1);

    // Runs when the key has changed, for those who wait in the order in which they came.
    private sealed class ReceiveAttempt(WorkQueue<T> queue, long untilUnixMs) : KeyAttempt
    {
        public WorkMessage<T>? Message { get; private set; }

        public override bool TryRun(int keyIndex, ref JournalTicket ticket)
        {
            Message = queue._database.Transact([queue._key, queue._deadLetterKey], queue.Next, ref ticket);

            // Something was given back that will be visible before this wait is over: look again.
            return Message != null || (IsRetry && queue._database.Now + (long)queue.NextVisible().TotalMilliseconds < untilUnixMs);
        }
    }

    private static CacheStreamGroup GroupOf(CacheDatabase database, string key) => database.Stream(key).Group(GroupName);

    private CacheStreamGroup Group(CacheDatabase database) => GroupOf(database, _key);

    private void EnsureGroup()
    {
        if (_hasGroup)
        {
            return;
        }

        try
        {
            Group(_database).Create(StreamId.Min, createsStream: true);
        }
        catch (StreamException)
        {
            // There is one already.
        }

        _hasGroup = true;
    }
}
