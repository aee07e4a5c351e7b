namespace ElastiCache.Embedded.Keyspace;

/// <summary>The shells of a shard's large collections by number, and those on their way to be freed. Guarded by the shard's lock.</summary>
/// <remarks>
/// Deleting an entry takes its shell out at once; a large one is freed in slices afterwards, a few elements with every unlocking of the shard
/// and more when the sweeper comes, so that no operation waits for a million blocks to be freed.
/// </remarks>
internal sealed class CollectionRegistry
{
    private const int FreedAtOnce = 64;
    private const int FreedAnExit = 256;

    private readonly Stack<int> _unused = new();
    private readonly Queue<Collection> _garbage = new();
    private Collection?[] _shells = [];
    private int _next;

    /// <summary>Whether there is something to free.</summary>
    public bool HasGarbage => _garbage.Count > 0;

    /// <summary>Shells that entries refer to.</summary>
    public int Count => _next - _unused.Count;

    /// <summary>How many of them wait in <see cref="MemberExpiry"/> for their first element to expire.</summary>
    public int Armed { get; private set; }

    public Collection this[int number] => _shells[number]!;

    /// <summary>Notes that a shell waits for a deadline in <see cref="MemberExpiry"/>, or with <see cref="Record.NoExpiry"/> that it doesn't any more.</summary>
    public void SetArmed(Collection collection, long deadline, byte mark = 0)
    {
        Armed += (deadline != Record.NoExpiry ? 1 : 0) - (collection.ArmedFor != Record.NoExpiry ? 1 : 0);
        collection.ArmedFor = deadline;
        collection.ArmedMark = mark;
    }

    /// <summary>Takes a shell in and numbers it.</summary>
    public int Add(Collection collection)
    {
        if (!_unused.TryPop(out int number))
        {
            number = _next++;
            if (number == _shells.Length)
            {
                Array.Resize(ref _shells, Math.Max(4, 2 * number));
            }
        }

        _shells[number] = collection;
        collection.Number = number;
        return number;
    }

    /// <summary>Takes a shell out, for its memory to be freed.</summary>
    public void Release(int number)
    {
        Collection collection = _shells[number]!;
        _shells[number] = null;
        _unused.Push(number);
        collection.Number = -1;
        SetArmed(collection, Record.NoExpiry);
        if (collection.Snapshot == null && collection.FreeSlice(FreedAtOnce))
        {
            _garbage.Enqueue(collection);
        }
    }

    /// <summary>Takes the shell of a record out that goes, if it has one: SET over a large hash, say, but not another record of the same hash.</summary>
    /// <returns>Whether something waits to be freed.</returns>
    public unsafe bool ReleaseOf(byte* record, byte* replacement)
    {
        int number = CollectionForm.ShellIn(record);
        if (number < 0 || (replacement != null && CollectionForm.ShellIn(replacement) == number))
        {
            return false;
        }

        Release(number);
        return HasGarbage;
    }

    /// <summary>Ends the snapshot of a collection, which may have been released since; then its memory is freed from now on.</summary>
    public void EndSnapshot(Collection collection)
    {
        collection.EndSnapshot();
        if (collection.Number < 0)
        {
            _garbage.Enqueue(collection);
        }
    }

    /// <summary>Frees a little of what waits for it.</summary>
    /// <returns>Whether more waits.</returns>
    public bool FreeSlice()
    {
        if (_garbage.TryPeek(out Collection? collection) && !collection.FreeSlice(FreedAnExit))
        {
            _garbage.Dequeue();
        }

        return HasGarbage;
    }

    /// <summary>Forgets everything; the arena is being discarded.</summary>
    public void Reset()
    {
        _shells = [];
        _next = 0;
        Armed = 0;
        _unused.Clear();
        _garbage.Clear();
    }
}
