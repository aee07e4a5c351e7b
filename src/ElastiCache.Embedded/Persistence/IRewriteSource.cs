using ElastiCache.Embedded.Persistence.Rdb;

namespace ElastiCache.Embedded.Persistence;

/// <summary>What a rewrite of the log needs: the store, or a test's model of it.</summary>
internal interface IRewriteSource
{
    /// <summary>Fixes a moment.</summary>
    /// <param name="atMoment">Called once, while nobody writes.</param>
    /// <returns>The state at that moment; null if another snapshot is running, and then nothing was called.</returns>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    IStoreMoment? TryBegin(Action atMoment);
}

/// <summary>The store as it was at one moment. One of the two methods must be called, once.</summary>
internal interface IStoreMoment
{
    /// <summary>Writes the state and finishes the file. When it fails or is cancelled the moment is given up.</summary>
    /// <returns>The number of entries.</returns>
    long Write(RdbFileWriter file, CancellationToken cancellationToken);

    /// <summary>Gives the moment up.</summary>
    void Discard();
}
