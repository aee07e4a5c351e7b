namespace ElastiCache.Embedded.Server;

/// <summary>A parameter that doesn't exist, or a value that it doesn't take. The message names both. Nothing was started.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Makes the exception.</summary>
    public ConfigurationException(string message)
        : base(message)
    {
    }
}
