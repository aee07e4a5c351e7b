using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>An entry that was found, or the absence of one. Valid while its shard is locked and nothing was added to its table.</summary>
internal readonly unsafe struct Entry
{
    private readonly Arena? _arena;

    public Entry(Arena arena, in SlotPosition position)
    {
        _arena = arena;
        Position = position;
    }

    public bool Exists => _arena != null;

    public SlotPosition Position { get; }

    /// <summary>Read through the slot each time: making room may have moved the record.</summary>
    public byte* Record
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _arena!.At(Position.Reference);
    }

    public ValueKind Kind => Exists ? ElastiCache.Embedded.Keyspace.Record.KindOf(Header) : ValueKind.None;

    public long Deadline => ElastiCache.Embedded.Keyspace.Record.DeadlineOf(Record, Header);

    public bool HasDeadline
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ElastiCache.Embedded.Keyspace.Record.HasExpiry(Header);
    }

    public ulong Version => ElastiCache.Embedded.Keyspace.Record.VersionOf(Record, Header);

    public EntryMarks Marks => ElastiCache.Embedded.Keyspace.Record.MarksOf(Record, Header);

    public EvictionPriority Priority => Marks.Priority;

    /// <summary>Whether its record has a place for <see cref="Marks"/>.</summary>
    public bool HasMarks => ElastiCache.Embedded.Keyspace.Record.HasMarks(Header);

    public bool Edited => ElastiCache.Embedded.Keyspace.Record.IsEdited(Header);

    public RecordExtras Extras => ElastiCache.Embedded.Keyspace.Record.ExtrasOf(Record);

    /// <summary>What readers see of the extras.</summary>
    public RecordView View => new(Record, Header);

    public int ValueLength
    {
        get
        {
            ElastiCache.Embedded.Keyspace.Record.Measure(Record, Header, out _, out _, out int length);
            return length;
        }
    }

    public ReadOnlySpan<byte> Value
    {
        get
        {
            ElastiCache.Embedded.Keyspace.Record.Measure(Record, Header, out byte* key, out int keyLength, out int length);
            return new ReadOnlySpan<byte>(key + keyLength, length);
        }
    }

    public ReadOnlySpan<byte> Key
    {
        get => ElastiCache.Embedded.Keyspace.Record.KeyOf(Record);
    }

    /// <summary>Bytes of the record's block in its shard's allocator.</summary>
    public long BlockBytes(Shard shard) => shard.Allocator.CapacityOf(Record);

    private ulong Header
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ElastiCache.Embedded.Keyspace.Record.HeaderOf(Record);
    }
}

/// <summary>A record that is written but not yet visible; <see cref="Shard.Publish"/> makes it so.</summary>
internal readonly unsafe struct PendingRecord
{
    private readonly byte* _value;

    public PendingRecord(byte* record, byte* value, int length)
    {
        Record = record;
        _value = value;
        Length = length;
    }

    public byte* Record { get; }

    public int Length { get; }

    /// <summary>The value, for the caller to fill; contents undefined.</summary>
    public Span<byte> Value => new(_value, Length);
}
