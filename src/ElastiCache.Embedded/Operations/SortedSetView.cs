using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>Takes members with their scores. The shard is locked: copy and return.</summary>
internal interface IScoredSink
{
    void Take(scoped ReadOnlySpan<byte> member, double score);
}

/// <summary>A sorted set for reading, packed or large; the default is the empty one. Valid while its shard is locked and nothing is changed.</summary>
internal readonly ref struct SortedSetView
{
    private const int Prefetched = 8;

    private readonly SortedSetBody? _body;
    private readonly ReadOnlySpan<byte> _packed;

    public SortedSetView(Shard shard, scoped in Entry entry)
    {
        _body = (SortedSetBody?)shard.ShellOf(entry);
        _packed = _body == null ? entry.Value[1..] : default;
    }

    /// <summary>The large form; null for a packed one.</summary>
    public SortedSetBody? Body => _body;

    /// <summary>The listpack, if there is no <see cref="Body"/>.</summary>
    public ReadOnlySpan<byte> Packed => _packed;

    /// <summary>The number of members.</summary>
    public long Count => _body?.Count ?? (_packed.IsEmpty ? 0 : PackedSortedSet.Count(_packed));

    /// <summary>A member's score. O(1).</summary>
    public bool TryGetScore(scoped ReadOnlySpan<byte> member, out double score)
    {
        score = 0;
        if (_body != null)
        {
            KeyProbe.Create(member, out KeyProbe name);
            return _body.TryGetScore(name, out score);
        }

        int position = _packed.IsEmpty ? -1 : PackedSortedSet.Find(_packed, member);
        score = position >= 0 ? PackedSortedSet.ScoreAt(_packed, position) : 0;
        return position >= 0;
    }

    /// <summary>A member's rank from the lowest score, 0 being the first. O(log n).</summary>
    public bool TryGetRank(scoped ReadOnlySpan<byte> member, out long rank, out double score)
    {
        rank = 0;
        if (_body != null)
        {
            KeyProbe.Create(member, out KeyProbe name);
            bool found = _body.TryGetScore(name, out score);
            rank = found ? _body.Order.RankOf(score, member) : 0;
            return found;
        }

        score = 0;
        int wanted = _packed.IsEmpty ? -1 : PackedSortedSet.Find(_packed, member);
        if (wanted < 0)
        {
            return false;
        }

        score = PackedSortedSet.ScoreAt(_packed, wanted);
        for (int position = ListPack.First(_packed); position != wanted; position = NextPair(position))
        {
            rank++;
        }

        return true;
    }

    /// <summary>How many members have a lower score, or with <paramref name="orEqual"/> at most this one. O(log n).</summary>
    public long CountBelow(double score, bool orEqual)
    {
        if (_body != null)
        {
            return _body.Order.CountBelow(score, orEqual);
        }

        long count = 0;
        for (int position = FirstPair(); position >= 0; position = NextPair(position))
        {
            double here = PackedSortedSet.ScoreAt(_packed, position);
            if (orEqual ? here > score : here >= score)
            {
                break;
            }

            count++;
        }

        return count;
    }

    /// <summary>How many members are lower, or with <paramref name="orEqual"/> at most this one, where all scores are equal. O(log n).</summary>
    public long CountBelow(scoped ReadOnlySpan<byte> member, bool orEqual)
    {
        if (_body != null)
        {
            return _body.Order.CountBelow(member, orEqual);
        }

        long count = 0;
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (int position = FirstPair(); position >= 0; position = NextPair(position))
        {
            int order = ListPack.Get(_packed, position).AsText(scratch).SequenceCompareTo(member);
            if (orEqual ? order > 0 : order >= 0)
            {
                break;
            }

            count++;
        }

        return count;
    }

    /// <summary>Visits members from a rank on, or backward from it. The range is within the set. O(log n + count).</summary>
    public void Visit<TSink>(long first, long count, bool backward, scoped ref TSink sink)
        where TSink : struct, IScoredSink, allows ref struct
    {
        if (count <= 0)
        {
            return;
        }

        if (_body != null)
        {
            VisitLarge(_body, first, count, backward, ref sink);
            return;
        }

        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        int position = ListPack.Seek(_packed, 2 * (int)first);
        while (true)
        {
            sink.Take(ListPack.Get(_packed, position).AsText(scratch), PackedSortedSet.ScoreAt(_packed, position));
            if (--count == 0)
            {
                return;
            }

            position = backward ? ListPack.Previous(_packed, ListPack.Previous(_packed, position)) : NextPair(position);
        }
    }

    private static void VisitLarge<TSink>(SortedSetBody body, long first, long count, bool backward, scoped ref TSink sink)
        where TSink : struct, IScoredSink, allows ref struct
    {
        RankPlace place = body.Order.At((int)first);
        RankPlace ahead = place;
        long unfetched = count;
        while (true)
        {
            // Members lie anywhere: asked for eight at a time, they cost one wait for memory. Benchmark: compare, "collection-zrange-1m".
            if (unfetched == count)
            {
                for (int i = 0; i < Prefetched && unfetched > 0; i++, unfetched--)
                {
                    body.Order.PrefetchRecord(ahead);
                    _ = unfetched > 1 && (backward ? body.Order.Previous(ref ahead) : body.Order.Next(ref ahead));
                }
            }

            body.Order.Get(place, out double score, out uint record);
            sink.Take(body.Members.At(record).Name, score);
            if (--count == 0)
            {
                return;
            }

            _ = backward ? body.Order.Previous(ref place) : body.Order.Next(ref place);
        }
    }

    private int FirstPair() => _packed.IsEmpty ? -1 : ListPack.First(_packed);

    private int NextPair(int position) => ListPack.Next(_packed, ListPack.Next(_packed, position));
}
