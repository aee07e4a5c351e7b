using System.Runtime.CompilerServices;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded;

/// <summary>The insides of a stream: its numbers, its groups and their consumers. Looking changes nothing, and nobody counts as seen.</summary>
public static class StreamInspectionExtensions
{
    /// <summary>The stream's numbers. O(1). Redis: XINFO STREAM.</summary>
    /// <exception cref="StreamException">There is no such stream.</exception>
    [SkipLocalsInit]
    public static StreamDescription Describe(this CacheStream stream)
    {
        var visitor = default(Numbers);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(stream.Key.Value, ref scratch, out KeyProbe probe);
        stream.Operations.Inspections.Visit(stream.Database.Index, probe, ref visitor);
        return visitor.Found!;
    }

    /// <summary>The stream's groups, by name. O(groups). Redis: XINFO GROUPS.</summary>
    /// <exception cref="StreamException">There is no such stream.</exception>
    [SkipLocalsInit]
    public static StreamGroupDescription[] DescribeGroups(this CacheStream stream)
    {
        var visitor = new Groups([]);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(stream.Key.Value, ref scratch, out KeyProbe probe);
        stream.Operations.Inspections.Visit(stream.Database.Index, probe, ref visitor);
        return [.. visitor.Found];
    }

    /// <summary>The group's consumers, by name. O(consumers). Redis: XINFO CONSUMERS.</summary>
    /// <exception cref="StreamException">There is no such stream or group.</exception>
    [SkipLocalsInit]
    public static StreamConsumerDescription[] DescribeConsumers(this CacheStreamGroup group)
    {
        var visitor = new Consumers([]);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(group.Stream.Key.Value, ref scratch, out KeyProbe probe);
        group.Stream.Operations.Inspections.VisitGroup(group.Stream.Database.Index, probe, Encoding.UTF8.GetBytes(group.Name), ref visitor);
        return [.. visitor.Found];
    }

    /// <summary>Sets the numbers that outlive a stream's entries, as when one is copied by hand. O(1). Redis: XSETID.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="lastId">The greatest ID that was ever given out; not less than any that is there.</param>
    /// <param name="entriesAdded">How many entries were ever added; null to leave it. Not less than there are.</param>
    /// <param name="maxDeletedId">The greatest ID that was ever deleted; null to leave it. Not greater than <paramref name="lastId"/>.</param>
    /// <exception cref="StreamException">There is no such stream, or a number contradicts what is there. Nothing changes.</exception>
    [SkipLocalsInit]
    public static void SetNumbers(this CacheStream stream, StreamId lastId, long? entriesAdded = null, StreamId? maxDeletedId = null)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(stream.Key.Value, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        stream.Operations.SetNumbers(stream.Database.Index, probe, lastId, entriesAdded, maxDeletedId, ref ticket);
        stream.Database.Wait(ticket);
    }

    private struct Numbers : IStreamVisitor
    {
        public StreamDescription? Found { get; private set; }

        public void Visit(StreamData stream, long now) => Found = new StreamDescription(
            stream.Length, stream.FirstId, stream.LastId, stream.MaxDeletedId, stream.EntriesAdded, stream.Groups.Count, stream.Nodes.Count, stream.NativeBytes);
    }

    private readonly struct Groups(List<StreamGroupDescription> found) : IStreamVisitor
    {
        public List<StreamGroupDescription> Found => found;

        public void Visit(StreamData stream, long now)
        {
            foreach (StreamGroup group in stream.Groups)
            {
                long? read = group.EntriesRead == StreamGroup.Unknown ? null : group.EntriesRead;
                found.Add(new StreamGroupDescription(
                    Encoding.UTF8.GetString(group.Name), group.Consumers.Count, group.Pending.Count, group.LastId, read, StreamProgress.Lag(stream, group)));
            }
        }
    }

    private readonly struct Consumers(List<StreamConsumerDescription> found) : IStreamGroupVisitor
    {
        public List<StreamConsumerDescription> Found => found;

        public void Visit(StreamGroup group, long now)
        {
            foreach (StreamConsumer consumer in group.Consumers)
            {
                found.Add(new StreamConsumerDescription(
                    Encoding.UTF8.GetString(consumer.Name), consumer.Pending.Count, TimeSpan.FromMilliseconds(Math.Max(0, now - consumer.SeenAt))));
            }
        }
    }
}

/// <summary>The numbers of a stream.</summary>
/// <param name="Length">The entries that are there.</param>
/// <param name="FirstId">The smallest ID that is there; 0-0 without entries.</param>
/// <param name="LastId">The greatest ID that was ever given out.</param>
/// <param name="MaxDeletedId">The greatest ID that was deleted; trimming does not count.</param>
/// <param name="EntriesAdded">How many entries were ever added.</param>
/// <param name="Groups">The number of groups.</param>
/// <param name="Nodes">The blocks that the entries lie in.</param>
/// <param name="Bytes">The memory of entries and groups.</param>
public sealed record StreamDescription(
    long Length, StreamId FirstId, StreamId LastId, StreamId MaxDeletedId, long EntriesAdded, int Groups, long Nodes, long Bytes);

/// <summary>The numbers of a stream's group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Consumers">The number of its consumers.</param>
/// <param name="Pending">The entries that were delivered and not acknowledged.</param>
/// <param name="LastDeliveredId">The greatest ID that was delivered.</param>
/// <param name="EntriesRead">How many entries it has read, counted from the first ever added; null if that can't be told.</param>
/// <param name="Lag">How many it has still to read; null if that can't be told.</param>
public sealed record StreamGroupDescription(string Name, int Consumers, long Pending, StreamId LastDeliveredId, long? EntriesRead, long? Lag);

/// <summary>The numbers of a group's consumer.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pending">The entries that it has not acknowledged.</param>
/// <param name="Idle">How long ago it last asked for something.</param>
public sealed record StreamConsumerDescription(string Name, long Pending, TimeSpan Idle);
