using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>A record's extras, for a reader without a lock; nonsense while the record is being recycled, and then not counted.</summary>
internal readonly unsafe ref struct RecordView
{
    private readonly byte* _record;
    private readonly ulong _header;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RecordView(byte* record, ulong header)
    {
        _record = record;
        _header = header;
    }

    /// <summary>The deadline in Unix ms, or <see cref="Record.NoExpiry"/>.</summary>
    public long Deadline => Record.DeadlineOf(_record, _header);

    /// <summary>The version, or 0 if nobody has asked for it yet.</summary>
    public ulong Version => Record.VersionOf(_record, _header);

    /// <summary>Memcached's flags.</summary>
    public EntryMarks Marks => Record.MarksOf(_record, _header);
}
