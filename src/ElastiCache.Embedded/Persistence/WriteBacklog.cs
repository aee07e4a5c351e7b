namespace ElastiCache.Embedded.Persistence;

/// <summary>How old the oldest write is that the disk has not taken. Written by the writer's thread, read by any.</summary>
/// <remarks>
/// The age of a cycle counts from the moment after which its writes came: the taking of the cycle before it, or the writer's waking
/// if it had slept. So it is never less than the true age, and exceeds it by less than the duration of one cycle.
/// </remarks>
internal sealed class WriteBacklog(TimeProvider time)
{
    private const long None = long.MinValue;

    private long _since = None;
    private long _sinceSync = None;     // as _since, of what the sync that runs does not cover
    private long _nextSince = time.GetTimestamp();

    /// <summary>Whether anything waits for the disk.</summary>
    public bool IsAny => Volatile.Read(ref _since) != None;

    /// <summary>The age; zero while nothing waits for the disk.</summary>
    public TimeSpan Age
    {
        get
        {
            long since = Volatile.Read(ref _since);
            return since == None ? TimeSpan.Zero : time.GetElapsedTime(since);
        }
    }

    /// <summary>The writer woke: whatever it finds came just now.</summary>
    public void Wakes() => _nextSince = time.GetTimestamp();

    /// <summary>A cycle goes to the disk.</summary>
    public void Begins()
    {
        if (_since == None)
        {
            Volatile.Write(ref _since, _nextSince);
        }

        if (_sinceSync == None)
        {
            _sinceSync = _nextSince;
        }

        _nextSince = time.GetTimestamp();
    }

    /// <summary>A sync begins, of all that has begun.</summary>
    public void SyncBegins() => _sinceSync = None;

    /// <summary>That sync is done; what began meanwhile still waits.</summary>
    public void SyncEnds() => Volatile.Write(ref _since, _sinceSync);

    /// <summary>All that had begun is where the durability mode wants it.</summary>
    public void Ends()
    {
        _sinceSync = None;
        Volatile.Write(ref _since, None);
    }
}
