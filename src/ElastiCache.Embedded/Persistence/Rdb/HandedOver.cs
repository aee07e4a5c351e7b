using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Persistence.Rdb;

/// <summary>Entries of one shard, copied as they are while it is locked, to be encoded when it is not.</summary>
/// <remarks>
/// <code>
///   head: database, kind, marks, deadline, use, lengths   |   key   |   the record's value   |   next head …
/// </code>
/// Copying an entry takes a fifth of the time of encoding it, compression above all: so locks are held for a fifth of the time, and writers who hand something over pay as little.
/// </remarks>
internal sealed class HandedOver
{
    private const int FirstBytes = 4096;
    private const int MostKept = 256 * 1024;

    private static readonly int HeadBytes = Unsafe.SizeOf<Head>();

    private byte[] _bytes = [];

    /// <summary>Bytes of all entries.</summary>
    public int Length { get; private set; }

    public int Count { get; private set; }

    /// <summary>Copies an entry.</summary>
    public void Add(int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, KnownUse use)
    {
        long needed = Length + (long)HeadBytes + key.Length + value.Length;
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(Math.Max(FirstBytes, 2L * _bytes.Length), needed)));
        }

        var head = new Head { Deadline = extras.Deadline, Database = database, Marks = extras.Marks, Use = use, KeyLength = key.Length, ValueLength = value.Length, Kind = kind };
        MemoryMarshal.Write(_bytes.AsSpan(Length), head);
        key.CopyTo(_bytes.AsSpan(Length + HeadBytes));
        value.CopyTo(_bytes.AsSpan(Length + HeadBytes + key.Length));
        Length = (int)needed;
        Count++;
    }

    /// <summary>Reads the entry at a position, and moves that on; false at the end.</summary>
    public bool TryRead(ref int position, out Head head, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        head = default;
        key = value = default;
        if (position == Length)
        {
            return false;
        }

        head = MemoryMarshal.Read<Head>(_bytes.AsSpan(position));
        key = _bytes.AsSpan(position + HeadBytes, head.KeyLength);
        value = _bytes.AsSpan(position + HeadBytes + head.KeyLength, head.ValueLength);
        position += HeadBytes + head.KeyLength + head.ValueLength;
        return true;
    }

    /// <summary>Forgets the entries, and with <paramref name="frees"/>, or if it has become much, their memory.</summary>
    public void Clear(bool frees)
    {
        _bytes = frees || _bytes.Length > MostKept ? [] : _bytes;
        (Length, Count) = (0, 0);
    }

    /// <summary>What an entry has besides key and value.</summary>
    internal readonly struct Head
    {
        public long Deadline { get; init; }

        public int Database { get; init; }

        public EntryMarks Marks { get; init; }

        public KnownUse Use { get; init; }

        public int KeyLength { get; init; }

        public int ValueLength { get; init; }

        public ValueKind Kind { get; init; }
    }
}
