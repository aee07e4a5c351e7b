using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>An entry that was delivered and not yet acknowledged.</summary>
internal struct PendingEntry
{
    /// <summary>When it was delivered last, in Unix ms.</summary>
    public long DeliveredAt;

    /// <summary>How often it was delivered.</summary>
    public long Deliveries;

    /// <summary>The consumer's <see cref="StreamConsumer.Number"/>.</summary>
    public int Consumer;
}

/// <summary>A consumer of a group, and the entries that were delivered to it and not yet acknowledged.</summary>
internal sealed class StreamConsumer(byte[] name, int number, IdMap<NoValue> pending) : INamed
{
    public byte[] Name { get; } = name;

    /// <summary>Its number in the group.</summary>
    public int Number { get; } = number;

    /// <summary>When it last asked for something, in Unix ms.</summary>
    public long SeenAt { get; set; }

    /// <summary>The IDs; the rest is in <see cref="StreamGroup.Pending"/>.</summary>
    public IdMap<NoValue> Pending { get; } = pending;
}

/// <summary>A group of consumers that share a stream's entries: each entry is delivered to one of them, and pending until that one acknowledges it.</summary>
/// <remarks>
/// <code>
///   group      1-0 → ann, 13:04, once    1-1 → bob, 13:05, twice    1-4 → ann, 13:05, once
///   ann        1-0   1-4
///   bob        1-1
/// </code>
/// Both orders are kept, because what a consumer has pending must be found without looking through everybody's. A change of the one goes with the change
/// of the other, here and nowhere else.
/// </remarks>
internal sealed class StreamGroup : INamed
{
    /// <summary>A number of entries read that nobody knows.</summary>
    public const long Unknown = -1;

    private readonly BlockAllocator _blocks;
    private readonly IdMap<PendingEntry> _pending;
    private readonly List<StreamConsumer> _consumers = [];
    private readonly List<StreamConsumer?> _byNumber = [];

    public StreamGroup(BlockAllocator blocks, byte[] name)
        : this(blocks, name, new IdMap<PendingEntry>(blocks))
    {
    }

    private StreamGroup(BlockAllocator blocks, byte[] name, IdMap<PendingEntry> pending)
    {
        _blocks = blocks;
        _pending = pending;
        Name = name;
    }

    public byte[] Name { get; }

    /// <summary>The greatest ID that was delivered; what is greater is new to the group.</summary>
    public StreamId LastId { get; set; }

    /// <summary>How many of the stream's entries the group has read, from the first that was ever added on; <see cref="Unknown"/> after an arbitrary jump.</summary>
    public long EntriesRead { get; set; } = Unknown;

    /// <summary>All pending entries. To be read only; changes go through the methods here.</summary>
    public IdMap<PendingEntry> Pending => _pending;

    /// <summary>The consumers, in the order of their names.</summary>
    public IReadOnlyList<StreamConsumer> Consumers => _consumers;

    /// <summary>Native bytes that it holds.</summary>
    public long NativeBytes
    {
        get
        {
            long bytes = _pending.NativeBytes;
            foreach (StreamConsumer consumer in _consumers)
            {
                bytes += consumer.Pending.NativeBytes;
            }

            return bytes;
        }
    }

    /// <summary>Finds a consumer; null if there is none of that name.</summary>
    public StreamConsumer? FindConsumer(ReadOnlySpan<byte> name)
    {
        int index = NamedList.IndexOf(_consumers, name);
        return index >= 0 ? _consumers[index] : null;
    }

    /// <summary>The consumer with a number.</summary>
    public StreamConsumer ConsumerOf(in PendingEntry entry) => _byNumber[entry.Consumer]!;

    /// <summary>Adds a consumer.</summary>
    /// <returns>The consumer; null if there is one of that name.</returns>
    public StreamConsumer? AddConsumer(ReadOnlySpan<byte> name, long now)
    {
        int index = NamedList.IndexOf(_consumers, name);
        if (index >= 0)
        {
            return null;
        }

        int number = _byNumber.IndexOf(null);
        if (number < 0)
        {
            number = _byNumber.Count;
            _byNumber.Add(null);
        }

        var consumer = new StreamConsumer(name.ToArray(), number, new IdMap<NoValue>(_blocks)) { SeenAt = now };
        _byNumber[number] = consumer;
        _consumers.Insert(~index, consumer);
        return consumer;
    }

