using System.Numerics;
using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The one place that knows how an entry lies in native memory.</summary>
/// <remarks>
/// <code>
///   0  u40  header                                             (all integers little-endian)
///             bits  0-2   kind (ValueKind); 0 = a freed block
///             bit   3     snapshot parity
///             bits  4-7   extras present: expiry, version, marks, long lengths
///             bits  8-15  key length                           0 when the lengths are long
///             bits 16-38  value length, at most 8 MB - 1       0 when the lengths are long
///             bit  39     the value was edited in place (OBJECT ENCODING answers "raw")
///   5  key bytes, then value bytes                             when there are no extras
///
///   5  u8   mark of the entry's node in the expiry wheel       when there are extras, which are aligned to 8
///   6  2 unused bytes
///   8  i64  deadline, Unix ms           if bit 4
///      u64  version                     if bit 5
///      u64  marks: Memcached's flags (u32), the priority (u32)   if bit 6
///      u32  key length, u32 value length  if bit 7
///      key bytes, then value bytes
/// </code>
/// The header is five bytes because most entries need no more: a 23-byte key with 100 bytes of value fills 128 bytes to the last one.
/// Readers take all of it with one 8-byte load (a block has at least 16). A version is there only once somebody asked for
/// it (Memcached's <c>gets</c>); until then it costs nothing.
/// </remarks>
internal static unsafe class Record
{
    /// <summary>A deadline that never comes.</summary>
    public const long NoExpiry = long.MaxValue;

    /// <summary>The longest value and the longest key: 512 MB, as in Redis.</summary>
    public const int MaxLength = 512 * 1024 * 1024;

    /// <summary>The bytes before the key of a record without extras.</summary>
    public const int PlainHeaderBytes = 5;

    private const int AlignedHeaderBytes = 8;
    private const int MaxPlainKey = 0xFF;
    private const int MaxPlainValue = 0x7F_FFFF;
    private const ulong KindMask = 0x7;
    private const ulong ParityBit = 1 << 3;
    private const ulong ExpiryBit = 1 << 4;
    private const ulong VersionBit = 1 << 5;
    private const ulong MarksBit = 1 << 6;
    private const ulong LongBit = 1 << 7;
    private const ulong ExtrasMask = 0xF0;
    private const int KeyLengthShift = 8;
    private const ulong KeyLengthMask = MaxPlainKey << KeyLengthShift;
    private const ulong EditedBit = 1UL << 39;
    private const ulong HeaderMask = (1UL << 40) - 1;

    /// <summary>The header as one word; bits above 39 are the first bytes of what follows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong HeaderOf(byte* record) => *(ulong*)record;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ValueKind KindOf(ulong header) => (ValueKind)(header & KindMask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasExpiry(ulong header) => (header & ExpiryBit) != 0;

