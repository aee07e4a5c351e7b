namespace ElastiCache.Embedded;

/// <summary>A message that was delivered too often, or buried.</summary>
/// <typeparam name="T">What messages are.</typeparam>
public sealed class DeadLetter<T>
{
    private readonly StreamEntry _entry;

    internal DeadLetter(StreamEntry entry)
    {
        _entry = entry;
    }

    /// <summary>Its ID among the dead letters; its milliseconds are when it came there.</summary>
    public StreamId Id => _entry.Id;

    /// <summary>How often it had been delivered.</summary>
    public long Deliveries => _entry.Get<long>(WorkQueue<T>.DeliveriesField);

    /// <summary>The message as it was stored.</summary>
    public ReadOnlyMemory<byte> Bytes => WorkQueue<T>.BodyOf(_entry);

    /// <summary>The message.</summary>
    /// <exception cref="FormatException">It is no <typeparamref name="T"/>; see <see cref="Bytes"/>.</exception>
    public T? Body => _entry.Get<T>(WorkQueue<T>.BodyField);
}
