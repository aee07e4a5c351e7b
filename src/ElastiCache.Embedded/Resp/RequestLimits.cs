namespace ElastiCache.Embedded.Resp;

/// <summary>All limits on what a client may send, in one place. Redis's own numbers.</summary>
internal sealed class RequestLimits
{
    /// <summary>Bytes of a line that has no end yet: an inline command, or the count behind <c>*</c> or <c>$</c>.</summary>
    public const int LineBytes = 64 * 1024;

    /// <summary>Arguments of a request before the client has authenticated.</summary>
    public const int UnauthenticatedArguments = 10;

    /// <summary>Bytes of an argument before the client has authenticated.</summary>
    public const int UnauthenticatedArgumentBytes = 16 * 1024;

    /// <summary>Bytes of replies that may wait for a client that has not authenticated and does not read.</summary>
    public const int UnauthenticatedReplyBytes = 1024;

    // A request lies in one array; what Redis takes beyond that, no operation could store either.
    private const long MostBytes = int.MaxValue - (64 * 1024);

    private long _argumentBytes = 512L << 20;
    private long _requestBytes = 1L << 30;

    /// <summary>Bytes of one argument: proto-max-bulk-len.</summary>
    public long ArgumentBytes
    {
        get => Volatile.Read(ref _argumentBytes);
        set => Volatile.Write(ref _argumentBytes, Math.Min(value, MostBytes));
    }

    /// <summary>Bytes of one request that is still being received: client-query-buffer-limit. Beyond it the connection is closed without a word.</summary>
    public long RequestBytes
    {
        get => Volatile.Read(ref _requestBytes);
        set => Volatile.Write(ref _requestBytes, Math.Min(value, MostBytes));
    }
}
