using System.Buffers;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Keys that were copied from a table while its shard was locked, to be looked at after it is unlocked.</summary>
/// <remarks>
/// KEYS and SCAN match patterns and call back, neither of which may happen under a lock. So they copy a slice of the table, unlock, and
/// work on the copy. One lock is held for at most <see cref="BucketsASlice"/> buckets, some 500 keys.
/// </remarks>
internal sealed class KeyBatch : IDisposable
{
    private const int BucketsASlice = 64;
    private const int InitialKeys = 128;
    private const int InitialBytes = 4096;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private Found[] _items = ArrayPool<Found>.Shared.Rent(InitialKeys);
    private int _length;

    /// <summary>The number of keys.</summary>
    public int Count { get; private set; }

    /// <summary>A key.</summary>
    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(_items[index].Start, _items[index].Length);

    /// <summary>What a key held.</summary>
    public ValueKind KindAt(int index) => _items[index].Kind;

    /// <summary>Replaces the contents by the keys of a slice of a table. The shard is locked.</summary>
    /// <param name="table">The table; null is an empty one.</param>
    /// <param name="position">Where in <see cref="RecordTable.Scan"/>'s order to begin.</param>
    /// <param name="enough">Stop when there are so many.</param>
    /// <param name="now">Entries whose deadline is not after it are left out.</param>
    /// <param name="buckets">Buckets that were walked.</param>
    /// <returns>The position to go on at; 0 at the table's end.</returns>
    public uint Fill(RecordTable? table, uint position, long enough, long now, out int buckets)
    {
        buckets = 0;
        Count = 0;
        _length = 0;
        if (table == null)
        {
            return 0;
        }

        var visitor = new Copying(this, now);
        do
        {
            position = table.Scan(position, ref visitor);
            buckets++;
        }
        while (position != 0 && Count < enough && buckets < BucketsASlice);
        return position;
    }

    /// <summary>Gives the arrays back.</summary>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<Found>.Shared.Return(_items);
        _bytes = [];
        _items = [];
        Count = 0;
    }

    private void Add(ReadOnlySpan<byte> key, ValueKind kind)
    {
        MakeRoom(ref _items, Count, 1);
        MakeRoom(ref _bytes, _length, key.Length);
        key.CopyTo(_bytes.AsSpan(_length));
        _items[Count++] = new Found(_length, key.Length, kind);
        _length += key.Length;
    }

    private static void MakeRoom<T>(ref T[] array, int used, int wanted)
    {
        if (array.Length - used >= wanted)
        {
            return;
        }

        T[] larger = ArrayPool<T>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(2L * array.Length, (long)used + wanted)));
        Array.Copy(array, larger, used);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }

    private readonly record struct Found(int Start, int Length, ValueKind Kind);

    private readonly unsafe struct Copying(KeyBatch batch, long now) : IRecordVisitor
    {
        public void Visit(byte* record)
        {
            ulong header = Record.HeaderOf(record);
            if (Record.DeadlineOf(record, header) > now)
            {
                Record.Measure(record, header, out byte* key, out int length, out _);
                batch.Add(new ReadOnlySpan<byte>(key, length), Record.KindOf(header));
            }
        }
    }
}
