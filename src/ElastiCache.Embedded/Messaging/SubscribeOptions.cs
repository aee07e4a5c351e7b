using System.Globalization;

namespace ElastiCache.Embedded;

/// <summary>What happens to a subscription whose reader falls so far behind that its queue is full.</summary>
public enum SlowSubscriberPolicy
{
    /// <summary>
    /// The subscription ends: the reader still gets what is queued, then a <see cref="SubscriberTooSlowException"/> that counts what was lost.
    /// The default, and what Redis does with a client that does not read: a loss is never silent.
    /// </summary>
    Disconnect = 0,

    /// <summary>The oldest queued messages make room: for readers that want the present state and can do without the past.</summary>
    DropOldest = 1,

    /// <summary>The new message is dropped: for readers that must see what they see in one piece from the beginning.</summary>
    DropNewest = 2,
}

/// <summary>How much a subscription may hold for its reader, and what happens when that is not enough.</summary>
/// <remarks>Copied when the subscription begins: later changes to this object have no effect on it.</remarks>
public sealed class SubscribeOptions
{
    internal const int MostMessages = 1 << 24;

    internal static readonly SubscribeOptions Default = new();

    /// <summary>How many messages may wait for the reader.</summary>
    /// <value>1 to 16,777,216. Default 65,536.</value>
    /// <remarks>A message that waits costs about 50 bytes beside its contents. The reader itself holds up to 64 more.</remarks>
    public int MaxMessages { get; set; } = 65_536;

    /// <summary>How many bytes the contents of waiting messages may take.</summary>
    /// <value>At least 1. Default 33,554,432 (32 MiB), Redis's limit for clients that subscribe.</value>
    /// <remarks>
    /// Counted for each subscription, although subscribers of one cache share a message's bytes. A message larger than this is lost, whatever the policy.
    /// </remarks>
    public long MaxBytes { get; set; } = 32L << 20;

    /// <summary>What happens when one of the limits is reached.</summary>
    /// <value>Default <see cref="SlowSubscriberPolicy.Disconnect"/>.</value>
    public SlowSubscriberPolicy WhenFull { get; set; } = SlowSubscriberPolicy.Disconnect;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    internal SubscribeOptions CheckedCopy()
    {
        Require(MaxMessages is >= 1 and <= MostMessages, nameof(MaxMessages), MaxMessages, "1 to 16777216");
        Require(MaxBytes >= 1, nameof(MaxBytes), MaxBytes, "at least 1");
        Require(Enum.IsDefined(WhenFull), nameof(WhenFull), WhenFull, $"one of {string.Join(", ", Enum.GetNames<SlowSubscriberPolicy>())}");
        return (SubscribeOptions)MemberwiseClone();

        static void Require(bool isMet, string option, object value, string range)
        {
            if (!isMet)
            {
                throw new ArgumentOutOfRangeException(
                    option, value, string.Create(CultureInfo.InvariantCulture, $"{option} = {value} is out of range: it must be {range}."));
            }
        }
    }
}