    /// <summary>Removes a consumer and all that it has pending.</summary>
    /// <returns>How many entries were pending.</returns>
    public long RemoveConsumer(StreamConsumer consumer)
    {
        long pending = consumer.Pending.Count;
        for (IdPosition i = consumer.Pending.First; consumer.Pending.IsValid(i); i = consumer.Pending.Next(i))
        {
            _pending.Remove(consumer.Pending.IdAt(i));
        }

        FreeAll(consumer.Pending);
        _consumers.Remove(consumer);
        _byNumber[consumer.Number] = null;
        return pending;
    }

    /// <summary>Makes an entry pending with a consumer, whoever may have had it before.</summary>
    public void Assign(StreamId id, StreamConsumer consumer, long deliveredAt, long deliveries)
    {
        bool isNew = !_pending.TryFind(id, out IdPosition position);
        ref PendingEntry entry = ref isNew ? ref _pending.Add(id) : ref _pending.ValueAt(position);
        if (isNew || entry.Consumer != consumer.Number)
        {
            if (!isNew)
            {
                ConsumerOf(entry).Pending.Remove(id);
            }

            entry.Consumer = consumer.Number;
            consumer.Pending.Add(id);
        }

        entry.DeliveredAt = deliveredAt;
        entry.Deliveries = deliveries;
    }

    /// <summary>Counts another delivery of a pending entry to the consumer that has it.</summary>
    public void Redeliver(StreamId id, long now)
    {
        if (_pending.TryFind(id, out IdPosition position))
        {
            ref PendingEntry entry = ref _pending.ValueAt(position);
            entry.DeliveredAt = now;
            entry.Deliveries++;
        }
    }

    /// <summary>Ends that an entry is pending.</summary>
    /// <returns>Whether it was.</returns>
    public bool Release(StreamId id)
    {
        if (!_pending.TryFind(id, out IdPosition position))
        {
            return false;
        }

        ReleaseAt(position);
        return true;
    }

    /// <summary>Ends that the entry at a position of <see cref="Pending"/> is pending.</summary>
    /// <returns>The position of the next one.</returns>
    public IdPosition ReleaseAt(IdPosition position)
    {
        ConsumerOf(_pending.ValueAt(position)).Pending.Remove(_pending.IdAt(position));
        return _pending.RemoveAt(position);
    }

    /// <summary>Gives all memory back.</summary>
    public void Free()
    {
        while (FreeSlice(int.MaxValue))
        {
        }
    }

    /// <summary>Gives memory back.</summary>
    /// <param name="entries">How many pending entries' at most, about.</param>
    /// <returns>Whether there is more.</returns>
    public bool FreeSlice(int entries)
    {
        if (_pending.FreeSlice(entries))
        {
            return true;
        }

        if (_consumers.Count > 0 && !_consumers[^1].Pending.FreeSlice(entries))
        {
            _consumers.RemoveAt(_consumers.Count - 1);
        }

        return _consumers.Count > 0;
    }

    /// <summary>A deep copy in the memory of an allocator.</summary>
    public StreamGroup CopyTo(BlockAllocator blocks)
    {
        var copy = new StreamGroup(blocks, Name, _pending.CopyTo(blocks)) { LastId = LastId, EntriesRead = EntriesRead };
        foreach (StreamConsumer? consumer in _byNumber)
        {
            copy._byNumber.Add(consumer == null ? null : new StreamConsumer(consumer.Name, consumer.Number, consumer.Pending.CopyTo(blocks)) { SeenAt = consumer.SeenAt });
        }

        foreach (StreamConsumer consumer in _consumers)
        {
            copy._consumers.Add(copy._byNumber[consumer.Number]!);
        }

        return copy;
    }

    private static void FreeAll(IdMap<NoValue> ids)
    {
        while (ids.FreeSlice(int.MaxValue))
        {
        }
    }
}
