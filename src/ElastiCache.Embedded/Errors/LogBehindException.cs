namespace ElastiCache.Embedded;

/// <summary>The write is refused, because the disk is too far behind. Nothing was changed; try again later.</summary>
/// <remarks>
/// Writes are acknowledged before they are on disk in every mode but <see cref="DurabilityMode.Always"/>, so a disk that hangs
/// would let the loss at a crash grow without end. The option that names the limit is <c>MaxUnpersistedAge</c>.
/// </remarks>
public sealed class LogBehindException : LogException
{
    internal LogBehindException(string path, TimeSpan age, TimeSpan limit)
        : base(
            path,
            $"Log '{path}' takes no writes now: the oldest that is not on disk is {age.TotalSeconds:F1} s old, and MaxUnpersistedAge is " +
            $"{limit.TotalSeconds:F1} s. Writes are taken again when the disk has caught up; raise MaxUnpersistedAge to accept a larger loss at a crash.")
    {
        Age = age;
        Limit = limit;
    }

    /// <summary>Age of the oldest write that is not on disk, when that was last looked at.</summary>
    public TimeSpan Age { get; }

    /// <summary>The option <c>MaxUnpersistedAge</c>.</summary>
    public TimeSpan Limit { get; }
}
