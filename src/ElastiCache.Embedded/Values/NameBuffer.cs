using System.Buffers;

namespace ElastiCache.Embedded.Values;

/// <summary>Names, with or without values, that were copied while a shard was locked, to be used after it is unlocked.</summary>
/// <remarks>The arrays are pooled. Not thread-safe.</remarks>
internal sealed class NameBuffer : IDisposable
{
    private const int InitialItems = 32;
    private const int InitialBytes = 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private Item[] _items = ArrayPool<Item>.Shared.Rent(InitialItems);
    private int _length;

    private readonly record struct Item(int Start, int NameLength, int ValueLength);

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all names and values.</summary>
    public long Bytes => _length;

    /// <summary>A name.</summary>
    public ReadOnlyMemory<byte> Name(int index) => _bytes.AsMemory(_items[index].Start, _items[index].NameLength);

    /// <summary>The value that came with a name.</summary>
    public ReadOnlyMemory<byte> Value(int index) => _bytes.AsMemory(_items[index].Start + _items[index].NameLength, _items[index].ValueLength);

    /// <summary>Adds a copy.</summary>
    /// <exception cref="InsufficientMemoryException">All together would be more than an array can hold.</exception>
    public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value = default)
    {
        MakeRoom(ref _items, Count, 1);
        MakeRoom(ref _bytes, _length, (long)name.Length + value.Length);
        name.CopyTo(_bytes.AsSpan(_length));
        value.CopyTo(_bytes.AsSpan(_length + name.Length));
        _items[Count++] = new Item(_length, name.Length, value.Length);
        _length += name.Length + value.Length;
    }

    /// <summary>Gives the item that was added last, without a value, a copy of one.</summary>
    /// <exception cref="InsufficientMemoryException">All together would be more than an array can hold.</exception>
    public void AddToLast(scoped ReadOnlySpan<byte> value)
    {
        MakeRoom(ref _bytes, _length, value.Length);
        value.CopyTo(_bytes.AsSpan(_length));
        _items[Count - 1] = _items[Count - 1] with { ValueLength = value.Length };
        _length += value.Length;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Count = 0;
        _length = 0;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        ArrayPool<Item>.Shared.Return(_items);
        _bytes = [];
        _items = [];
        Clear();
    }

    private static void MakeRoom<T>(ref T[] array, int used, long wanted)
    {
        if (array.Length - used >= wanted)
        {
            return;
        }

        if (used + wanted > Array.MaxLength)
        {
            throw new InsufficientMemoryException($"The result has more than {Array.MaxLength} bytes. Ask for less at once.");
        }

        T[] larger = ArrayPool<T>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(2L * array.Length, used + wanted)));
        Array.Copy(array, larger, used);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }
}
