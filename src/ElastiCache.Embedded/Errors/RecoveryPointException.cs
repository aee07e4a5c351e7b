using System.Globalization;

namespace ElastiCache.Embedded;

/// <summary>The state of a moment was asked for to which the folder's history does not reach back. Nothing was changed.</summary>
public sealed class RecoveryPointException : LogException
{
    internal RecoveryPointException(string path, long second, long? earliestSecond)
        : base(path, Text(path, second, earliestSecond))
    {
        Earliest = earliestSecond is { } earliest ? DateTimeOffset.FromUnixTimeSeconds(earliest) : null;
    }

    /// <summary>The earliest moment that can be asked for; null where that is not known.</summary>
    public DateTimeOffset? Earliest { get; }

    private static string Text(string path, long second, long? earliestSecond) =>
        $"The history in '{path}' does not reach back to {Moment(second)}. {(earliestSecond is { } earliest ? $"It begins at {Moment(earliest)}. " : "")}" +
        "HistoryRetention says how long superseded files of the log are kept.";

    private static string Moment(long second) => DateTimeOffset.FromUnixTimeSeconds(second).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
