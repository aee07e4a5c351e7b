namespace ElastiCache.Embedded.Values;

/// <summary>How many of a stream's entries come before an ID, as far as that can be known without counting them.</summary>
/// <remarks>
/// Entries get consecutive numbers as they are added, from 1 to <see cref="StreamData.EntriesAdded"/>, but nobody stores them. From the end the number of an ID can be
/// told: the last ID ever given out has the last number. From the beginning too, as long as nothing was deleted out of the middle: trimming takes from the
/// beginning, so the first entry there is has number added − length + 1. XDEL leaves gaps, and between the first entry and the greatest ID that was deleted
/// (<see cref="StreamData.MaxDeletedId"/>) no number is certain.
/// </remarks>
internal static class StreamProgress
{
    /// <summary>The number of the last entry up to an ID; <see cref="StreamGroup.Unknown"/> if it can't be told.</summary>
    public static long EntriesUpTo(StreamData stream, StreamId id)
    {
        if (stream.EntriesAdded == 0)
        {
            return 0;
        }

        if (stream.Length == 0 && id <= stream.LastId)
        {
            return stream.EntriesAdded;
        }

        if (id == stream.LastId)
        {
            return stream.EntriesAdded;
        }

        bool hasGaps = stream.MaxDeletedId != StreamId.Min && stream.MaxDeletedId >= stream.FirstId;
        if (id > stream.LastId || hasGaps || id > stream.FirstId)
        {
            return StreamGroup.Unknown;
        }

        return stream.EntriesAdded - stream.Length + (id == stream.FirstId ? 1 : 0);
    }

    /// <summary>Whether an entry from an ID on may have been deleted, so that numbers can't be counted on from there.</summary>
    public static bool HasGapsFrom(StreamData stream, StreamId id) =>
        stream.Length > 0
        && stream.MaxDeletedId != StreamId.Min
        && stream.FirstId <= stream.MaxDeletedId
        && id <= stream.MaxDeletedId;

    /// <summary>Takes note that a group reads an entry that is new to it.</summary>
    public static void Advance(StreamData stream, StreamGroup group, StreamId id)
    {
        if (group.EntriesRead != StreamGroup.Unknown && !HasGapsFrom(stream, id))
        {
            group.EntriesRead++;
        }
        else if (stream.EntriesAdded != 0)
        {
            group.EntriesRead = EntriesUpTo(stream, id);
        }

        group.LastId = id;
    }

    /// <summary>How many entries a group has still to read; null if it can't be told.</summary>
    public static long? Lag(StreamData stream, StreamGroup group)
    {
        if (stream.EntriesAdded == 0)
        {
            return 0;
        }

        long read = group.EntriesRead != StreamGroup.Unknown && !HasGapsFrom(stream, group.LastId)
            ? group.EntriesRead
            : EntriesUpTo(stream, group.LastId);
        return read == StreamGroup.Unknown ? null : stream.EntriesAdded - read;
    }
}
