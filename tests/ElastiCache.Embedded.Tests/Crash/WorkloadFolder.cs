using ElastiCache.Embedded.CrashChild;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>A cache's folder that one crash child after another writes to, and what its writers have been known to do.</summary>
/// <param name="path">The folder; it need not be there yet.</param>
/// <param name="isSealed">Whether it has an envelope.</param>
/// <param name="seed">The seed of its workloads.</param>
/// <param name="threads">How many threads write, each by a workload of its own.</param>
/// <param name="mostUnacknowledged">How many operations after the last acknowledged one a thread can have begun.</param>
internal sealed class WorkloadFolder(string path, bool isSealed, int seed, int threads, int mostUnacknowledged)
{
    private readonly WorkloadModel[] _models = [.. Enumerable.Range(0, threads).Select(thread => new WorkloadModel(new Workload(seed, thread)))];

    /// <summary>Where its threads go on.</summary>
    public string NextOperations => string.Join(',', _models.Select(model => model.Done + 1));

    public void Acknowledge(int thread, long number) => _models[thread].Acknowledged = number;

    /// <summary>Opens it, or else a copy, and finds for each thread what its first so many operations make, those that were acknowledged included.</summary>
    /// <param name="itself">Whether it is opened itself: then the next process meets the traces of this, and otherwise those of the last process.</param>
    /// <param name="check">What else is to be looked at in the cache.</param>
    /// <returns>How many operations were found since the last time.</returns>
    public async Task<long> CheckAsync(bool itself, Func<EmbeddedCache, ValueTask> check)
    {
        if (itself)
        {
            return await CheckAsync(path, check);
        }

        using var copy = new TemporaryFolder();
        if (Directory.Exists(path))
        {
            TemporaryFolder.Copy(path, copy["cache"]);
        }

        return await CheckAsync(copy["cache"], check);
    }

    private async Task<long> CheckAsync(string folder, Func<EmbeddedCache, ValueTask> check)
    {
        await using EmbeddedCache cache = await Caches.OpenAsync(new EmbeddedCacheOptions { Folder = folder, Shards = 16, Envelope = isSealed ? ChildProcess.Envelope : null });
        long before = _models.Sum(model => model.Done);
        foreach (WorkloadModel model in _models)
        {
            model.AdvanceTo(cache, mostUnacknowledged);
        }

        Assert.Equal(_models.Sum(model => model.Count), cache.Keys.Count);
        await check(cache);
        return _models.Sum(model => model.Done) - before;
    }
}
