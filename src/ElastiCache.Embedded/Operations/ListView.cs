using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Takes elements one by one. The shard is locked: copy and return.</summary>
internal interface IElementSink
{
    void Take(scoped ReadOnlySpan<byte> element);
}

/// <summary>A list for reading, packed or large, as a row of listpacks. Valid while its shard is locked and nothing is changed.</summary>
internal readonly ref struct ListView
{
    private readonly ListBody? _body;
    private readonly ReadOnlySpan<byte> _packed;

    public ListView(Shard shard, scoped in Entry entry)
    {
        _body = (ListBody?)shard.ShellOf(entry);
        _packed = _body == null ? entry.Value[1..] : default;
    }

    /// <summary>The large form; null for a packed one.</summary>
    public ListBody? Body => _body;

    /// <summary>The number of elements.</summary>
    public long Count => _body?.Count ?? ListPack.Count(_packed);

    public int Nodes => _body?.Nodes ?? 1;

    /// <summary>The listpack of a node.</summary>
    public ReadOnlySpan<byte> Pack(int node) => _body == null ? _packed : _body.Pack(node);

    /// <summary>The place of an element by its index, which is in range.</summary>
    public ListPlace Locate(long index)
    {
        if (_body == null)
        {
            return new ListPlace(0, ListPack.Seek(_packed, (int)index));
        }

        _body.Locate(index, out int node, out int position);
        return new ListPlace(node, position);
    }

    /// <summary>The element at a place.</summary>
    public ListPackElement At(ListPlace place) => ListPack.Get(Pack(place.Node), place.Position);

    /// <summary>Moves to the next element.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Next(ref ListPlace place)
    {
        int position = ListPack.Next(Pack(place.Node), place.Position);
        int node = place.Node;
        if (position < 0 && ++node < Nodes)
        {
            position = ListPack.First(Pack(node));
        }

        place = new ListPlace(node, position);
        return position >= 0;
    }

    /// <summary>Moves to the element before.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Previous(ref ListPlace place)
    {
        int position = ListPack.Previous(Pack(place.Node), place.Position);
        int node = place.Node;
        if (position < 0 && --node >= 0)
        {
            position = ListPack.Last(Pack(node));
        }

        place = new ListPlace(node, position);
        return position >= 0;
    }

    /// <summary>Visits elements from an index on, or backward from it. The range is within the list.</summary>
    public void Visit<TSink>(long first, long count, bool backward, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        if (count <= 0)
        {
            return;
        }

        ListPlace place = Locate(first);
        while (true)
        {
            sink.Take(At(place).AsText(scratch));
            if (--count == 0)
            {
                return;
            }

            _ = backward ? Previous(ref place) : Next(ref place);
        }
    }
}

/// <summary>Where an element of a list stands.</summary>
/// <param name="Node">Which listpack, counted from the head.</param>
/// <param name="Position">Its position in that.</param>
internal readonly record struct ListPlace(int Node, int Position);
