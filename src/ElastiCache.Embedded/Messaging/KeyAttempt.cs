using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>What a blocking command wants to do as soon as one of its keys allows it. Holds its own result.</summary>
internal abstract class KeyAttempt
{
    /// <summary>
    /// Whether the caller is waiting already: then a key that has come to hold another type is one that has nothing, while the first look answers
    /// with the error.
    /// </summary>
    public bool IsRetry { get; internal set; }

    /// <summary>Tries to do it with one of the keys, as an ordinary operation. Called with no lock held, by whichever thread wrote the key.</summary>
    /// <param name="keyIndex">Which of the keys that the waiter named.</param>
    /// <param name="ticket">What to wait for when it wrote something.</param>
    /// <returns>Whether it is done; false if the key has nothing for it, or holds another type.</returns>
    /// <remarks>An exception ends the wait with that exception.</remarks>
    public abstract bool TryRun(int keyIndex, ref JournalTicket ticket);
}

/// <summary>How a wait ended.</summary>
internal enum WaitOutcome
{
    /// <summary>The attempt has succeeded.</summary>
    Served,

    /// <summary>The time was up, or CLIENT UNBLOCK said so.</summary>
    TimedOut,

    /// <summary>CLIENT UNBLOCK … ERROR.</summary>
    Unblocked,

    /// <summary>The caller gave up.</summary>
    Cancelled,
}
