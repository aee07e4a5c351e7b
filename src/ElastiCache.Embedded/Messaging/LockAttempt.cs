using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Takes a lock as soon as nobody holds it.</summary>
internal sealed class LockAttempt(LockOperations operations, int database, LockKeys keys, long milliseconds) : KeyAttempt
{
    /// <summary>What it got.</summary>
    public LockGrant? Grant { get; private set; }

    public override bool TryRun(int keyIndex, ref JournalTicket ticket)
    {
        // Its own write makes the waiters be served again, this one included.
        Grant ??= operations.TryTake(database, keys, milliseconds, ref ticket);
        return Grant != null;
    }
}
