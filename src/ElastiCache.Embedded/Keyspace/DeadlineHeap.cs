using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Tells which members of a table may have to go first: a binary heap of their deadlines, in native memory.</summary>
/// <remarks>
/// <code>
///   item, 16 bytes:   0  i64  deadline, Unix ms
///                     8  u32  slot hash of the member's name
/// </code>
/// As in <see cref="ExpiryWheel{TMemory}"/> there is no way back from a member to its item: a member that went or was given another deadline
/// leaves its item behind, and when that comes to the front no member with this hash is due. The owner calls <see cref="Retain"/> when half of them are such.
/// A heap rather than a wheel, because a collection has no use for the wheel's 272 slots as long as it is small.
/// </remarks>
internal sealed unsafe class DeadlineHeap(BlockAllocator allocator)
{
    private const int FirstCapacity = 4;

    private Item* _items;
    private int _capacity;

    private struct Item
    {
        public long Deadline;
        public uint Hash;
    }

    public int Count { get; private set; }

    public long NativeBytes => _items == null ? 0 : allocator.CapacityOf((byte*)_items);

    /// <summary>The first deadline; <see cref="Record.NoExpiry"/> if there is none.</summary>
    public long First => Count == 0 ? Record.NoExpiry : _items[0].Deadline;

    /// <summary>The hash of the member whose deadline is the first.</summary>
    public uint FirstHash => _items[0].Hash;

    public void Add(long deadline, uint hash)
    {
        if (Count == _capacity)
        {
            Grow();
        }

        int place = Count++;
        while (place > 0 && _items[(place - 1) / 2].Deadline > deadline)
        {
            _items[place] = _items[(place - 1) / 2];
            place = (place - 1) / 2;
        }

        _items[place] = new Item { Deadline = deadline, Hash = hash };
    }

    /// <summary>Takes the first item away.</summary>
    public void RemoveFirst()
    {
        Item last = _items[--Count];
        int place = 0;
        for (int child = 1; child < Count; child = (2 * place) + 1)
        {
            if (child + 1 < Count && _items[child + 1].Deadline < _items[child].Deadline)
            {
                child++;
            }

            if (_items[child].Deadline >= last.Deadline)
            {
                break;
            }

            _items[place] = _items[child];
            place = child;
        }

        _items[place] = last;
        if (Count == 0)
        {
            Clear();
        }
    }

    /// <summary>Drops the items that nothing belongs to any more, and all but one of those that are alike. O(n log n).</summary>
    /// <param name="owner">Tells which items are of use.</param>
    public void Retain<TOwner>(ref TOwner owner)
        where TOwner : struct, IDeadlineOwner
    {
        var items = new Span<Item>(_items, Count);
        int kept = 0;
        foreach (Item item in items)
        {
            if (owner.Has(item.Deadline, item.Hash))
            {
                items[kept++] = item;
            }
        }

        // In ascending order they are a heap.
        items = items[..kept];
        items.Sort(static (a, b) => a.Deadline != b.Deadline ? a.Deadline.CompareTo(b.Deadline) : a.Hash.CompareTo(b.Hash));
        Count = 0;
        foreach (Item item in items)
        {
            if (Count == 0 || item.Deadline != items[Count - 1].Deadline || item.Hash != items[Count - 1].Hash)
            {
                items[Count++] = item;
            }
        }

        if (Count == 0)
        {
            Clear();
        }
    }

    /// <summary>Drops everything and gives the memory back.</summary>
    public void Clear()
    {
        Count = 0;
        _capacity = 0;
        if (_items != null)
        {
            allocator.Free((byte*)_items);
            _items = null;
        }
    }

    private void Grow()
    {
        int capacity = _capacity == 0 ? FirstCapacity : checked(_capacity * 2);
        byte* larger = allocator.AllocateFixed((long)capacity * sizeof(Item));
        if (_items != null)
        {
            Buffer.MemoryCopy(_items, larger, (long)capacity * sizeof(Item), (long)Count * sizeof(Item));
            allocator.Free((byte*)_items);
        }

        _items = (Item*)larger;
        _capacity = capacity;
    }
}

/// <summary>Knows which members have which deadlines.</summary>
internal interface IDeadlineOwner
{
    /// <summary>Whether a member with this slot hash has this deadline.</summary>
    bool Has(long deadline, uint hash);
}
