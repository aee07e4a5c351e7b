using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Entries between their being read and their being stored, some thousands at a time, in the order of their shards.</summary>
internal sealed class ImportBatch(Store store)
{
    private const int MostEntries = 4096;
    private const int MostBytes = 1 << 20;
    private const int FirstEntries = 16;
    private const int FirstBytes = 1024;

    private readonly int[] _ends = new int[store.ShardCount];
    private ImportItem[] _items = new ImportItem[FirstEntries];
    private int[] _order = [];
    private byte[] _bytes = new byte[FirstBytes];
    private int _length;
    private long _held;     // bytes of values that lie elsewhere

    public int Count { get; private set; }

    /// <summary>Whether there is room for an entry.</summary>
    public bool HasRoomFor(in RdbEntry entry) => Count < MostEntries && _held + _length + entry.Key.Length + entry.Bytes.Length <= MostBytes;

    /// <summary>Whether an entry is too large to be copied here.</summary>
    public static bool IsTooLarge(in RdbEntry entry) => entry.Key.Length + (long)entry.Bytes.Length > MostBytes / 8;

    /// <summary>Adds an entry for which there is room. A value that is not in bytes belongs to the batch from then on.</summary>
    public void Add(in RdbEntry entry)
    {
        KeyProbe.Create(entry.Key, out KeyProbe key);
        MakeRoom(entry.Key.Length + entry.Bytes.Length);
        entry.Key.CopyTo(_bytes.AsSpan(_length));
        entry.Bytes.CopyTo(_bytes.AsSpan(_length + entry.Key.Length));
        _items[Count++] = new ImportItem
        {
            Hash = key.Hash,
            Start = _length,
            KeyLength = entry.Key.Length,
            Length = entry.Bytes.Length,
            Database = (int)entry.Database,
            Deadline = entry.Deadline,
            Marks = entry.Marks,
            Use = entry.Use,
            Kind = entry.Kind,
            Value = entry.Value,
        };
        _length += entry.Key.Length + entry.Bytes.Length;
        _held += entry.Value == null ? 0 : RestoredValue.BytesFor(entry.Value);
    }

    // Most imports are small, and need little memory then.
    private void MakeRoom(int bytes)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, 2 * Count);
        }

        if (_bytes.Length - _length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + bytes));
        }
    }

    /// <summary>Brings the entries into the order of their shards; of one shard they stay in theirs, so that of two with one key the later wins.</summary>
    public void Sort()
    {
        if (_order.Length < Count)
        {
            _order = new int[_items.Length];
        }

        // Counting sort: how many of each shard, where each shard ends, then from the last entry to the first.
        Array.Clear(_ends);
        for (int i = 0; i < Count; i++)
        {
            _ends[store.ShardIndexOf(_items[i].Hash)]++;
        }

        for (int shard = 1; shard < _ends.Length; shard++)
        {
            _ends[shard] += _ends[shard - 1];
        }

        for (int i = Count - 1; i >= 0; i--)
        {
            _order[--_ends[store.ShardIndexOf(_items[i].Hash)]] = i;
        }
    }

    /// <summary>The entry at a place of that order.</summary>
    public ref readonly ImportItem this[int place] => ref _items[_order[place]];

    /// <summary>Asks the processor for an entry: another core has written it.</summary>
    public void Prefetch(int place)
    {
        if (place < Count)
        {
            ref readonly ImportItem item = ref this[place];
            CacheLines.Prefetch(_bytes.AsSpan(item.Start, item.KeyLength + item.Length));
        }
    }

    public ReadOnlySpan<byte> KeyOf(in ImportItem item) => _bytes.AsSpan(item.Start, item.KeyLength);

    public ReadOnlySpan<byte> BytesOf(in ImportItem item) => _bytes.AsSpan(item.Start + item.KeyLength, item.Length);

    /// <summary>Forgets the entries.</summary>
    public void Clear()
    {
        for (int i = 0; i < Count; i++)
        {
            _items[i].Value?.Dispose();
        }

        _items.AsSpan(0, Count).Clear();
        (Count, _length, _held) = (0, 0, 0);
    }
}

/// <summary>An entry of a batch, as <see cref="RdbEntry"/>; key and bytes lie in the batch.</summary>
internal readonly struct ImportItem
{
    public ulong Hash { get; init; }

    public int Start { get; init; }

    public int KeyLength { get; init; }

    public int Length { get; init; }

    public int Database { get; init; }

    public long Deadline { get; init; }

    public EntryMarks Marks { get; init; }

    public KnownUse Use { get; init; }

    public ValueKind Kind { get; init; }

    public RdbValue? Value { get; init; }
}
