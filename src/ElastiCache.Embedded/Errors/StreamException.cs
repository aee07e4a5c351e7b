namespace ElastiCache.Embedded;

/// <summary>What a stream refuses: an ID that does not go up, a consumer group that is not there, or is there already. Nothing was changed.</summary>
public sealed class StreamException : CacheException
{
    internal StreamException(string message)
        : base(message)
    {
    }
}
