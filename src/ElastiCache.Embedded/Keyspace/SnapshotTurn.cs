using System.Threading.Channels;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Whose turn it is to take a snapshot of a store: one at a time, in the order in which they came.</summary>
internal sealed class SnapshotTurn
{
    private readonly Channel<bool> _free = Channel.CreateBounded<bool>(1);

    public SnapshotTurn()
    {
        Give();
    }

    /// <summary>Takes the turn if nobody has it.</summary>
    public bool TryTake() => _free.Reader.TryRead(out _);

    /// <summary>Takes the turn when it is free.</summary>
    public async ValueTask TakeAsync(CancellationToken cancellationToken) => await _free.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Gives the turn back.</summary>
    public void Give() => _free.Writer.TryWrite(true);
}
