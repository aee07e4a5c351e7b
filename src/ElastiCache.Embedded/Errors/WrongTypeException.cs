using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded;

/// <summary>The key holds another type of value than the operation works on. Nothing was changed.</summary>
/// <remarks>Redis answers <c>WRONGTYPE Operation against a key holding the wrong kind of value</c>.</remarks>
public sealed class WrongTypeException : CacheException
{
    internal WrongTypeException(ReadOnlySpan<byte> key, string actualType, string neededType)
        : this(KeyText.Of(key), actualType, neededType)
    {
    }

    private WrongTypeException(string key, string actualType, string neededType)
        : base($"Key '{key}' holds a {actualType}, and the operation needs a {neededType}. " +
               $"Use the operations for a {actualType}, or delete the key first.")
    {
        Key = key;
        ActualType = actualType;
        NeededType = neededType;
    }

    /// <summary>The key, escaped and cut to 64 characters, as in the message.</summary>
    public string Key { get; }

    /// <summary>What the key holds, by the name that Redis's TYPE gives it: <c>string</c>, <c>list</c>, <c>hash</c>, …</summary>
    public string ActualType { get; }

    /// <summary>What the operation works on, by the same names.</summary>
    public string NeededType { get; }
}
