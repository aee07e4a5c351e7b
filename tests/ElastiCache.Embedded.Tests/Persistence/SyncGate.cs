namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>A disk whose syncs do not end until the gate is opened.</summary>
internal sealed class SyncGate : IDisposable
{
    private readonly ManualResetEventSlim _entered = new();
    private readonly ManualResetEventSlim _open = new();

    public SyncGate(SimulatedDisk disk) => disk.OnSync = () =>
    {
        _entered.Set();
        _open.Wait();
    };

    public void WaitUntilEntered() => _entered.Wait(TestContext.Current.CancellationToken);

    public void Open() => _open.Set();

    public void Dispose() => Open();
}
