using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The members of one large collection by name: the keyspace's own table and records once more, in small.</summary>
/// <remarks>
/// <code>
///   RecordTable ──► slot ──► record: header, name, value        a deadline only if the member has one (a hash's fields may)
/// </code>
/// Two things differ from the keyspace. Nobody reads without the shard's lock, so what the table does for such readers is idle here. And
/// records are fixed blocks: they stay where they are, because a sorted set's tree refers to them (<see cref="Member.Reference"/>).
/// <para>
/// So a member costs its bytes, five of header and about eleven of table, growing has no pause, and no managed object belongs to it. Nothing here
/// looks at the clock: whether a member whose deadline has passed is still there is for the collection to say.
/// </para>
/// </remarks>
internal sealed unsafe class MemberTable
{
    private const int MergesARemoval = 2;

    // A block that is at most this many times too large is kept when a value becomes shorter.
    private const int WasteFactor = 2;

    private readonly Arena _arena;
    private readonly BlockAllocator _allocator;
    private readonly RecordTable _table;
    private TableWord* _word;
    private DetachedTable? _detached;
    private MemberSnapshot? _snapshot;
    private bool _parity;
    private long _recordBytes;

    public MemberTable(Arena arena, BlockAllocator allocator)
    {
        _arena = arena;
        _allocator = allocator;
        _word = (TableWord*)allocator.AllocateFixed(TableWord.Bytes);
        *_word = default;
        _table = new RecordTable(arena, allocator, _word);
    }

    /// <summary>The number of members.</summary>
    public int Count => _table.Count;

    /// <summary>How many of them have a deadline.</summary>
    public int Expiring { get; private set; }

    /// <summary>Native bytes of records and table.</summary>
    public long NativeBytes => _recordBytes + _table.Bytes + TableWord.Bytes;

    /// <summary>The buckets of a walk by <see cref="GetEnumerator"/>; what a slice of it is counted in.</summary>
    public uint Buckets => BucketDirectory.BucketsToWalk(_table.Buckets);

    /// <summary>About how much memory adding a member takes, its part of the table included.</summary>
    public static long BytesFor(int nameLength, int valueLength, long deadline = Record.NoExpiry) =>
        SizeClasses.RoundedBytes(Record.BytesFor(nameLength, valueLength, new RecordExtras { Deadline = deadline })) + (Bucket.Bytes / 4);

    /// <summary>Finds a member.</summary>
    public bool TryFind(in KeyProbe name, out Member found)
    {
        if (_table.TryFind(name, out SlotPosition position))
        {
            found = At(position);
            return true;
        }

        found = default;
        return false;
    }

    /// <summary>Finds a member whose name has this slot hash and whose deadline is not after <paramref name="now"/>.</summary>
    public bool TryFindDue(uint hash, long now, out Member due)
    {
        var filter = new IsDue(now);
        bool found = _table.TryFind(hash, ref filter, out SlotPosition position);
        due = found ? At(position) : default;
        return found;
    }

    /// <summary>Whether a member whose name has this slot hash has this very deadline.</summary>
    public bool HasDeadline(uint hash, long deadline)
    {
        var filter = new IsDueAt(deadline);
        return _table.TryFind(hash, ref filter, out _);
    }

    /// <summary>The member that a reference kept elsewhere stands for.</summary>
    public Member At(uint reference) => new(_arena.At(reference), reference, default);

    /// <summary>Begins a snapshot of the members, which a second one must not overlap; ended by its <see cref="CollectionSnapshot.Free"/>.</summary>
    public MemberSnapshot BeginSnapshot()
    {
        _snapshot = new MemberSnapshot(this);
        _parity = !_parity;
        return _snapshot;
    }

    /// <summary>To be called before a member's value is changed in place: the running snapshot gets the old one.</summary>
    public void BeginChange(in Member member)
    {
        if (_snapshot != null && MarkSeen(member))
        {
            _snapshot.Copy(member);
        }
    }

