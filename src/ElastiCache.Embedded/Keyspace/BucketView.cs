namespace ElastiCache.Embedded.Keyspace;

/// <summary>A bucket as an evictor sees it: which slots are taken, and their access bits.</summary>
internal readonly unsafe struct BucketView
{
    private readonly RecordTable _table;
    private readonly Bucket* _bucket;

    public BucketView(RecordTable table, Bucket* bucket)
    {
        _table = table;
        _bucket = bucket;
    }

    /// <summary>Whether a slot (0 to 6) holds an entry, and not <paramref name="spared"/>.</summary>
    public bool Holds(int slot, in Entry spared)
    {
        ulong* address = Bucket.SlotAt(_bucket, slot);
        return *address != 0 && (!spared.Exists || spared.Position.Slot != address);
    }

    public uint AccessOf(int slot) => Bucket.AccessOf(_bucket, slot);

    public void SetAccess(int slot, uint bits) => Bucket.SetAccess(_bucket, slot, bits);

    /// <summary>The entry's position, home included.</summary>
    public SlotPosition PositionOf(int slot)
    {
        uint hash = (uint)(*Bucket.SlotAt(_bucket, slot) >> 32);
        return new SlotPosition(_table.HomeOf(hash), _bucket, slot);
    }
}
