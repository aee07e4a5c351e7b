using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Server.Hosting;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>Gets a connection's messages. They are sent by the thread pool: publishers, who may hold shards locked, never touch a socket.</summary>
internal sealed class ConnectionSubscriber(ServerState server, RespConnection connection) : ClientSubscriber, IThreadPoolWorkItem
{
    /// <inheritdoc/>
    public override long MostPendingBytes
    {
        get => server.OutputLimits[ClientKind.PubSub].HardBytes is > 0 and long limit ? Math.Min(limit, LargestBuffer) : LargestBuffer;
        set => throw new NotSupportedException("The parameter client-output-buffer-limit sets it.");
    }

    // What one array can hold, with something to spare.
    private static long LargestBuffer => Array.MaxLength / 2;

    public void Execute() => connection.SendMessages(this);

    protected override void OnPending() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
}
