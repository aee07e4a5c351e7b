namespace ElastiCache.Embedded;

/// <summary>A file is encrypted, and the key that it needs is missing or is not the one under which it was written. Nothing was changed on disk.</summary>
public sealed class EncryptionKeyException : LogException
{
    internal EncryptionKeyException(string path, string? keyId, string what)
        : base(path, keyId == null ? $"No key from {path}: {what}." : $"'{path}' is encrypted under key '{keyId}': {what}.")
    {
        KeyId = keyId;
    }

    /// <summary>The id of the key; null where the source of keys itself can't be read.</summary>
    public string? KeyId { get; }
}
