using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>What one connection holds in memory, for CLIENT LIST, INFO and maxmemory-clients.</summary>
/// <remarks>
/// Others read while the connection works, and may see a state that is a moment old. Buffers count with their whole length; objects with about what they take. Not
/// counted is what lies in the pipes to and from the socket, at most some 64 KB and 1 MB.
/// </remarks>
internal sealed class ConnectionMemory(ClientMemory all, RequestReader reader, ConnectionOutput output, ClientContext context)
{
    /// <summary>By how many bytes a connection must have grown or shrunk before the common sum is told.</summary>
    public const long NotedStepBytes = 4096;

    // The connection's objects, the pipes' first segments and the first buffers.
    private const int BaseBytes = 2048;

    // Rounded from the objects' fields: a queued command with its list slot, a watched key with its listener, a subscription with its two dictionary entries.
    private const int QueuedCommandBytes = 96;
    private const int WatchedKeyBytes = 160;
    private const int SubscriptionBytes = 200;

    private long _noted;
    private volatile bool _isClosed;

    /// <summary>Bytes of the input that is being run now; 0 between two runs.</summary>
    public long RunningInputBytes { get; set; }

    /// <summary>Bytes of a command that was put aside because commands pause.</summary>
    public long PostponedBytes { get; set; }

    /// <summary>Bytes that arrived and are not part of a whole argument yet: qbuf.</summary>
    public long QueryBytes => reader.UnreadBytes + RunningInputBytes;

    /// <summary>Room for more of them: qbuf-free.</summary>
    public long FreeQueryBytes => reader.FreeBytes;

    /// <summary>Bytes of the arguments of the command that is being received, or run: argv-mem.</summary>
    public long ArgumentBytes => reader.IsReceiving || RunningInputBytes > 0 ? reader.ArgumentBytes : PostponedBytes;

    /// <summary>The buffer that replies are written into: rbs.</summary>
    public long ReplyBufferBytes => context.Reply.HeldBytes;

    /// <summary>Bytes that wait to be sent: omem.</summary>
    public long OutputBytes => output.PendingBytes;

    /// <summary>All of it: tot-mem.</summary>
    /// <remarks>A reply that is being written counts when it is handed over: client-output-buffer-limit has looked at it by then, and may have closed the connection.</remarks>
    public long TotalBytes => BaseBytes + reader.HeldBytes + RunningInputBytes + PostponedBytes + Math.Min(context.Reply.HeldBytes, RespWriter.MostKeptBytes) + output.HeldBytes +
        context.Transaction.Bytes + ((long)context.Transaction.Count * QueuedCommandBytes) + ((long)context.Transaction.Watched.Count * WatchedKeyBytes) +
        ((long)context.Subscriber!.Total * SubscriptionBytes);

    /// <summary>Tells the common sum, if anything limits it and what is held has changed by much; closes clients, maybe this one, if it was too much. From any thread.</summary>
    public void Note()
    {
        if (all.Counts && (TellChange() || all.IsDemanded))
        {
            all.Enforce();
        }
    }

    /// <summary>As <see cref="Note"/>, where shards may be locked: to close a client that waits for a key takes a lock that comes before theirs, so somebody else does it.</summary>
    public void NoteWithLocksHeld()
    {
        if (all.Counts && TellChange())
        {
            all.Demand();
        }
    }

    /// <summary>Brings the common sum up to date, however little has changed.</summary>
    /// <returns>What is held.</returns>
    public long Recount()
    {
        all.Add(Exchange(out long now));
        return now;
    }

    /// <summary>Counts for nothing from here on: the connection is being closed.</summary>
    public void Close()
    {
        _isClosed = true;
        all.Add(-Interlocked.Exchange(ref _noted, 0));
    }

    // Whether that made the sum reach the limit.
    private bool TellChange() => Math.Abs(TotalBytes - Volatile.Read(ref _noted)) >= NotedStepBytes && all.Add(Exchange(out _));

    // Whoever exchanges accounts for the difference to what was there, so the sum of all differences is right whatever the order.
    private long Exchange(out long now)
    {
        now = _isClosed ? 0 : TotalBytes;
        long change = now - Interlocked.Exchange(ref _noted, now);
        if (_isClosed && now != 0)
        {
            change -= Interlocked.Exchange(ref _noted, 0);
            now = 0;
        }

        return change;
    }
}
