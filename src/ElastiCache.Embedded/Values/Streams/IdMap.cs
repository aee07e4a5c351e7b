using System.Diagnostics;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>A place in an <see cref="IdMap{T}"/>; valid until the map changes.</summary>
internal readonly record struct IdPosition(int Chunk, int Index);

/// <summary>No value: the map is a set of IDs.</summary>
internal readonly struct NoValue;

/// <summary>An ordered map from stream IDs to small values, in native memory: a stream's nodes, a group's pending entries.</summary>
/// <remarks>
/// <code>
///   directory   ┌───────┬────────────┬────────────┬───────┐        first ID, address, count and capacity of each chunk
///               │ spare │ 5-0, 128   │ 9-3, 70    │ spare │
///               └───────┴──────┬─────┴──────┬─────┴───────┘
///   chunks              5-0 v 5-1 v …   9-3 v 9-4 v …              up to 128 items, sorted
/// </code>
/// Two binary searches find an ID; adding at the end and removing from the beginning, which is what streams do nearly always, move nothing. The
/// directory has room at both ends for the same reason. Elsewhere at most a chunk and the directory move. Emptied chunks join the next one.
/// <para>The owner gives the memory back with <see cref="FreeSlice"/>; guarded by the lock of the shard whose blocks it uses.</para>
/// </remarks>
internal sealed unsafe class IdMap<T>
    where T : unmanaged
{
    private const int MostItems = 128;
    private const int FirstItems = 4;

    // A chunk with fewer items takes in its successor if both then fill it no further than this.
    private const int FewItems = MostItems / 4;
    private const int JoinedItems = MostItems * 3 / 4;

    private static readonly int ItemBytes = sizeof(StreamId) + (typeof(T) == typeof(NoValue) ? 0 : (sizeof(T) + 7) / 8 * 8);

    private readonly BlockAllocator _blocks;
    private Chunk* _directory;
    private int _room;      // chunks that the directory has room for
    private int _first;     // the first in use
    private int _chunks;    // in use

    public IdMap(BlockAllocator blocks)
    {
        _blocks = blocks;
    }

    private struct Chunk
    {
        public StreamId First;
        public byte* Items;
        public int Count;
        public int Room;
    }

    /// <summary>The number of IDs.</summary>
    public long Count { get; private set; }

    /// <summary>Native bytes that it holds.</summary>
    public long NativeBytes { get; private set; }

    /// <summary>The smallest ID's position; not <see cref="IsValid"/> in an empty map.</summary>
    public IdPosition First => new(0, _chunks == 0 ? -1 : 0);

    /// <summary>The greatest ID's position; not <see cref="IsValid"/> in an empty map.</summary>
    public IdPosition Last => _chunks == 0 ? default : new IdPosition(_chunks - 1, At(_chunks - 1)->Count - 1);

    /// <summary>Whether there is an item at a position.</summary>
    public bool IsValid(IdPosition position) => (uint)position.Chunk < (uint)_chunks && position.Index >= 0;

    /// <summary>The ID at a position.</summary>
    public StreamId IdAt(IdPosition position) => *Item(At(position.Chunk), position.Index);

    /// <summary>The value at a position, to be read or changed there until the map changes.</summary>
    public ref T ValueAt(IdPosition position) => ref *(T*)(Item(At(position.Chunk), position.Index) + 1);

    /// <summary>The next greater ID's position.</summary>
    public IdPosition Next(IdPosition position) => Settled(position with { Index = position.Index + 1 });

    /// <summary>The next smaller ID's position; not <see cref="IsValid"/> before the first.</summary>
    public IdPosition Previous(IdPosition position) =>
        position.Index > 0 ? position with { Index = position.Index - 1 }
        : position.Chunk > 0 ? new IdPosition(position.Chunk - 1, At(position.Chunk - 1)->Count - 1)
        : new IdPosition(0, -1);

    /// <summary>Finds an ID.</summary>
    public bool TryFind(StreamId id, out IdPosition position)
    {
        position = Seek(id);
        return IsValid(position) && IdAt(position) == id;
    }

    /// <summary>The first ID that is equal or greater; not <see cref="IsValid"/> if there is none.</summary>
    public IdPosition Seek(StreamId id)
    {
        if (_chunks == 0)
        {
            return default;
        }

        int chunk = ChunkFor(id);
        return Settled(new IdPosition(chunk, IndexIn(At(chunk), id)));
    }

    /// <summary>The last ID that is equal or smaller; not <see cref="IsValid"/> if there is none.</summary>
    public IdPosition SeekBack(StreamId id)
    {
        IdPosition position = Seek(id);
        return IsValid(position) && IdAt(position) == id ? position
            : IsValid(position) ? Previous(position)
            : _chunks == 0 ? new IdPosition(0, -1) : Last;
    }

    /// <summary>Adds an ID that is not there yet.</summary>
    /// <returns>Its value, undefined, for the caller to set before the map changes again.</returns>
    public ref T Add(StreamId id)
    {
        int number = _chunks == 0 ? AddChunk(0, FirstItems) : ChunkFor(id);
        Chunk* chunk = At(number);
        int index = IndexIn(chunk, id);
        Debug.Assert(index == chunk->Count || *Item(chunk, index) != id, "The ID is there.");
        if (chunk->Count == MostItems)
        {
            (number, index) = MakeRoom(number, index);
            chunk = At(number);
        }

        if (chunk->Count == chunk->Room)
        {
            Resize(chunk, Math.Min(MostItems, 2 * chunk->Room));
        }

        StreamId* item = Item(chunk, index);
        long moved = (chunk->Count - index) * (long)ItemBytes;
        Buffer.MemoryCopy(item, (byte*)item + ItemBytes, moved, moved);
        *item = id;
        chunk->Count++;
        chunk->First = *Item(chunk, 0);
        Count++;
        return ref *(T*)(item + 1);
    }

    /// <summary>Removes an ID.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(StreamId id)
    {
        if (!TryFind(id, out IdPosition position))
        {
            return false;
        }

        RemoveAt(position);
        return true;
    }

    /// <summary>Removes the ID at a position.</summary>
    /// <returns>The position of the next greater one.</returns>
    public IdPosition RemoveAt(IdPosition position)
    {
        Chunk* chunk = At(position.Chunk);
        StreamId* item = Item(chunk, position.Index);
        long moved = (--chunk->Count - position.Index) * (long)ItemBytes;
        Buffer.MemoryCopy((byte*)item + ItemBytes, item, moved, moved);
        Count--;
        if (chunk->Count == 0)
        {
            RemoveChunk(position.Chunk);
        }
        else
        {
            chunk->First = *Item(chunk, 0);
            if (chunk->Count <= FewItems && position.Chunk + 1 < _chunks && chunk->Count + (chunk + 1)->Count <= JoinedItems)
            {
                TakeInNext(position.Chunk);
            }
        }

        return Settled(position);
    }

    /// <summary>Gives memory back, from the end.</summary>
    /// <param name="items">How many items' at most, about.</param>
    /// <returns>Whether there is more.</returns>
    public bool FreeSlice(int items)
    {
        for (; items > 0 && _chunks > 0; items -= MostItems)
        {
            Count -= At(_chunks - 1)->Count;
            RemoveChunk(_chunks - 1);
        }

        if (_chunks == 0 && _directory != null)
        {
            Free(_directory);
            _directory = null;
            _room = 0;
        }

        return _chunks > 0;
    }

    /// <summary>A copy in the memory of an allocator. Addresses among the values are the caller's to replace.</summary>
    public IdMap<T> CopyTo(BlockAllocator blocks)
    {
        var copy = new IdMap<T>(blocks);
        for (int i = 0; i < _chunks; i++)
        {
            Chunk* from = At(i);
            Chunk* to = copy.At(copy.AddChunk(i, from->Count));
            long bytes = from->Count * (long)ItemBytes;
            Buffer.MemoryCopy(from->Items, to->Items, bytes, bytes);
            to->First = from->First;
            to->Count = from->Count;
        }

        copy.Count = Count;
        return copy;
    }

    private static StreamId* Item(Chunk* chunk, int index) => (StreamId*)(chunk->Items + (index * (long)ItemBytes));

    private Chunk* At(int number) => _directory + _first + number;

    // Behind the last item of a chunk is the first of the next.
    private IdPosition Settled(IdPosition position) =>
        position.Chunk < _chunks && position.Index >= At(position.Chunk)->Count ? new IdPosition(position.Chunk + 1, 0) : position;

    /// <summary>The chunk that holds an ID, or would: the last that begins with it or below; else the first.</summary>
    private int ChunkFor(StreamId id)
    {
        int low = 0, high = _chunks - 1;
        if (At(high)->First <= id)
        {
            return high;
        }

        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            (low, high) = At(middle)->First <= id ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    /// <summary>Where an ID is in a chunk, or would be.</summary>
    private static int IndexIn(Chunk* chunk, StreamId id)
    {
        int low = 0, high = chunk->Count;
        if (high > 0 && *Item(chunk, high - 1) < id)
        {
            return high;
        }

        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = *Item(chunk, middle) < id ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Makes room for an item in a full chunk.</summary>
    /// <returns>Where the item belongs now.</returns>
    private (int Chunk, int Index) MakeRoom(int number, int index)
    {
        if (number == _chunks - 1 && index == MostItems)
        {
            // At the very end a new chunk begins, so that those before stay full.
            return (AddChunk(number + 1, MostItems / 4), 0);
        }

        const int kept = MostItems / 2;
        AddChunk(number + 1, kept + 1);
        Chunk* chunk = At(number), next = chunk + 1;
        long bytes = (MostItems - kept) * (long)ItemBytes;
        Buffer.MemoryCopy(Item(chunk, kept), next->Items, bytes, bytes);
        next->Count = MostItems - kept;
        next->First = *Item(next, 0);
        chunk->Count = kept;
        return index <= kept ? (number, index) : (number + 1, index - kept);
    }

    private void TakeInNext(int number)
    {
        Chunk* chunk = At(number), next = chunk + 1;
        int together = chunk->Count + next->Count;
        if (chunk->Room < together)
        {
            Resize(chunk, together);
        }

        long bytes = next->Count * (long)ItemBytes;
        Buffer.MemoryCopy(next->Items, Item(chunk, chunk->Count), bytes, bytes);
        chunk->Count = together;
        RemoveChunk(number + 1);
    }

    private int AddChunk(int number, int room)
    {
        if (_first + _chunks == _room)
        {
            GrowDirectory();
        }

        Chunk* chunk = At(number);
        long moved = (_chunks - number) * (long)sizeof(Chunk);
        Buffer.MemoryCopy(chunk, chunk + 1, moved, moved);
        byte* items = Allocate(room * (long)ItemBytes, out long bytes);
        *chunk = new Chunk { Items = items, Room = (int)Math.Min(MostItems, bytes / ItemBytes) };
        _chunks++;
        return number;
    }

    private void RemoveChunk(int number)
    {
        Free(At(number)->Items);
        if (number == 0)
        {
            _first++;
        }
        else
        {
            long moved = (_chunks - number - 1) * (long)sizeof(Chunk);
            Buffer.MemoryCopy(At(number + 1), At(number), moved, moved);
        }

        _chunks--;
        if (_chunks == 0)
        {
            _first = 0;
        }
    }

    private void GrowDirectory()
    {
        long used = _chunks * (long)sizeof(Chunk);
        if (_first > _room / 2)
        {
            Buffer.MemoryCopy(At(0), _directory, used, used);
        }
        else
        {
            Chunk* larger = (Chunk*)Allocate(Math.Max(1, 2 * _chunks) * (long)sizeof(Chunk), out long bytes);
            if (_directory != null)
            {
                Buffer.MemoryCopy(At(0), larger, used, used);
                Free(_directory);
            }

            _directory = larger;
            _room = (int)(bytes / sizeof(Chunk));
        }

        _first = 0;
    }

    private void Resize(Chunk* chunk, int room)
    {
        byte* larger = Allocate(room * (long)ItemBytes, out long bytes);
        long used = chunk->Count * (long)ItemBytes;
        Buffer.MemoryCopy(chunk->Items, larger, used, used);
        Free(chunk->Items);
        chunk->Items = larger;
        chunk->Room = (int)Math.Min(MostItems, bytes / ItemBytes);
    }

    private byte* Allocate(long bytes, out long capacity)
    {
        byte* block = _blocks.AllocateFixed(bytes);
        capacity = _blocks.CapacityOf(block);
        NativeBytes += capacity;
        return block;
    }

    private void Free(void* block)
    {
        NativeBytes -= _blocks.CapacityOf((byte*)block);
        _blocks.Free((byte*)block);
    }
}
