using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Changes to one list, packed or large, with its shard locked. Nothing is logged here.</summary>
internal readonly ref struct ListEdit(Store store, Shard shard, int database)
{
    private readonly ListNodeLimit _limit = ListNodeLimit.Of(store.Encodings.ListMaxListpackSize);

    /// <summary>Adds elements at an end, one after the other. Makes the list if there is none.</summary>
    /// <returns>The new length.</returns>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public long Push<TElements>(in Entry current, in KeyProbe key, scoped TElements elements, bool atHead)
        where TElements : struct, INameList, allows ref struct
    {
        long added = 0;
        for (int i = 0; i < elements.Count; i++)
        {
            added += ListPack.SizeOf(elements.Name(i));
        }

        ListBody? body = current.Exists ? (ListBody?)shard.ShellOf(current) : null;
        long packedBytes = added + (current.Exists && body == null ? current.ValueLength : 1 + ListPack.EmptyBytes);
        if (body == null && packedBytes <= PackedList.MaxBytes)
        {
            return PushPacked(current, key, elements, atHead, (int)packedBytes);
        }

        shard.Room.Ensure(added + PackedList.MaxBytes, key, current);
        if (body != null)
        {
            shard.BeginChange(database, current);
            PushAll(body, elements, atHead);
        }
        else
        {
            body = NewBody(current);
            PushAll(body, elements, atHead);
            Publish(current, key, body);
        }

        return body.Count;
    }

    /// <summary>Removes elements from an end; the entry goes with its last element.</summary>
    public void Pop(in Entry current, in KeyProbe key, bool fromHead, long count)
    {
        long left = new ListView(shard, current).Count - count;
        Keep(current, key, fromHead ? count : 0, left);
    }

    /// <summary>Keeps a range of elements; the entry goes with its last element.</summary>
    public void Keep(in Entry current, in KeyProbe key, long first, long count)
    {
        if (count <= 0)
        {
            shard.Remove(database, current);
            return;
        }

        if (shard.ShellOf(current) is ListBody body)
        {
            shard.BeginChange(database, current);
            body.Keep(first, count);
            return;
        }

        PackedEdit edit = Begin(current, key, 0);
        Span<byte> pack = edit.Bytes[1..];
        int end = ListPack.Seek(pack, (int)(first + count));
        if (end >= 0)
        {
            ListPack.Delete(pack, end, int.MaxValue);
        }

        int total = first > 0 ? ListPack.Delete(pack, ListPack.HeaderBytes, (int)first) : ListPack.TotalBytes(pack);
        edit.End(current, key, 1 + total);
    }

    /// <summary>Puts a value in the place of an element.</summary>
    public void Replace(in Entry current, in KeyProbe key, ListPlace place, ReadOnlySpan<byte> value)
    {
        int size = ListPack.SizeOf(value);
        if (LargeFor(current, key, size) is { } body)
        {
            body.List.Replace(place.Node, place.Position, value, _limit);
            body.Publish(this, current, key);
            return;
        }

        PackedEdit edit = Begin(current, key, size);
        edit.End(current, key, 1 + ListPack.Replace(edit.Bytes[1..], place.Position, value));
    }

    /// <summary>Adds an element before or behind another.</summary>
    public void Insert(in Entry current, in KeyProbe key, ListPlace place, bool behind, ReadOnlySpan<byte> value)
    {
        int size = ListPack.SizeOf(value);
        if (LargeFor(current, key, size) is { } body)
        {
            body.List.Insert(place.Node, place.Position, behind, value, _limit);
            body.Publish(this, current, key);
            return;
        }

        PackedEdit edit = Begin(current, key, size);
        Span<byte> pack = edit.Bytes[1..];
        int position = behind ? place.Position + ListPack.ElementBytes(pack, place.Position) : place.Position;
        edit.End(current, key, 1 + ListPack.Insert(pack, position, value));
    }

    /// <summary>Removes elements that are equal to a value.</summary>
    /// <param name="current">The list.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">The value.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="backward">Whether to begin at the tail.</param>
    /// <returns>How many were removed; the entry goes with its last element.</returns>
    public long RemoveEqual(in Entry current, in KeyProbe key, ReadOnlySpan<byte> value, long most, bool backward)
    {
        long before = new ListView(shard, current).Count;
        long removed = 0;
        if (shard.ShellOf(current) is ListBody body)
        {
            shard.BeginChange(database, current);
            for (int node = backward ? body.Nodes - 1 : 0; node >= 0 && node < body.Nodes && removed < most;)
            {
                int nodes = body.Nodes;
                removed += RemoveFromNode(body, node, value, most - removed, backward);
                node = backward ? node - 1 : node + 1 - (nodes - body.Nodes);
            }
        }
        else
        {
            PackedEdit edit = Begin(current, key, 0);
            Span<byte> pack = edit.Bytes[1..];
            int position = backward ? ListPack.Last(pack) : ListPack.First(pack);
            while (position >= 0 && removed < most)
            {
                bool isEqual = ListPack.Get(pack, position).Equals(value);
                int previous = backward ? ListPack.Previous(pack, position) : 0;
                if (isEqual)
                {
                    ListPack.Delete(pack, position);
                    removed++;
                }

                position = backward ? previous
                    : !isEqual ? ListPack.Next(pack, position)
                    : position < ListPack.TotalBytes(pack) - 1 ? position : -1;
            }

            edit.End(current, key, 1 + ListPack.TotalBytes(pack));
        }

        if (removed == before)
        {
            shard.Remove(database, current);
        }

        return removed;
    }

    private static long RemoveFromNode(ListBody body, int node, ReadOnlySpan<byte> value, long most, bool backward)
    {
        long removed = 0;
        ReadOnlySpan<byte> pack = body.Pack(node);
        int position = backward ? ListPack.Last(pack) : ListPack.First(pack);
        while (position >= 0 && removed < most)
        {
            pack = body.Pack(node);
            bool isEqual = ListPack.Get(pack, position).Equals(value);
            int next = backward ? ListPack.Previous(pack, position) : ListPack.Next(pack, position);
            if (isEqual)
            {
                bool isLast = body.CountOf(node) == 1;
                body.Delete(node, position, 1);
                removed++;
                if (isLast)
                {
                    return removed;
                }

                next = backward || next < 0 ? next : position;
            }

            position = next;
        }

        return removed;
    }

    private long PushPacked<TElements>(in Entry current, in KeyProbe key, scoped TElements elements, bool atHead, int bytes)
        where TElements : struct, INameList, allows ref struct
    {
        PackedEdit edit = PackedEdit.Begin(shard, database, current, key, ValueKind.List, bytes);
        Span<byte> pack = edit.Bytes[1..];
        if (!current.Exists)
        {
            edit.Bytes[0] = PackedList.Form;
            ListPack.Create(pack);
        }

        for (int i = 0; i < elements.Count; i++)
        {
            _ = atHead ? ListPack.Prepend(pack, elements.Name(i)) : ListPack.Append(pack, elements.Name(i));
        }

        long count = ListPack.Count(pack);
        edit.End(current, key, 1 + ListPack.TotalBytes(pack));
        return count;
    }

    private void PushAll<TElements>(ListBody body, scoped TElements elements, bool atHead)
        where TElements : struct, INameList, allows ref struct
    {
        for (int i = 0; i < elements.Count; i++)
        {
            body.Push(elements.Name(i), atHead, _limit);
        }
    }

    private PackedEdit Begin(in Entry current, in KeyProbe key, int more) =>
        PackedEdit.Begin(shard, database, current, key, ValueKind.List, current.ValueLength + more);

    private ListBody NewBody(in Entry current)
    {
        var body = new ListBody(shard);
        if (current.Exists)
        {
            body.AppendPack(current.Value[1..]);
        }

        return body;
    }

    private void Publish(in Entry current, in KeyProbe key, ListBody body)
    {
        try
        {
            shard.PublishShell(database, current, key, ValueKind.List, body);
        }
        catch (CacheFullException)
        {
            body.FreeSlice(int.MaxValue);
            throw;
        }
    }

    // The large form, if the list has it or will be too large for the packed one.
    private LargeList? LargeFor(in Entry current, in KeyProbe key, int more)
    {
        if (shard.ShellOf(current) is ListBody body)
        {
            shard.Room.Ensure(more, key, current);
            shard.BeginChange(database, current);
            return new LargeList(body, isNew: false);
        }

        if (current.ValueLength + more <= PackedList.MaxBytes)
        {
            return null;
        }

        shard.Room.Ensure(more + PackedList.MaxBytes, key, current);
        return new LargeList(NewBody(current), isNew: true);
    }

    // What was one listpack is the first node of the large form: places are the same.
    private sealed class LargeList(ListBody body, bool isNew)
    {
        public ListBody List => body;

        public void Publish(ListEdit edit, in Entry current, in KeyProbe key)
        {
            if (isNew)
            {
                edit.Publish(current, key, body);
            }
        }
    }
}
