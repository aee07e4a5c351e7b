namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>Opens caches within the test's own time.</summary>
internal static class Caches
{
    public static ValueTask<EmbeddedCache> OpenAsync(string folder) => EmbeddedCache.OpenAsync(folder, TestContext.Current.CancellationToken);

    public static ValueTask<EmbeddedCache> OpenAsync(EmbeddedCacheOptions options) => EmbeddedCache.OpenAsync(options, TestContext.Current.CancellationToken);

    /// <summary>The exception with which opening a folder fails.</summary>
    public static async Task<TException> RefusesAsync<TException>(string folder)
        where TException : Exception => await Assert.ThrowsAnyAsync<TException>(async () => await OpenAsync(folder));
}
