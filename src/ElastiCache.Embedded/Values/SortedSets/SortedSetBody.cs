using System.Buffers.Binary;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>A large sorted set: a table of members with their scores, and the order of their records.</summary>
internal sealed class SortedSetBody : Collection
{
    private const int MembersABucket = 4;

    // A node's share of an element, when nodes are three quarters full.
    private const int OrderBytes = 16;

    private readonly MemberTable _members;
    private readonly RankTree _order;
    private bool _orderIsFree;

    public SortedSetBody(Shard shard)
    {
        _members = new MemberTable(shard.Arena, shard.Allocator);
        _order = new RankTree(shard.Arena, shard.Allocator);
    }

    public override long Count => _members.Count;

    public override long NativeBytes => _members.NativeBytes + _order.NativeBytes;

    /// <summary>The members, for walks in table order.</summary>
    public MemberTable Members => _members;

    /// <summary>The order.</summary>
    public RankTree Order => _order;

    /// <summary>About how much memory a member takes.</summary>
    public static long BytesFor(int length) => MemberTable.BytesFor(length, sizeof(double)) + OrderBytes;

    /// <summary>The score that a member's record holds.</summary>
    public static double ScoreOf(in Member member) => BinaryPrimitives.ReadDoubleLittleEndian(member.Value);

    /// <summary>Finds a member's score. O(1).</summary>
    public bool TryGetScore(in KeyProbe name, out double score)
    {
        bool found = _members.TryFind(name, out Member member);
        score = found ? ScoreOf(member) : 0;
        return found;
    }

    /// <summary>Gives a member a score, adding it if it isn't there. O(log n).</summary>
    public void Set(in KeyProbe name, double score)
    {
        if (_members.TryFind(name, out Member member))
        {
            double before = ScoreOf(member);
            _members.BeginChange(member);
            _order.Move(before, member.Reference, score);
            BinaryPrimitives.WriteDoubleLittleEndian(member.Value, score);
            return;
        }

        member = _members.Add(name, sizeof(double));
        BinaryPrimitives.WriteDoubleLittleEndian(member.Value, score);
        _order.Insert(score, member.Reference);
    }

    /// <summary>Removes a member. O(log n).</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(in KeyProbe name)
    {
        if (!_members.TryFind(name, out Member member))
        {
            return false;
        }

        _order.Remove(ScoreOf(member), member.Reference);
        _members.Remove(member);
        return true;
    }

    /// <inheritdoc/>
    protected override CollectionSnapshot CreateSnapshot() => _members.BeginSnapshot();

    /// <inheritdoc/>
    public override bool FreeSlice(int elements)
    {
        if (!_orderIsFree)
        {
            _orderIsFree = !_order.FreeSlice(elements);
            return true;
        }

        return _members.FreeSlice(Math.Max(1, elements / MembersABucket));
    }

    /// <inheritdoc/>
    public override Collection CopyTo(Shard shard)
    {
        var copy = new SortedSetBody(shard);
        if (_order.Count == 0)
        {
            return copy;
        }

        RankPlace place = _order.At(0);
        do
        {
            _order.Get(place, out double score, out uint record);
            KeyProbe.Create(_members.At(record).Name, out KeyProbe name);
            copy.Set(name, score);
        }
        while (_order.Next(ref place));
        return copy;
    }
}
