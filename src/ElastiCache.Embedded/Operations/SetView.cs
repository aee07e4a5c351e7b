using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>A set for reading, packed or large; the default is the empty one. Valid while its shard is locked and nothing is changed.</summary>
internal readonly ref struct SetView
{
    private readonly SetBody? _body;
    private readonly ReadOnlySpan<byte> _packed;

    public SetView(Shard shard, scoped in Entry entry)
    {
        _body = (SetBody?)shard.ShellOf(entry);
        _packed = _body == null ? entry.Value : default;
    }

    /// <summary>The number of members.</summary>
    public long Count => _body?.Count ?? (_packed.IsEmpty ? 0 : PackedSet.Count(_packed));

    /// <summary>The large form; null for a packed one.</summary>
    public SetBody? Body => _body;

    /// <summary>The packed form, if there is no <see cref="Body"/>; empty for the empty set.</summary>
    public ReadOnlySpan<byte> Packed => _packed;

    public bool Contains(scoped ReadOnlySpan<byte> member)
    {
        if (_body == null)
        {
            return !_packed.IsEmpty && PackedSet.Contains(_packed, member);
        }

        KeyProbe.Create(member, out KeyProbe probe);
        return _body.Contains(probe);
    }

    /// <summary>Walks over the members.</summary>
    public Walk Members => new(this);

    /// <summary>Visits all members.</summary>
    /// <returns>How many there were.</returns>
    public int Visit<TSink>(scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        int count = 0;
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (Walk walk = Members; walk.MoveNext(); count++)
        {
            sink.Take(walk.Current(scratch), default);
        }

        return count;
    }

    /// <summary>Visits the members at a position of the scan order; a packed set all at once.</summary>
    /// <returns>The next position; 0 at the end.</returns>
    public uint Scan<TSink>(uint position, scoped ref TSink sink)
        where TSink : struct, IFieldSink, allows ref struct
    {
        if (_body == null)
        {
            Visit(ref sink);
            return 0;
        }

        var visitor = new MemberNames<TSink>(sink);
        uint next = _body.Members.Scan(position, ref visitor);
        sink = visitor.Sink;
        return next;
    }

    private ref struct MemberNames<TSink>(TSink sink) : IMemberVisitor
        where TSink : struct, IFieldSink, allows ref struct
    {
        public TSink Sink = sink;

        public void Visit(in Member member) => Sink.Take(member.Name, default);
    }

    /// <summary>A walk over the members.</summary>
    public ref struct Walk
    {
        private readonly bool _isLarge;
        private MemberTable.Enumerator _large;
        private PackedSet.Members _packed;

        internal Walk(SetView set)
        {
            _isLarge = set._body != null;
            if (set._body != null)
            {
                _large = set._body.Members.GetEnumerator();
            }
            else if (!set._packed.IsEmpty)
            {
                _packed = PackedSet.MembersOf(set._packed);
            }
            else
            {
                _packed = PackedSet.MembersOf(Empty);
            }
        }

        // An intset without members.
        private static ReadOnlySpan<byte> Empty => [PackedSet.IntegersForm, 2, 0, 0, 0, 0, 0, 0, 0];

        public bool MoveNext() => _isLarge ? _large.MoveNext() : _packed.MoveNext();

        /// <summary>The member, an integer as text in the scratch of at least <see cref="DecimalNumber.MaxTextBytes"/> bytes.</summary>
        public readonly ReadOnlySpan<byte> Current(Span<byte> scratch) => _isLarge ? _large.Current.Name : _packed.Current.AsText(scratch);
    }
}