    /// <summary>Adds a member that isn't there yet; its value is for the caller to write. Places of other members are void.</summary>
    public Member Add(in KeyProbe name, int valueLength, long deadline = Record.NoExpiry)
    {
        byte* record = NewRecord(name, valueLength, deadline);
        uint reference = _arena.ReferenceOf(record);
        _table.Add(name.SlotHash, reference, tag: 0);
        Expiring += deadline != Record.NoExpiry ? 1 : 0;
        return new Member(record, reference, default);
    }

    /// <summary>Gives a member's value another length, and the member a deadline or none. What fits of the old value is kept.</summary>
    /// <returns>The member; a new reference unless its block suits the new length and having a deadline hasn't changed.</returns>
    public Member Resize(in Member found, int valueLength, long deadline)
    {
        BeginChange(found);
        byte* record = found.Address;
        ulong header = Record.HeaderOf(record);
        bool expires = deadline != Record.NoExpiry;
        Record.Measure(record, header, out byte* name, out int nameLength, out _);
        long bytes = name - record + nameLength + valueLength;
        long capacity = _allocator.CapacityOf(record);
        if (Record.HasExpiry(header) == expires && Record.FitsLayout(header, valueLength) && bytes <= capacity && SuitsBlock(bytes, capacity))
        {
            Record.SetValueLength(record, valueLength);
            if (expires)
            {
                Record.SetDeadline(record, deadline);
            }

            return found;
        }

        KeyProbe.Create(found.Name, out KeyProbe probe);
        SlotPosition position = PositionOf(found, probe.SlotHash);
        byte* moved = NewRecord(probe, valueLength, deadline);
        Expiring += (expires ? 1 : 0) - (found.HasDeadline ? 1 : 0);
        var result = new Member(moved, _arena.ReferenceOf(moved), position);
        Span<byte> old = found.Value;
        old[..Math.Min(old.Length, valueLength)].CopyTo(result.Value);
        _table.Replace(position, result.Reference);
        Free(record);
        return result;
    }

    /// <summary>Removes a member. Places of other members are void: the table may have become smaller.</summary>
    public void Remove(in Member found)
    {
        BeginChange(found);
        byte* record = found.Address;
        Record.Measure(record, Record.HeaderOf(record), out byte* name, out int nameLength, out _);
        SlotPosition position = found.Position.Bucket != null ? found.Position : PositionOf(found, (uint)KeyProbe.HashOf(name, nameLength));
        _table.Remove(position);
        Expiring -= found.HasDeadline ? 1 : 0;
        Free(record);
        if (_table.IsTooLarge)
        {
            _table.ShrinkStep(MergesARemoval);
        }
    }

    /// <summary>Draws a member, each with the same probability; see <see cref="RandomEntry"/>.</summary>
    /// <returns>Whether there is one.</returns>
    public bool TryRandom(Random random, out Member member)
    {
        bool found = RandomEntry.TryPick(_table, random, out SlotPosition position);
        member = found ? At(position) : default;
        return found;
    }

    /// <summary>Visits the members at a position of the scan order and returns the next position, 0 at the end; see <see cref="RecordTable.Scan"/>.</summary>
    public uint Scan<TVisitor>(uint position, ref TVisitor visitor)
        where TVisitor : struct, IMemberVisitor, allows ref struct
    {
        // By value and back: a ref struct can't be referred to by another's field.
        var records = new RecordVisitor<TVisitor>(_arena, visitor);
        uint next = _table.Scan(position, ref records);
        visitor = records.Visitor;
        return next;
    }

    /// <summary>Walks all members in table order; nothing may be changed meanwhile.</summary>
    public Enumerator GetEnumerator() => new(this, 0, uint.MaxValue);

    /// <summary>Walks the members in some of the table's <see cref="Buckets"/>.</summary>
    public Enumerator Slice(uint firstBucket, uint buckets) => new(this, firstBucket, buckets);

