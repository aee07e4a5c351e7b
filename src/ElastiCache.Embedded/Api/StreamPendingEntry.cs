namespace ElastiCache.Embedded;

/// <summary>An entry that was delivered to a consumer and not yet acknowledged.</summary>
/// <param name="Id">The entry.</param>
/// <param name="Consumer">With whom it is pending.</param>
/// <param name="Idle">How long ago it was delivered last.</param>
/// <param name="Deliveries">How often it was delivered.</param>
public sealed record StreamPendingEntry(StreamId Id, string Consumer, TimeSpan Idle, long Deliveries);
