using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>How an entry is added to a stream. The default gives it the present time as its ID and trims nothing.</summary>
public readonly record struct StreamAddOptions
{
    /// <summary>The entry's ID, greater than the last one; null for the present time and the next number in it.</summary>
    public StreamId? Id { get; init; }

    /// <summary>Whether nothing is added if there is no such stream. Redis: NOMKSTREAM.</summary>
    public bool OnlyIfExists { get; init; }

    /// <summary>How many entries to keep, 0 or more; null for all. Not together with <see cref="MinId"/>. Redis: MAXLEN.</summary>
    public long? MaxLength { get; init; }

    /// <summary>The smallest ID to keep; null for all. Not together with <see cref="MaxLength"/>. Redis: MINID.</summary>
    public StreamId? MinId { get; init; }

    /// <summary>Whether only whole nodes of about a hundred entries are deleted, which costs next to nothing; some entries too many may stay.</summary>
    public bool TrimsApproximately { get; init; }

    internal StreamAdding ToAdding()
    {
        if (MaxLength is < 0 || (MaxLength is not null && MinId is not null))
        {
            throw new ArgumentException($"MaxLength is {MaxLength} and MinId is {MinId}: set at most one of them, a length to 0 or more.");
        }

        return new StreamAdding
        {
            Id = Id is { } id ? StreamNewId.Given(id) : default,
            OnlyIfExists = OnlyIfExists,
            Trim = new StreamTrim
            {
                Strategy = MaxLength is not null ? StreamTrimStrategy.MaxLength : MinId is not null ? StreamTrimStrategy.MinId : StreamTrimStrategy.None,
                MaxLength = MaxLength ?? 0,
                MinId = MinId ?? StreamId.Min,
                IsApproximate = TrimsApproximately,
            },
        };
    }
}
