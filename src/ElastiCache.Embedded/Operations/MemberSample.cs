using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Passes on a sample of what comes, each subset of that size being as likely as any other.</summary>
/// <remarks>Selection sampling: Knuth, The Art of Computer Programming 2, algorithm 3.4.2 S.</remarks>
internal ref struct MemberSample<TSink>(TSink sink, Random random, long wanted, long left) : IFieldSink
    where TSink : struct, IFieldSink, allows ref struct
{
    // A walk passes all members; drawing single ones, and again when one comes twice, is faster as long as few are wanted.
    private const int DrawsShare = 3;

    private long _wanted = wanted;
    private long _left = left;

    /// <summary>Who takes the sample.</summary>
    public TSink Sink = sink;

    /// <summary>Whether to draw single members instead.</summary>
    public static bool IsSmall(long wanted, long count) => wanted < count / DrawsShare;

    /// <summary>Draws single members, each once at most.</summary>
    public static void Draw(MemberTable members, Random random, int wanted, scoped ref TSink sink)
    {
        var drawn = new HashSet<uint>(wanted);
        while (drawn.Count < wanted)
        {
            if (members.TryRandom(random, out Member member) && drawn.Add(member.Reference))
            {
                sink.Take(member.Name, member.Value);
            }
        }
    }

    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        if (random.NextInt64(_left--) < _wanted)
        {
            _wanted--;
            Sink.Take(name, value);
        }
    }
}
