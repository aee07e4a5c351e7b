namespace ElastiCache.Embedded.Values;

/// <summary>Checks that a listpack from outside is a node of a stream, see <see cref="StreamNode"/>, which trusts every count in it.</summary>
internal ref struct StreamNodeCheck
{
    private const int Deleted = 1;
    private const int SameFields = 2;

    private readonly ReadOnlySpan<byte> _pack;
    private int _at;

    private StreamNodeCheck(ReadOnlySpan<byte> pack)
    {
        _pack = pack;
        _at = ListPack.First(pack);
        LiveEntries = 0;
    }

    /// <summary>The entries that are not deleted.</summary>
    public long LiveEntries { get; private set; }

    /// <summary>The smallest ID of such an entry.</summary>
    public StreamId FirstId { get; private set; } = StreamId.Max;

    /// <summary>The greatest.</summary>
    public StreamId LastId { get; private set; } = StreamId.Min;

    /// <summary>Walks over a node to its last byte.</summary>
    /// <exception cref="RdbDataException">It is none.</exception>
    public static StreamNodeCheck Run(ReadOnlySpan<byte> pack, StreamId node)
    {
        if (!ListPack.IsValid(pack))
        {
            throw Damaged();
        }

        var check = new StreamNodeCheck(pack);
        long live = check.Number();
        long deleted = check.Number();
        long fields = check.Number();
        if (live < 0 || deleted < 0)
        {
            throw Damaged();
        }

        check.Skip(fields);
        if (check.Number() != 0)
        {
            throw Damaged();
        }

        long deletedSeen = 0;
        while (check._at >= 0)
        {
            deletedSeen += check.Entry(node, fields) ? 1 : 0;
        }

        return check.LiveEntries == live && deletedSeen == deleted ? check : throw Damaged();
    }

    private static RdbDataException Damaged() => new("A stream's node is damaged.");

    // Whether the entry is deleted.
    private bool Entry(StreamId node, long nodeFields)
    {
        long flags = Number();
        var id = new StreamId(node.Milliseconds + (ulong)Number(), node.Sequence + (ulong)Number());
        bool isSame = (flags & SameFields) != 0;
        long fields = isSame ? nodeFields : Number();
        Skip(isSame ? fields : fields > _pack.Length ? long.MaxValue : 2 * fields);
        if ((flags & ~(Deleted | SameFields)) != 0 || Number() != (isSame ? fields + 3 : (2 * fields) + 4))
        {
            throw Damaged();
        }

        if ((flags & Deleted) != 0)
        {
            return true;
        }

        LiveEntries++;
        FirstId = id < FirstId ? id : FirstId;
        LastId = id > LastId ? id : LastId;
        return false;
    }

    private long Number()
    {
        if (_at < 0 || ListPack.Get(_pack, _at) is not { IsInteger: true, Integer: var number })
        {
            throw Damaged();
        }

        _at = ListPack.Next(_pack, _at);
        return number;
    }

    private void Skip(long elements)
    {
        if (elements < 0)
        {
            throw Damaged();
        }

        for (; elements > 0; elements--)
        {
            if (_at < 0)
            {
                throw Damaged();
            }

            _at = ListPack.Next(_pack, _at);
        }
    }
}
