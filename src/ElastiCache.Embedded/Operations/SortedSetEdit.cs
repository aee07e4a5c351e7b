using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Changes to one sorted set, packed or large, with its shard locked. Entries found before are void after each. Nothing is logged here, and the caller has used the key.</summary>
internal readonly ref struct SortedSetEdit(Store store, Shard shard, int database)
{
    /// <summary>Gives a member a score, adding it if it isn't there; makes the set if there is none.</summary>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public void Set(in KeyProbe key, ReadOnlySpan<byte> member, double score)
    {
        shard.TryFind(database, key, out Entry current, uses: false);
        if (current.Exists && shard.ShellOf(current) is SortedSetBody body)
        {
            shard.Room.Ensure(SortedSetBody.BytesFor(member.Length), key, current);
            shard.BeginChange(database, current);
            KeyProbe.Create(member, out KeyProbe name);
            body.Set(name, score);
            return;
        }

        int position = current.Exists ? PackedSortedSet.Find(current.Value[1..], member) : -1;
        int count = (current.Exists ? PackedSortedSet.Count(current.Value[1..]) : 0) + (position < 0 ? 1 : 0);
        if (count > store.Encodings.SortedSetMaxListpackEntries || member.Length > store.Encodings.SortedSetMaxListpackValue)
        {
            SetInLarge(current, key, member, score);
            return;
        }

        int length = current.Exists ? current.ValueLength : 1 + ListPack.EmptyBytes;
        PackedEdit edit = PackedEdit.Begin(shard, database, current, key, ValueKind.SortedSet, length + PackedSortedSet.BytesFor(member));
        Span<byte> pack = edit.Bytes[1..];
        if (!current.Exists)
        {
            edit.Bytes[0] = PackedSortedSet.Form;
            ListPack.Create(pack);
        }
        else if (position >= 0)
        {
            PackedSortedSet.Remove(pack, position);
        }

        edit.End(current, key, 1 + PackedSortedSet.Add(pack, member, score));
    }

    /// <summary>Removes a member; the entry goes with the last.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(in KeyProbe key, ReadOnlySpan<byte> member)
    {
        if (!shard.TryFind(database, key, out Entry current, uses: false))
        {
            return false;
        }

        if (shard.ShellOf(current) is SortedSetBody body)
        {
            KeyProbe.Create(member, out KeyProbe name);
            if (!body.TryGetScore(name, out _))
            {
                return false;
            }

            shard.BeginChange(database, current);
            body.Remove(name);
            if (body.Count == 0)
            {
                shard.Remove(database, current);
            }

            return true;
        }

        int position = PackedSortedSet.Find(current.Value[1..], member);
        if (position < 0)
        {
            return false;
        }

        if (PackedSortedSet.Count(current.Value[1..]) == 1)
        {
            shard.Remove(database, current);
            return true;
        }

        PackedEdit edit = PackedEdit.Begin(shard, database, current, key, ValueKind.SortedSet, current.ValueLength);
        edit.End(current, key, 1 + PackedSortedSet.Remove(edit.Bytes[1..], position));
        return true;
    }

    /// <summary>Stores members with their scores as a set of its own, in the place of whatever has the key. With none the key goes.</summary>
    /// <exception cref="CacheFullException">The budget has no room. The old entry is gone then.</exception>
    public void Replace(in KeyProbe key, List<(byte[] Member, double Score)> members)
    {
        if (shard.TryFind(database, key, out Entry current, uses: false))
        {
            shard.Remove(database, current, reason: members.Count == 0 ? RemovalReasons.Removed : RemovalReasons.Replaced);
        }

        bool isLarge = members.Count > store.Encodings.SortedSetMaxListpackEntries;
        foreach ((byte[] member, _) in members)
        {
            isLarge |= member.Length > store.Encodings.SortedSetMaxListpackValue;
        }

        if (!isLarge)
        {
            foreach ((byte[] member, double score) in members)
            {
                Set(key, member, score);
            }

            return;
        }

        long bytes = 0;
        foreach ((byte[] member, _) in members)
        {
            bytes += SortedSetBody.BytesFor(member.Length);
        }

        shard.Room.Ensure(bytes, key, default);
        var body = new SortedSetBody(shard);
        foreach ((byte[] member, double score) in members)
        {
            KeyProbe.Create(member, out KeyProbe name);
            body.Set(name, score);
        }

        Publish(default, key, body);
    }

    private void SetInLarge(in Entry current, in KeyProbe key, ReadOnlySpan<byte> member, double score)
    {
        long bytes = SortedSetBody.BytesFor(member.Length) + (current.Exists ? 4L * current.ValueLength : 0);
        shard.Room.Ensure(bytes, key, current);
        var body = new SortedSetBody(shard);
        if (current.Exists)
        {
            var copy = new IntoBody(body);
            var view = new SortedSetView(shard, current);
            view.Visit(0, view.Count, backward: false, ref copy);
        }

        KeyProbe.Create(member, out KeyProbe name);
        body.Set(name, score);
        Publish(current, key, body);
    }

    private void Publish(in Entry current, in KeyProbe key, SortedSetBody body)
    {
        try
        {
            shard.PublishShell(database, current, key, ValueKind.SortedSet, body);
        }
        catch (CacheFullException)
        {
            while (body.FreeSlice(int.MaxValue))
            {
                // All of it: nobody has seen it.
            }

            throw;
        }
    }

    private readonly struct IntoBody(SortedSetBody body) : IScoredSink
    {
        public void Take(scoped ReadOnlySpan<byte> member, double score)
        {
            KeyProbe.Create(member, out KeyProbe name);
            body.Set(name, score);
        }
    }
}
