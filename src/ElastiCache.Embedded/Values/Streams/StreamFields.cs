namespace ElastiCache.Embedded.Values;

/// <summary>The fields and values of an entry that is added to a stream.</summary>
internal interface IStreamFields
{
    /// <summary>How many pairs.</summary>
    int Count { get; }

    ReadOnlySpan<byte> Field(int index);

    ReadOnlySpan<byte> Value(int index);
}

/// <summary>The fields and values of an entry where they lie. Valid while the shard is locked.</summary>
internal readonly ref struct StreamEntryFields
{
    private readonly ReadOnlySpan<byte> _pack;
    private readonly int _fields;       // position of the first field: the node's, or the entry's own
    private readonly int _values;       // position of the first value; -1: each field is followed by its value

    public StreamEntryFields(ReadOnlySpan<byte> pack, int fields, int values, int count)
    {
        _pack = pack;
        _fields = fields;
        _values = values;
        Count = count;
    }

    /// <summary>How many pairs.</summary>
    public int Count { get; }

    public Enumerator GetEnumerator() => new(this);

    internal ref struct Enumerator
    {
        private readonly StreamEntryFields _entry;
        private int _field;
        private int _value;
        private int _left;

        public Enumerator(StreamEntryFields entry)
        {
            _entry = entry;
            _left = entry.Count + 1;
        }

        public readonly StreamFieldElement Current => new(ListPack.Get(_entry._pack, _field), ListPack.Get(_entry._pack, _value));

        public bool MoveNext()
        {
            bool isFirst = _left > _entry.Count;
            if (--_left == 0)
            {
                return false;
            }

            if (_entry._values < 0)
            {
                _field = isFirst ? _entry._fields : ListPack.Next(_entry._pack, _value);
                _value = ListPack.Next(_entry._pack, _field);
            }
            else
            {
                _field = isFirst ? _entry._fields : ListPack.Next(_entry._pack, _field);
                _value = isFirst ? _entry._values : ListPack.Next(_entry._pack, _value);
            }

            return true;
        }
    }
}

/// <summary>A field and its value where they lie.</summary>
internal readonly ref struct StreamFieldElement(ListPackElement name, ListPackElement value)
{
    public readonly ListPackElement Name = name;

    public readonly ListPackElement Value = value;
}
