using ElastiCache.Embedded.Benchmarks.Measuring;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>Writes that are acknowledged once they can't be lost any more.</summary>
internal interface IDurableWrites : IAsyncDisposable
{
    /// <summary>How often the file was synced so far; null where nobody counts.</summary>
    long? Syncs { get; }

    Task SetAsync(string key, byte[] value);
}

/// <summary>The textbook of group commit and nothing else: one thread appends what has gathered and syncs once.</summary>
/// <remarks>
/// No cache and no format. It shows what this file system and this task scheduler allow at best, so that a gap
/// between it and a real log is the log's own doing.
/// </remarks>
internal sealed class PlainGroupCommit : IDurableWrites
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly DataSync _file;
    private readonly Thread _writer;
    private List<(byte[] Value, TaskCompletionSource Done)> _waiting = [];
    private long _syncs;
    private volatile bool _closing;

    public PlainGroupCommit(string folder)
    {
        _file = new DataSync(folder);
        _writer = new Thread(WriteUntilClosed) { IsBackground = true, Name = "plain group commit" };
        _writer.Start();
    }

    public long? Syncs => Interlocked.Read(ref _syncs);

    public Task SetAsync(string key, byte[] value)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool first;
        lock (_gate)
        {
            first = _waiting.Count == 0;
            _waiting.Add((value, done));
        }

        if (first)
        {
            _arrived.Release();
        }

        return done.Task;
    }

    public ValueTask DisposeAsync()
    {
        _closing = true;
        _arrived.Release();
        _writer.Join();
        _file.Dispose();
        _arrived.Dispose();
        return ValueTask.CompletedTask;
    }

    private void WriteUntilClosed()
    {
        using var block = new MemoryStream();
        while (true)
        {
            _arrived.Wait();
            List<(byte[] Value, TaskCompletionSource Done)> batch;
            lock (_gate)
            {
                (batch, _waiting) = (_waiting, []);
            }

            if (batch.Count > 0)
            {
                block.SetLength(0);
                batch.ForEach(write => block.Write(write.Value));
                _file.AppendAndSync(block.GetBuffer().AsSpan(0, (int)block.Length));
                Interlocked.Increment(ref _syncs);
                batch.ForEach(write => write.Done.SetResult());
            }
            else if (_closing)
            {
                return;
            }
        }
    }
}
