using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The members of a <see cref="MemberTable"/> as they were at one moment, read while the table goes on changing.</summary>
/// <remarks>
/// The table flips its parity when this begins: members that are there bear the old one, members written later the new one. A walk in slices reads
/// those with the old parity and gives them the new; a writer that is about to change or remove one with the old parity copies it here first. So each is
/// read once, in no particular order. A walk in the table's scan order misses no member that stays, even while the table grows or shrinks.
/// <code>
///   copied out   name length u32, value length u32, deadline i64, name, value     one after the other
/// </code>
/// </remarks>
internal sealed class MemberSnapshot : CollectionSnapshot
{
    private const int HeaderBytes = 16;

    private readonly MemberTable _members;
    private readonly ArrayBufferWriter<byte> _copies = new();
    private int _copiesRead;
    private uint _position;
    private bool _isWalked;
    private long _left;

    internal MemberSnapshot(MemberTable members)
    {
        _members = members;
        Count = members.Count;
        HasDeadlines = members.Expiring > 0;
        _left = Count;
        _isWalked = _left == 0;
    }

    /// <inheritdoc/>
    public override long Count { get; }

    /// <summary>Whether members have deadlines, which may have passed.</summary>
    public bool HasDeadlines { get; }

    /// <inheritdoc/>
    public override bool IsDone => _left == 0;

    /// <summary>Reads some members.</summary>
    /// <param name="most">About how many.</param>
    /// <param name="sink">Takes them.</param>
    public void Read<TSink>(int most, ref TSink sink)
        where TSink : struct, IMemberSink, allows ref struct
    {
        long end = Math.Max(0, _left - most);
        while (_left > end && _copiesRead < _copies.WrittenCount)
        {
            ReadCopy(ref sink);
        }

        if (_copiesRead == _copies.WrittenCount)
        {
            _copies.ResetWrittenCount();
            _copiesRead = 0;
        }

        var visitor = new OldMembers<TSink>(this, sink);
        while (_left > end && !_isWalked)
        {
            _position = _members.Scan(_position, ref visitor);
            _isWalked = _position == 0;
        }

        sink = visitor.Sink;
        Debug.Assert(!_isWalked || _left == 0 || _copies.WrittenCount > 0, "A member was neither met nor copied nor given up.");
    }

    /// <summary>Called before a member is copied; a test lets memory run out here.</summary>
    internal Action? OnCopy { get; set; }

    /// <summary>Copies a member that a writer is about to change. Where there is no memory for it the snapshot has failed, and not the writer.</summary>
    internal void Copy(in Member member)
    {
        try
        {
            OnCopy?.Invoke();
            CopyOut(member);
        }
        catch (OutOfMemoryException e)
        {
            Failure ??= e;
            _left--;    // it will not be met any more
        }
    }

    internal override void Free()
    {
        // One that is given up: what it did not see must not look like the next one's.
        var nobody = default(Nobody);
        while (_left > 0)
        {
            Read(int.MaxValue, ref nobody);
        }

        _members.EndSnapshot();
    }

    private void CopyOut(in Member member)
    {
        ReadOnlySpan<byte> name = member.Name;
        ReadOnlySpan<byte> value = member.Value;
        Span<byte> copy = _copies.GetSpan(HeaderBytes + name.Length + value.Length);
        BinaryPrimitives.WriteInt32LittleEndian(copy, name.Length);
        BinaryPrimitives.WriteInt32LittleEndian(copy[4..], value.Length);
        BinaryPrimitives.WriteInt64LittleEndian(copy[8..], member.Deadline);
        name.CopyTo(copy[HeaderBytes..]);
        value.CopyTo(copy[(HeaderBytes + name.Length)..]);
        _copies.Advance(HeaderBytes + name.Length + value.Length);
    }

    private void ReadCopy<TSink>(ref TSink sink)
        where TSink : struct, IMemberSink, allows ref struct
    {
        ReadOnlySpan<byte> copy = _copies.WrittenSpan[_copiesRead..];
        int nameLength = BinaryPrimitives.ReadInt32LittleEndian(copy);
        int valueLength = BinaryPrimitives.ReadInt32LittleEndian(copy[4..]);
        sink.Take(
            copy.Slice(HeaderBytes, nameLength), copy.Slice(HeaderBytes + nameLength, valueLength), BinaryPrimitives.ReadInt64LittleEndian(copy[8..]));
        _copiesRead += HeaderBytes + nameLength + valueLength;
        _left--;
    }

    private readonly struct Nobody : IMemberSink
    {
        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, long deadline)
        {
        }
    }

    private ref struct OldMembers<TSink>(MemberSnapshot snapshot, TSink sink) : IMemberVisitor
        where TSink : struct, IMemberSink, allows ref struct
    {
        public TSink Sink = sink;

        public void Visit(in Member member)
        {
            if (snapshot._members.MarkSeen(member))
            {
                // First: a sink that finds no memory must leave nothing that the end of the snapshot would wait for.
                snapshot._left--;
                Sink.Take(member.Name, member.Value, member.Deadline);
            }
        }
    }
}
