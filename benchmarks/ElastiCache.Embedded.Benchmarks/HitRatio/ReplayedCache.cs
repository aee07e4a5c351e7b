namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>A cache, real or simulated, as a trace sees it.</summary>
internal abstract class ReplayedCache : IDisposable
{
    /// <summary>Looks for a key, and stores it if it isn't there.</summary>
    /// <returns>Whether it was there.</returns>
    public abstract bool Access(int key);

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
