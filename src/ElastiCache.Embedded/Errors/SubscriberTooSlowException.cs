namespace ElastiCache.Embedded;

/// <summary>A subscription was ended, because its reader fell too far behind. What it had got so far was read; what came since is lost.</summary>
/// <remarks>Subscribe again, after bringing up to date what the messages were to keep up to date.</remarks>
public sealed class SubscriberTooSlowException : CacheException
{
    internal SubscriberTooSlowException(long lost, int maxMessages, long maxBytes)
        : base(
            $"The subscription was ended: its reader fell behind, and {lost} message(s) were lost. Up to {maxMessages} messages of {maxBytes} bytes in all may wait. " +
            "Read faster, raise MaxMessages or MaxBytes, or choose DropOldest or DropNewest if losing messages does no harm.")
    {
        LostMessages = lost;
    }

    /// <summary>Messages that did not fit, until the reader came to the end of its queue.</summary>
    public long LostMessages { get; }
}
