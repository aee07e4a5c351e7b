namespace ElastiCache.Embedded;

/// <summary>Limits that no option changes.</summary>
public static class CacheLimits
{
    /// <summary>The longest value, in bytes: 512 MB, as in Redis.</summary>
    public const int MaxValueBytes = 512 * 1024 * 1024;
}
