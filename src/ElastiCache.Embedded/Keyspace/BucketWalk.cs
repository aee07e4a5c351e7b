namespace ElastiCache.Embedded.Keyspace;

/// <summary>A walk from a home bucket along its chunk, around its end.</summary>
internal unsafe ref struct BucketWalk
{
    private readonly Bucket* _chunk;
    private readonly uint _mask;
    private readonly uint _start;
    private uint _index;

    public BucketWalk(in BucketDirectory buckets, uint home)
    {
        _chunk = buckets.ChunkOf(home);
        _mask = Math.Min(buckets.Buckets, BucketDirectory.ChunkBuckets) - 1;
        _start = _index = home & _mask;
        Home = _chunk + _index;
    }

    public Bucket* Home { get; }

    public readonly Bucket* Current => _chunk + _index;

    /// <summary>Whether an entry of the current bucket may stand further along.</summary>
    public readonly bool HasNext => Current->Overflow != 0;

    /// <summary>Goes on if there may be more.</summary>
    public bool MoveNext() => HasNext && StepUnlessAround();

    /// <summary>Goes on; false when the walk is back at its start.</summary>
    public bool StepUnlessAround()
    {
        Step();
        return _index != _start;
    }

    public void Step() => _index = (_index + 1) & _mask;
}
