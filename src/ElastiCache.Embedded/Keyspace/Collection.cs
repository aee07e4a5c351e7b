namespace ElastiCache.Embedded.Keyspace;

/// <summary>A hash, list, set, sorted set or stream that has outgrown one packed block: a managed shell around native memory.</summary>
/// <remarks>
/// An entry of such a kind holds, as its record's value, one byte of <see cref="CollectionForm"/> and then either the packed elements themselves
/// or the number of a shell in its shard's <see cref="CollectionRegistry"/>:
/// <code>
///   0  u8   form     bits 0-3: 0 = shell, else a packed form of the type; bits 4-7: the type's own flags
///   1  u32  number of the shell   |   packed bytes
/// </code>
/// So a small collection costs no managed object, and a large one costs a few, however many elements it has. Elements live in blocks of the
/// shard's allocator; everything is guarded by the shard's lock. A shell never outlives its entry, and belongs to one shard.
/// </remarks>
internal abstract class Collection
{
    /// <summary>The number of elements.</summary>
    public abstract long Count { get; }

    /// <summary>Native bytes of everything it holds.</summary>
    public abstract long NativeBytes { get; }

    /// <summary>When the first of its elements may have to go, Unix ms; <see cref="Record.NoExpiry"/> if none ever has.</summary>
    public virtual long NextDue => Record.NoExpiry;

    /// <summary>Its number in the registry.</summary>
    internal int Number { get; set; } = -1;

    /// <summary>The deadline for which <see cref="MemberExpiry"/> has a node; <see cref="Record.NoExpiry"/> for none.</summary>
    internal long ArmedFor { get; set; } = Record.NoExpiry;

    /// <summary>The mark of that node.</summary>
    internal byte ArmedMark { get; set; }

    /// <summary>The snapshot that is being read; null if there is none.</summary>
    public CollectionSnapshot? Snapshot { get; private set; }

    /// <summary>Begins a snapshot of the elements as they are now. There must be none. O(1) for hashes, sets and sorted sets, O(nodes) for lists and streams.</summary>
    public CollectionSnapshot BeginSnapshot()
    {
        Snapshot = CreateSnapshot();
        Snapshot.Owner = this;
        return Snapshot;
    }

    /// <summary>Ends the snapshot, read to its end or not.</summary>
    public void EndSnapshot()
    {
        Snapshot?.Free();
        Snapshot = null;
    }

    /// <summary>What <see cref="BeginSnapshot"/> does for a kind of collection.</summary>
    protected abstract CollectionSnapshot CreateSnapshot();

    /// <summary>Gives memory back, at most about so many elements' at once. Nobody uses the collection any more.</summary>
    /// <returns>Whether there is more to free.</returns>
    public abstract bool FreeSlice(int elements);

    /// <summary>Finds an element whose time has come.</summary>
    public virtual bool TryFindDue(long now, out Member due)
    {
        due = default;
        return false;
    }

    /// <summary>Removes what <see cref="TryFindDue"/> found.</summary>
    public virtual void RemoveDue(in Member due) => throw new NotSupportedException("Elements of this collection don't expire.");

    /// <summary>A deep copy in the memory of a shard, which is locked. O(n).</summary>
    public abstract Collection CopyTo(Shard shard);
}

/// <summary>The first byte of a collection's value.</summary>
internal static class CollectionForm
{
    /// <summary>The value is the number of a shell.</summary>
    public const int Shell = 0;

    /// <summary>Bytes of a value that refers to a shell.</summary>
    public const int ShellBytes = 5;

    private const int FormMask = 0xF;

    /// <summary>The form: <see cref="Shell"/>, or a packed form of the type.</summary>
    public static int Of(ReadOnlySpan<byte> value) => value[0] & FormMask;

    /// <summary>Whether a value of this kind refers to a shell.</summary>
    public static bool IsShell(ValueKind kind, ReadOnlySpan<byte> value) => kind > ValueKind.String && Of(value) == Shell;

    /// <summary>The number of the shell that a value refers to.</summary>
    public static int NumberOf(ReadOnlySpan<byte> value) => System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(value[1..]);

    /// <summary>The number of the shell that a record refers to; -1 if it refers to none.</summary>
    public static unsafe int ShellIn(byte* record)
    {
        ulong header = Record.HeaderOf(record);
        Record.Measure(record, header, out byte* key, out int keyLength, out int valueLength);
        var value = new ReadOnlySpan<byte>(key + keyLength, valueLength);
        return IsShell(Record.KindOf(header), value) ? NumberOf(value) : -1;
    }

    /// <summary>Writes a value that refers to a shell.</summary>
    public static void WriteShell(Span<byte> value, int number)
    {
        value[0] = Shell;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(value[1..], number);
    }
}
