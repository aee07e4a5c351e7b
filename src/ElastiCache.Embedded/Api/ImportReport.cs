namespace ElastiCache.Embedded;

/// <summary>What an import did.</summary>
/// <param name="Imported">Keys that were stored.</param>
/// <param name="Expired">Keys that were left out because their deadline has passed.</param>
/// <param name="Kept">Keys that were left out because they are there already.</param>
public sealed record ImportReport(long Imported, long Expired, long Kept);
