namespace ElastiCache.Embedded.CrashChild;

/// <summary>How every scenario opens its cache.</summary>
internal static class Settings
{
    private const string KeysVariable = "CRASH_CHILD_KEYS";

    public static EmbeddedCacheOptions For(string? folder, DurabilityMode durability) => new()
    {
        Folder = folder,
        Durability = durability,
        Envelope = Environment.GetEnvironmentVariable(KeysVariable) is null
            ? null
            : new EnvelopeOptions { Keys = KeyProvider.FromEnvironment(KeysVariable), Compresses = true },
    };
}
