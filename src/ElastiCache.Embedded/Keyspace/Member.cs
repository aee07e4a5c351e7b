using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>A member of a large collection: a hash's field and value, a set's member, a sorted set's member and score.</summary>
/// <remarks>
/// Its spans are the table's own memory: valid until that member is resized or removed. Its place in the table is void after another
/// member was added; <see cref="MemberTable.Remove"/> and <see cref="MemberTable.Resize"/> then want a fresh one.
/// </remarks>
internal readonly unsafe struct Member
{
    private readonly byte* _record;

    internal Member(byte* record, uint reference, in SlotPosition position)
    {
        _record = record;
        Reference = reference;
        Position = position;
    }

    /// <summary>Stays the same until the member is removed, or resized to a length that its block doesn't suit.</summary>
    public uint Reference { get; }

    /// <summary>The member, or the hash's field.</summary>
    public ReadOnlySpan<byte> Name
    {
        get
        {
            Record.Measure(_record, Record.HeaderOf(_record), out byte* name, out int length, out _);
            return new ReadOnlySpan<byte>(name, length);
        }
    }

    /// <summary>What the collection keeps with the member; may be written to.</summary>
    public Span<byte> Value
    {
        get
        {
            Record.Measure(_record, Record.HeaderOf(_record), out byte* name, out int nameLength, out int length);
            return new Span<byte>(name + nameLength, length);
        }
    }

    public bool HasDeadline
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Record.HasExpiry(Record.HeaderOf(_record));
    }

    /// <summary>The deadline in Unix ms, or <see cref="Record.NoExpiry"/>.</summary>
    public long Deadline
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Record.DeadlineOf(_record, Record.HeaderOf(_record));
    }

    internal byte* Address => _record;

    /// <summary>Where it stands; the default if it wasn't found by its name.</summary>
    internal SlotPosition Position { get; }
}

/// <summary>Takes the members of a walk. Must not change the collection.</summary>
internal interface IMemberVisitor
{
    void Visit(in Member member);
}
