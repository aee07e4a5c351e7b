using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Persistence;

/// <summary>Applies a log's commands in their order, by a thread of its own: this one reads and checks meanwhile.</summary>
/// <remarks>
/// While a command is applied the processor fetches what the next ones need (<see cref="IReplayTarget.Prepare"/>); one after the other, each would wait for its bucket and its record.
/// Benchmark: compare, "aof-load".
/// </remarks>
internal sealed class ReplayQueue : IDisposable
{
    private const int BucketsAhead = 8;
    private const int RecordsAhead = 4;

    private readonly IReplayTarget _target;
    private readonly string _path;
    private readonly Relay<CommandBatch> _relay;

    public ReplayQueue(IReplayTarget target, string path)
    {
        (_target, _path) = (target, path);
        _relay = new Relay<CommandBatch>("ElastiCache.Embedded replay", () => new CommandBatch(), Apply);
    }

    /// <summary>Takes a command, which is applied later.</summary>
    /// <exception cref="LogFormatException">One before can't be applied.</exception>
    public void Add(int database, scoped in CommandArguments command, long position)
    {
        if (CommandBatch.IsTooLarge(command))
        {
            _relay.Finish();
            ThrowIf(_target.Apply(database, command), position);
            return;
        }

        if (!_relay.Current.HasRoomFor(command))
        {
            _relay.Pass();
        }

        _relay.Current.Add(database, command, position);
    }

    /// <summary>Returns when all are applied.</summary>
    /// <exception cref="LogFormatException">One can't be.</exception>
    public void Finish() => _relay.Finish();

    public void Dispose() => _relay.Dispose();

    private void Apply(CommandBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            if (i + BucketsAhead < batch.Count)
            {
                _target.Prepare(batch.DatabaseOf(i + BucketsAhead), batch[i + BucketsAhead], isNear: false);
            }

            if (i + RecordsAhead < batch.Count)
            {
                _target.Prepare(batch.DatabaseOf(i + RecordsAhead), batch[i + RecordsAhead], isNear: true);
            }

            ThrowIf(_target.Apply(batch.DatabaseOf(i), batch[i]), batch.PositionOf(i));
        }

        batch.Clear();
    }

    private void ThrowIf(string? objection, long position)
    {
        if (objection != null)
        {
            throw new LogFormatException(_path, position, objection, "It may come from a newer Redis or library; open it with that, or restore a snapshot.");
        }
    }
}
