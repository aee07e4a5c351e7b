using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>How a walk over a large collection is cut into steps: HSCAN, SSCAN, ZSCAN. Small collections are answered in one.</summary>
internal static class MemberScan
{
    // As in Redis: a sparse table must not make one step walk it whole.
    private const long BucketsACount = 10;

    /// <summary>Whether a step that has passed so many buckets and found so many members is over.</summary>
    public static bool IsEnough(long found, long buckets, long count) =>
        found >= count || buckets >= (count > long.MaxValue / BucketsACount ? long.MaxValue : count * BucketsACount);
}

/// <summary>Passes on what matches the pattern of a walk, and counts all.</summary>
internal ref struct MemberMatch<TSink>(TSink sink, ScanArguments arguments) : IFieldSink
    where TSink : struct, IFieldSink, allows ref struct
{
    private readonly ScanArguments _arguments = arguments;
    private readonly bool _takesAll = !arguments.HasPattern || Glob.MatchesAll(arguments.Pattern);

    /// <summary>Who takes what matches.</summary>
    public TSink Sink = sink;

    /// <summary>How many there were, those included that don't match.</summary>
    public long Met { get; private set; }

    public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value)
    {
        Met++;
        if (_takesAll || Glob.IsMatch(_arguments.Pattern, name))
        {
            Sink.Take(name, value);
        }
    }
}
