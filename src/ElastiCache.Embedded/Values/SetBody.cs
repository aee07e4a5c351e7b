using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>A large set: a table of members without values.</summary>
internal sealed class SetBody : Collection
{
    private const int MembersABucket = 4;

    private readonly MemberTable _members;

    public SetBody(Shard shard)
    {
        _members = new MemberTable(shard.Arena, shard.Allocator);
    }

    /// <summary>Whether OBJECT ENCODING answers <c>hashtable</c>; else <c>intset</c>, and all members are integers.</summary>
    public bool IsReportedAsTable { get; set; } = true;

    public override long Count => _members.Count;

    public override long NativeBytes => _members.NativeBytes;

    /// <summary>The members, for walks.</summary>
    public MemberTable Members => _members;

    /// <summary>About how much memory a member takes.</summary>
    public static long BytesFor(int length) => MemberTable.BytesFor(length, 0);

    public bool Contains(in KeyProbe member) => _members.TryFind(member, out _);

    /// <summary>Adds a member.</summary>
    /// <returns>Whether it is new.</returns>
    public bool Add(in KeyProbe member)
    {
        if (_members.TryFind(member, out _))
        {
            return false;
        }

        _members.Add(member, valueLength: 0);
        return true;
    }

    /// <summary>Removes a member.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(in KeyProbe member)
    {
        if (!_members.TryFind(member, out Member found))
        {
            return false;
        }

        _members.Remove(found);
        return true;
    }

    protected override CollectionSnapshot CreateSnapshot() => _members.BeginSnapshot();

    public override bool FreeSlice(int elements) => _members.FreeSlice(Math.Max(1, elements / MembersABucket));

    public override Collection CopyTo(Shard shard)
    {
        var copy = new SetBody(shard) { IsReportedAsTable = IsReportedAsTable };
        _members.CopyTo(copy._members);
        return copy;
    }
}
