using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>One change of a small state that a string holds.</summary>
internal interface IStateStep
{
    /// <summary>The most bytes that a state takes.</summary>
    const int MostBytes = 1024;

    /// <summary>Looks at the present state and decides on the next. The key's shard is locked.</summary>
    /// <param name="state">The present state; empty if there is none.</param>
    /// <param name="nowUnixMs">The time.</param>
    /// <param name="next">Where the next state goes.</param>
    /// <param name="deadlineUnixMs">When the next state means nothing any more.</param>
    /// <returns>The next state's length; -1 to leave everything as it is.</returns>
    /// <exception cref="FormatException">The key holds something else.</exception>
    int Step(ReadOnlySpan<byte> state, long nowUnixMs, Span<byte> next, out long deadlineUnixMs);
}

/// <summary>Read, decide and write on one string as one step: counters with rules.</summary>
internal sealed class StateOperations(Store store)
{
    private readonly StringOperations _strings = new(store);

    /// <summary>Takes a step. O(length of the state).</summary>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="FormatException">The string is no such state. Nothing has changed.</exception>
    public void Apply<TStep>(int database, in KeyProbe key, ref TStep step, ref JournalTicket ticket)
        where TStep : struct, IStateStep
    {
        Span<byte> state = stackalloc byte[IStateStep.MostBytes];
        Span<byte> next = stackalloc byte[IStateStep.MostBytes];
        using var frame = new StoreStep(store, key, ref ticket);
        scoped var reader = new SpanReader(state);
        bool exists = _strings.TryRead(database, key, ref reader);
        if (exists && reader.Length > state.Length)
        {
            throw new FormatException($"The value of {reader.Length} bytes is no state of this kind. Nothing was changed.");
        }

        int length = step.Step(exists ? state[..reader.Length] : default, store.Clock.UnixMilliseconds, next, out long deadline);
        if (length >= 0)
        {
            _strings.Set(database, key, next[..length], new SetArguments { Deadline = ExpireDeadline.Storable(deadline) }, ref ticket);
        }
    }
}