    public static bool IsEdited(ulong header) => (header & EditedBit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Parity(ulong header) => (header & ParityBit) != 0;

    /// <summary>Whether it is a string whose key has this length, its lengths not long: one comparison for a reader in a hurry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsShortString(ulong header, int keyLength) =>
        (header & (KindMask | LongBit | KeyLengthMask)) == (((ulong)(uint)keyLength << KeyLengthShift) | (uint)ValueKind.String);

    /// <summary>As <see cref="IsShortString"/>, and it has no extras.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlainString(ulong header, int keyLength) =>
        (header & (KindMask | ExtrasMask | KeyLengthMask)) == (((ulong)(uint)keyLength << KeyLengthShift) | (uint)ValueKind.String);

    /// <summary>The bytes before the key of a record whose lengths are not long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShortHeadBytes(ulong header) => (header & ExtrasMask) == 0
        ? PlainHeaderBytes
        : AlignedHeaderBytes + (8 * BitOperations.PopCount((uint)(header & ExtrasMask)));

    /// <summary>The value's length in a record whose lengths are not long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ShortValueLength(ulong header) => (int)(header >> 16) & MaxPlainValue;

    /// <summary>Finds key and value. Safe on a recycled block: the lengths may be nonsense, but nothing is followed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Measure(byte* record, ulong header, out byte* key, out int keyLength, out int valueLength)
    {
        if ((header & ExtrasMask) == 0)
        {
            key = record + PlainHeaderBytes;
            keyLength = (byte)(header >> 8);
            valueLength = (int)(header >> 16) & MaxPlainValue;
            return;
        }

        MeasureWithExtras(record, header, out key, out keyLength, out valueLength);
    }

    /// <summary>The key's bytes. Of a record that can't be recycled meanwhile.</summary>
    public static ReadOnlySpan<byte> KeyOf(byte* record)
    {
        Measure(record, HeaderOf(record), out byte* key, out int length, out _);
        return new ReadOnlySpan<byte>(key, length);
    }

    /// <summary>The deadline in Unix ms, or <see cref="NoExpiry"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long DeadlineOf(byte* record, ulong header) =>
        HasExpiry(header) ? Volatile.Read(ref *(long*)(record + AlignedHeaderBytes)) : NoExpiry;

    /// <summary>Moves the deadline of a record that has one. Readers see the old one or the new one.</summary>
    public static void SetDeadline(byte* record, long deadline) => Volatile.Write(ref *(long*)(record + AlignedHeaderBytes), deadline);

    /// <summary>The mark of the entry's node in the expiry wheel; there is one if there is a deadline.</summary>
    public static byte MarkOf(byte* record) => record[PlainHeaderBytes];

    public static void SetMark(byte* record, byte mark) => record[PlainHeaderBytes] = mark;

    /// <summary>The version, or 0 if nobody has asked for it yet.</summary>
    public static ulong VersionOf(byte* record, ulong header) => (header & VersionBit) != 0
        ? *(ulong*)(record + AlignedHeaderBytes + (8 * BitOperations.PopCount((uint)(header & ExpiryBit))))
        : 0;

    /// <summary>Changes the version of a record that has one.</summary>
    public static void SetVersion(byte* record, ulong version) =>
        *(ulong*)(record + AlignedHeaderBytes + (8 * BitOperations.PopCount((uint)(HeaderOf(record) & ExpiryBit)))) = version;

    /// <summary>Whether a record has marks that aren't the default.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasMarks(ulong header) => (header & MarksBit) != 0;

    /// <summary>Memcached's flags and the priority.</summary>
    public static EntryMarks MarksOf(byte* record, ulong header) => HasMarks(header)
        ? EntryMarks.FromWord(*(ulong*)(record + AlignedHeaderBytes + (8 * BitOperations.PopCount((uint)(header & (ExpiryBit | VersionBit))))))
        : default;

    /// <summary>Changes the marks of a record that has some. Readers see the old ones or the new ones.</summary>
    public static void SetMarks(byte* record, EntryMarks marks) => Volatile.Write(
        ref *(ulong*)(record + AlignedHeaderBytes + (8 * BitOperations.PopCount((uint)(HeaderOf(record) & (ExpiryBit | VersionBit))))), marks.Word);

    /// <summary>How readily the entry gives way.</summary>
    public static EvictionPriority PriorityOf(byte* record) => MarksOf(record, HeaderOf(record)).Priority;

    /// <summary>The bytes that a record takes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long BytesFor(int keyLength, long valueLength, in RecordExtras extras)
    {
        uint bits = extras.Bits;
        if (keyLength > MaxPlainKey || valueLength > MaxPlainValue)
        {
            bits |= (uint)LongBit;
        }

        int head = bits == 0 ? PlainHeaderBytes : AlignedHeaderBytes + (8 * BitOperations.PopCount(bits));
        return head + keyLength + valueLength;
    }

    /// <summary>Writes header, extras and key; the caller writes the value.</summary>
    /// <returns>The address of the value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Write(byte* record, ValueKind kind, in KeyProbe key, int valueLength, in RecordExtras extras, bool parity)
    {
        ulong header = (ulong)kind | extras.Bits;
        if (parity)
        {
            header |= ParityBit;
        }

        if (extras.Edited)
        {
            header |= EditedBit;
        }

        bool isLong = key.Length > MaxPlainKey || valueLength > MaxPlainValue;
        if (isLong)
        {
            header |= LongBit;
        }
        else
        {
            header |= ((ulong)key.Length << 8) | ((ulong)valueLength << 16);
        }

        *(ulong*)record = header;
        byte* position = record + PlainHeaderBytes;
        if ((header & ExtrasMask) != 0)
        {
            position = WriteExtras(record, header, key.Length, valueLength, extras);
        }

        key.CopyTo(position);
        return position + key.Length;
    }

    /// <summary>Changes the value's length in place; the block must be large enough.</summary>
    public static void SetValueLength(byte* record, int valueLength)
    {
        ulong header = HeaderOf(record);
        if ((header & LongBit) != 0)
        {
            *(uint*)(record + AlignedHeaderBytes + (8 * BitOperations.PopCount((uint)(header & (ExtrasMask ^ LongBit)))) + 4) = (uint)valueLength;
            return;
        }

        WriteHeader(record, (header & ~((ulong)MaxPlainValue << 16)) | ((ulong)valueLength << 16));
    }

    /// <summary>Gives a record without extras another value, as one that was never edited; the block must be large enough.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetPlainValue(byte* record, ulong header, int keyLength, ReadOnlySpan<byte> value)
    {
        *(ulong*)record = (header & ~(((ulong)MaxPlainValue << 16) | EditedBit)) | ((ulong)(uint)value.Length << 16);
        value.CopyTo(new Span<byte>(record + PlainHeaderBytes + keyLength, value.Length));
    }

    /// <summary>Whether the value's length may become this without a change of layout.</summary>
    public static bool FitsLayout(ulong header, int valueLength) => (header & LongBit) != 0 || valueLength <= MaxPlainValue;

    /// <summary>Marks the value as edited in place.</summary>
    public static void MarkEdited(byte* record) => WriteHeader(record, HeaderOf(record) | EditedBit);

    /// <summary>Sets the snapshot parity.</summary>
    public static void SetParity(byte* record, bool parity) => *record = (byte)(parity ? *record | (byte)ParityBit : *record & ~(byte)ParityBit);

    /// <summary>What a record has besides key and value.</summary>
    public static RecordExtras ExtrasOf(byte* record)
    {
        ulong header = HeaderOf(record);
        return new RecordExtras
        {
            Deadline = DeadlineOf(record, header),
            Version = VersionOf(record, header),
            Marks = MarksOf(record, header),
            Edited = IsEdited(header),
            Mark = HasExpiry(header) ? MarkOf(record) : (byte)0,
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MeasureWithExtras(byte* record, ulong header, out byte* key, out int keyLength, out int valueLength)
    {
        key = record + AlignedHeaderBytes + (8 * BitOperations.PopCount((uint)(header & ExtrasMask)));
        if ((header & LongBit) == 0)
        {
            keyLength = (byte)(header >> 8);
            valueLength = (int)(header >> 16) & MaxPlainValue;
            return;
        }

        keyLength = (int)*(uint*)(key - 8);
        valueLength = (int)*(uint*)(key - 4);
    }

    private static byte* WriteExtras(byte* record, ulong header, int keyLength, int valueLength, in RecordExtras extras)
    {
        SetMark(record, extras.Mark);
        byte* position = record + AlignedHeaderBytes;
        if ((header & ExpiryBit) != 0)
        {
            *(long*)position = extras.Deadline;
            position += 8;
        }

        if ((header & VersionBit) != 0)
        {
            *(ulong*)position = extras.Version;
            position += 8;
        }

        if ((header & MarksBit) != 0)
        {
            *(ulong*)position = extras.Marks.Word;
            position += 8;
        }

        if ((header & LongBit) != 0)
        {
            *(uint*)position = (uint)keyLength;
            *(uint*)(position + 4) = (uint)valueLength;
            position += 8;
        }

        return position;
    }

    // Only the low five bytes are the header's; what follows may be the key.
    private static void WriteHeader(byte* record, ulong header) =>
        *(ulong*)record = (header & HeaderMask) | (*(ulong*)record & ~HeaderMask);
}

/// <summary>What a record may have besides key and value; the default is nothing.</summary>
internal readonly record struct RecordExtras
{
    private readonly long _deadlineOr0;

    /// <summary>The deadline in Unix ms, or <see cref="Record.NoExpiry"/>.</summary>
    public long Deadline
    {
        get => _deadlineOr0 == 0 ? Record.NoExpiry : _deadlineOr0;
        init => _deadlineOr0 = value == Record.NoExpiry ? 0 : value;
    }

    /// <summary>The version, 0 for none.</summary>
    public ulong Version { get; init; }

    /// <summary>Memcached's flags and the priority.</summary>
    public EntryMarks Marks { get; init; }

    /// <summary>Whether the value was edited in place.</summary>
    public bool Edited { get; init; }

    /// <summary>The mark of the node in the expiry wheel.</summary>
    public byte Mark { get; init; }

    /// <summary>The header bits of the extras, those of long lengths not included.</summary>
    internal uint Bits => (_deadlineOr0 != 0 ? 1u << 4 : 0) | (Version != 0 ? 1u << 5 : 0) | (Marks.IsDefault ? 0 : 1u << 6);
}