    /// <summary>Adds copies of all members to a table, in which none of them is.</summary>
    public void CopyTo(MemberTable other)
    {
        foreach (Member member in this)
        {
            KeyProbe.Create(member.Name, out KeyProbe name);
            Span<byte> value = member.Value;
            value.CopyTo(other.Add(name, value.Length, member.Deadline).Value);
        }
    }

    /// <summary>Frees the members of some buckets and at last the table itself, which is not used any more once this has begun.</summary>
    /// <returns>Whether there is more to free.</returns>
    public bool FreeSlice(int buckets)
    {
        _detached ??= _table.Detach();
        if (_word == null || _detached.FreeSlice(buckets))
        {
            return _word != null;
        }

        _allocator.Free((byte*)_word);
        _word = null;
        _recordBytes = 0;
        return false;
    }

    /// <summary>Notes that the running snapshot has seen a member.</summary>
    /// <returns>Whether it had not before.</returns>
    internal bool MarkSeen(in Member member)
    {
        bool isOld = Record.Parity(Record.HeaderOf(member.Address)) != _parity;
        if (isOld)
        {
            Record.SetParity(member.Address, _parity);
        }

        return isOld;
    }

    internal void EndSnapshot() => _snapshot = null;

    private static bool SuitsBlock(long bytes, long capacity) => capacity <= WasteFactor * SizeClasses.RoundedBytes(bytes);

    private Member At(in SlotPosition position) => new(_arena.At(position.Reference), position.Reference, position);

    private SlotPosition PositionOf(in Member found, uint hash)
    {
        if (found.Position.Bucket != null)
        {
            return found.Position;
        }

        return _table.TryFind(hash, found.Reference, out SlotPosition position)
            ? position
            : throw new InvalidOperationException("A member that is no longer there was to be changed.");
    }

    private byte* NewRecord(in KeyProbe name, int valueLength, long deadline)
    {
        var extras = new RecordExtras { Deadline = deadline };
        byte* record = _allocator.AllocateFixed(Record.BytesFor(name.Length, valueLength, extras));
        Record.Write(record, ValueKind.String, name, valueLength, extras, _parity);
        _recordBytes += _allocator.CapacityOf(record);
        return record;
    }

    private void Free(byte* record)
    {
        _recordBytes -= _allocator.CapacityOf(record);
        _allocator.Free(record);
    }

    private readonly struct IsDue(long now) : IRecordFilter
    {
        public bool Accepts(byte* record) => Record.DeadlineOf(record, Record.HeaderOf(record)) <= now;
    }

    private readonly struct IsDueAt(long deadline) : IRecordFilter
    {
        public bool Accepts(byte* record) => Record.DeadlineOf(record, Record.HeaderOf(record)) == deadline;
    }

    private ref struct RecordVisitor<TVisitor>(Arena arena, TVisitor visitor) : IRecordVisitor
        where TVisitor : struct, IMemberVisitor, allows ref struct
    {
        private readonly Arena _arena = arena;

        public TVisitor Visitor = visitor;

        public void Visit(byte* record) => Visitor.Visit(new Member(record, _arena.ReferenceOf(record), default));
    }

    /// <summary>A walk in table order.</summary>
    public struct Enumerator
    {
        private readonly MemberTable _members;
        private readonly uint _end;
        private uint _bucket;
        private int _slot;

        internal Enumerator(MemberTable members, uint firstBucket, uint buckets)
        {
            _members = members;
            _bucket = firstBucket;
            _end = (uint)Math.Min((ulong)firstBucket + buckets, members.Buckets);
            _slot = -1;
        }

        public Member Current { get; private set; }

        public readonly Enumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            for (; _bucket < _end; _bucket++, _slot = -1)
            {
                Bucket* bucket = _members._table.BucketAt(_bucket);
                while (++_slot < Bucket.Slots)
                {
                    ulong content = *Bucket.SlotAt(bucket, _slot);
                    if (content != 0)
                    {
                        Current = _members.At(new SlotPosition(_members._table.HomeOf((uint)(content >> 32)), bucket, _slot));
                        return true;
                    }
                }
            }

            return false;
        }
    }
}
