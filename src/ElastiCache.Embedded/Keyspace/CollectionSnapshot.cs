namespace ElastiCache.Embedded.Keyspace;

/// <summary>A large collection as it was when a snapshot came to it or a writer was about to change it, whichever was first. Guarded by the shard's lock.</summary>
/// <remarks>
/// To begin one takes no copy of the elements, so that no writer waits for a million of them. The collection goes on being read and changed; whoever
/// changes an element that the snapshot has not seen yet leaves it the old one:
/// <list type="bullet">
/// <item>members of a hash, set or sorted set bear a parity as entries do, and an old one is copied out before it is changed (<see cref="MemberSnapshot"/>);</item>
/// <item>nodes of a list or stream are shared, and copied by the writer that changes one.</item>
/// </list>
/// If the collection itself is deleted meanwhile, its memory waits for <see cref="Collection.EndSnapshot"/>. The snapshot is read in slices, with the shard
/// locked for one slice at a time.
/// </remarks>
internal abstract class CollectionSnapshot
{
    /// <summary>The collection.</summary>
    public Collection Owner { get; internal set; } = null!;

    /// <summary>The number of elements that it has in all.</summary>
    public abstract long Count { get; }

    /// <summary>Whether all of it has been read.</summary>
    public abstract bool IsDone { get; }

    /// <summary>Why elements are missing in it: there was no memory for their old state. Null while it is whole.</summary>
    public OutOfMemoryException? Failure { get; protected set; }

    /// <summary>Gives back what only the snapshot still held.</summary>
    internal abstract void Free();
}

/// <summary>Takes members of a walk. The shard is locked: copy and return.</summary>
internal interface IMemberSink
{
    /// <param name="name">The member, or a hash's field.</param>
    /// <param name="value">What the collection keeps with it: a field's value, a score in 8 bytes, nothing.</param>
    /// <param name="deadline">A field's deadline in Unix ms; <see cref="Record.NoExpiry"/> for none.</param>
    void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, long deadline);
}
