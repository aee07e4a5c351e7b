namespace ElastiCache.Embedded;

/// <summary>What the cache refuses or can't do, for a reason that lies in its state and not in an argument.</summary>
/// <remarks>
/// Catch this to treat every such failure alike; each cause has a type of its own. Trouble with the folder or its files is an
/// <see cref="IOException"/>, a wrong argument an <see cref="ArgumentException"/>, text that doesn't parse a <see cref="FormatException"/>, a sum that doesn't fit an
/// <see cref="OverflowException"/>, a bad option a <see cref="Microsoft.Extensions.Options.OptionsValidationException"/>.
/// Messages name keys (escaped, at most 64 characters), sizes and settings, never a stored value.
/// </remarks>
public abstract class CacheException : Exception
{
    private protected CacheException(string message)
        : base(message)
    {
    }

    private protected CacheException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
