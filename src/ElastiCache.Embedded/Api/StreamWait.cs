using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Api;

/// <summary>A read of one stream that waits for entries; alone, or for a group.</summary>
internal sealed class StreamWait(CacheDatabase database, byte[] key, StreamId after, string? group, string? consumer, bool acknowledges, long count) : KeyAttempt, IDisposable
{
    private readonly PooledBuffer _buffer = PooledBuffer.Rent();
    private readonly byte[] _group = System.Text.Encoding.UTF8.GetBytes(group ?? "");
    private readonly byte[] _consumer = System.Text.Encoding.UTF8.GetBytes(consumer ?? "");

    /// <summary>Waits for entries.</summary>
    /// <returns>What there was; empty when the time was up.</returns>
    public async Task<StreamEntry[]> RunAsync(HandleKey name, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        KeyWaiter waiter = database.Cache.Waiters.Wait(database.Index, [key], this, timeout);
        using (cancellationToken.UnsafeRegister(static state => ((KeyWaiter)state!).End(WaitOutcome.Cancelled), waiter))
        {
            if (await waiter.Completion.ConfigureAwait(false) == WaitOutcome.Cancelled)
            {
                throw new OperationCanceledException(cancellationToken);
            }
        }

        await database.WaitAsync(waiter.Ticket, cancellationToken).ConfigureAwait(false);
        return new StreamEntryCollector(_buffer).ToEntries(database, name);
    }

    /// <inheritdoc/>
    public override bool TryRun(int keyIndex, ref JournalTicket ticket)
    {
        StreamReads reads = database.Operations.Streams.Reads;
        KeyProbe.Create(key, out KeyProbe probe);
        var sink = new StreamEntryCollector(_buffer);
        if (group == null)
        {
            return reads.HasMore(database.Index, probe, after)
                && reads.Read(database.Index, new OneKey(key), [StreamCursor.Behind(after)], count, ref sink) > 0;
        }

        return reads.HasNew(database.Index, probe, _group)
            && reads.ReadAs(database.Index, new OneKey(key), [StreamCursor.New], new GroupReader(_group, _consumer, acknowledges), count, ref sink, ref ticket) > 0;
    }

    public void Dispose() => _buffer.Dispose();
}
