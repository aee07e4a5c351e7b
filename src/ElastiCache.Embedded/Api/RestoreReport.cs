namespace ElastiCache.Embedded;

/// <summary>What <see cref="HistoryExtensions.RestoreKeysAsync"/> has done.</summary>
/// <param name="Restored">Keys that are now as they were.</param>
/// <param name="Deleted">Keys that were not there then, and are gone now.</param>
public sealed record RestoreReport(long Restored, long Deleted);
