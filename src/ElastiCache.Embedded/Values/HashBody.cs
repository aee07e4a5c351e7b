using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>A large hash, or one whose fields have deadlines: a table of members with values, and the order in which they expire.</summary>
/// <remarks>
/// A field whose deadline has passed is still counted until it is removed (<see cref="TryFindDue"/>), but whoever passes the time does not find it.
/// Time 0 finds everything.
/// </remarks>
internal sealed class HashBody : Collection
{
    // Items that nothing belongs to any more, before they are dropped.
    private const int MostLeftBehind = 32;
    private const int FieldsABucket = 4;

    private readonly MemberTable _fields;
    private readonly DeadlineHeap _deadlines;

    public HashBody(Shard shard)
    {
        _fields = new MemberTable(shard.Arena, shard.Allocator);
        _deadlines = new DeadlineHeap(shard.Allocator);
    }

    /// <summary>Whether OBJECT ENCODING answers <c>hashtable</c>.</summary>
    public bool IsReportedAsTable { get; set; }

    public override long Count => _fields.Count;

    public override long NativeBytes => _fields.NativeBytes + _deadlines.NativeBytes;

    public override long NextDue => _deadlines.First;

    /// <summary>The fields, for walks.</summary>
    public MemberTable Fields => _fields;

    /// <summary>About how much memory setting a field takes.</summary>
    public static long BytesFor(int fieldLength, int valueLength) => MemberTable.BytesFor(fieldLength, valueLength);

    /// <summary>Finds a field.</summary>
    public bool TryFind(in KeyProbe field, long now, out Member found) => _fields.TryFind(field, out found) && found.Deadline > now;

    /// <summary>Sets a field.</summary>
    /// <returns>Whether it is new.</returns>
    public bool Set(in KeyProbe field, ReadOnlySpan<byte> value, long now, bool keepsDeadline)
    {
        if (!_fields.TryFind(field, out Member found))
        {
            value.CopyTo(_fields.Add(field, value.Length).Value);
            return true;
        }

        bool isDue = found.Deadline <= now;
        value.CopyTo(_fields.Resize(found, value.Length, keepsDeadline && !isDue ? found.Deadline : Record.NoExpiry).Value);
        DropDeadlinesLeftBehind();
        return isDue;
    }

    /// <summary>Gives a field that was found a deadline, or none.</summary>
    public void SetDeadline(in KeyProbe field, in Member found, long deadline)
    {
        long before = found.Deadline;
        _fields.Resize(found, found.Value.Length, deadline);
        if (deadline != before && deadline != Record.NoExpiry)
        {
            _deadlines.Add(deadline, field.SlotHash);
        }

        DropDeadlinesLeftBehind();
    }

    /// <summary>Removes a field that was found.</summary>
    public void Remove(in Member found)
    {
        _fields.Remove(found);
        DropDeadlinesLeftBehind();
    }

    public override bool TryFindDue(long now, out Member due)
    {
        while (_deadlines.First <= now)
        {
            if (_fields.TryFindDue(_deadlines.FirstHash, now, out due))
            {
                return true;
            }

            _deadlines.RemoveFirst();
        }

        due = default;
        return false;
    }

    public override void RemoveDue(in Member due) => Remove(due);

    protected override CollectionSnapshot CreateSnapshot() => _fields.BeginSnapshot();

    public override bool FreeSlice(int elements)
    {
        _deadlines.Clear();
        return _fields.FreeSlice(Math.Max(1, elements / FieldsABucket));
    }

    public override Collection CopyTo(Shard shard)
    {
        var copy = new HashBody(shard) { IsReportedAsTable = IsReportedAsTable };
        _fields.CopyTo(copy._fields);
        foreach (Member field in _fields)
        {
            if (field.HasDeadline)
            {
                KeyProbe.Create(field.Name, out KeyProbe name);
                copy._deadlines.Add(field.Deadline, name.SlotHash);
            }
        }

        return copy;
    }

    private void DropDeadlinesLeftBehind()
    {
        if (_fields.Expiring == 0)
        {
            _deadlines.Clear();
        }
        else if (_deadlines.Count > (2 * _fields.Expiring) + MostLeftBehind)
        {
            var owner = new DeadlineOwner(_fields);
            _deadlines.Retain(ref owner);
        }
    }

    private readonly struct DeadlineOwner(MemberTable fields) : IDeadlineOwner
    {
        public bool Has(long deadline, uint hash) => fields.HasDeadline(hash, deadline);
    }
}
