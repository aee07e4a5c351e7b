namespace ElastiCache.Embedded;

/// <summary>How a <see cref="WorkQueue{T}"/> deals with messages that nobody completes. All handles on one queue should have the same.</summary>
public sealed class WorkQueueOptions
{
    /// <summary>How long a receiver has for a message before another one gets it.</summary>
    /// <value>30 seconds; 1 ms to 10 years.</value>
    public TimeSpan VisibilityTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a message is delivered before it goes to the dead letters.</summary>
    /// <value>5; at least 1.</value>
    public int MaxDeliveries { get; init; } = 5;

    /// <summary>The key of the stream that takes dead letters.</summary>
    /// <value>Null: the queue's key with <c>:dead</c> behind it.</value>
    public string? DeadLetterKey { get; init; }

    internal void Validate()
    {
        if (VisibilityTimeout < TimeSpan.FromMilliseconds(1) || VisibilityTimeout > TimeSpan.FromDays(3650))
        {
            throw new ArgumentOutOfRangeException(nameof(VisibilityTimeout), VisibilityTimeout, $"{nameof(VisibilityTimeout)} is 1 ms to 3650 days.");
        }

        if (MaxDeliveries < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxDeliveries), MaxDeliveries, $"{nameof(MaxDeliveries)} is at least 1.");
        }
    }
}
