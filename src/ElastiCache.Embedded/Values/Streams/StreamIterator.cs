namespace ElastiCache.Embedded.Values;

/// <summary>Walks the entries of a stream between two IDs, both inclusive, in either direction, deleted ones left out.</summary>
/// <remarks>Valid while the shard is locked and the stream stays as it is. To find the beginning costs O(log n) and a walk through one node.</remarks>
internal struct StreamIterator
{
    private readonly StreamNodes _nodes;
    private readonly StreamId _from;
    private readonly StreamId _to;
    private readonly bool _isReverse;
    private int _next;          // position of the next entry in the node; -1: another node comes
    private bool _hasNode;
    private bool _isOver;
    private StreamNodeEntry _entry;

    public StreamIterator(StreamNodes nodes, StreamId from, StreamId to, bool isReverse)
    {
        _nodes = nodes;
        _from = from;
        _to = to;
        _isReverse = isReverse;
        _isOver = from > to;
        _next = -1;
    }

    /// <summary>The ID of the entry.</summary>
    public readonly StreamId Id => _entry.Id;

    /// <summary>The entry's fields.</summary>
    public readonly StreamEntryFields Fields => new(_nodes.Pack(Node), _entry.Fields, _entry.Values, _entry.Count);

    /// <summary>The entry's node.</summary>
    public IdPosition Node { get; private set; }

    /// <summary>The entry's position in its node.</summary>
    public readonly int At => _entry.At;

    /// <summary>Goes to the next entry; at first to the first.</summary>
    public bool MoveNext()
    {
        while (!_isOver)
        {
            if (_next < 0 && !MoveToNode())
            {
                break;
            }

            ReadOnlySpan<byte> pack = _nodes.Pack(Node);
            _entry = StreamNode.Read(pack, _nodes.IdOf(Node), _next);
            _next = _isReverse ? StreamNode.EntryBefore(pack, _entry.At) : _entry.End;

            // A deleted entry says nothing of what follows: once all are deleted XSETID may go back, and lower IDs than the deleted ones join the node.
            if (!_entry.IsDeleted && (_isReverse ? _entry.Id <= _to : _entry.Id >= _from))
            {
                if (_isReverse ? _entry.Id < _from : _entry.Id > _to)
                {
                    break;
                }

                return true;
            }
        }

        _isOver = true;
        return false;
    }

    private bool MoveToNode()
    {
        Node = _hasNode ? (_isReverse ? _nodes.Previous(Node) : _nodes.Next(Node)) : _nodes.For(_isReverse ? _to : _from);
        _hasNode = true;
        if (!_nodes.IsValid(Node))
        {
            return false;
        }

        ReadOnlySpan<byte> pack = _nodes.Pack(Node);
        _next = _isReverse ? StreamNode.LastEntry(pack) : StreamNode.FirstEntry(pack);
        return true;
    }
}
