using System.Security.Cryptography;
using System.Text;

namespace ElastiCache.Embedded;

/// <summary>A key of 256 bits and the name under which files refer to it.</summary>
public sealed class EncryptionKey
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    internal const int LongestIdBytes = 56;

    private readonly byte[] _bytes;

    /// <summary>Takes a key.</summary>
    /// <param name="id">Its name, which stands readable in every file: 1 to 56 bytes of UTF-8 without control characters.</param>
    /// <param name="bytes">The key: 32 random bytes. Copied.</param>
    /// <exception cref="ArgumentException">Id or key break these rules.</exception>
    public EncryptionKey(string id, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (id.Length == 0 || Encoding.UTF8.GetByteCount(id) > LongestIdBytes || id.Any(char.IsControl))
        {
            throw new ArgumentException($"'{id}' is no id of a key: it must be 1 to {LongestIdBytes} bytes of UTF-8 without control characters.", nameof(id));
        }

        if (bytes.Length != KeyBytes)
        {
            throw new ArgumentException($"Key '{id}' has {bytes.Length} bytes; it must have {KeyBytes}.", nameof(bytes));
        }

        Id = id;
        _bytes = bytes.ToArray();
    }

    /// <summary>Its name.</summary>
    public string Id { get; }

    /// <summary>A new random key.</summary>
    /// <param name="id">Its name.</param>
    /// <exception cref="ArgumentException">The id breaks the rule.</exception>
    public static EncryptionKey Generate(string id)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes];
        RandomNumberGenerator.Fill(bytes);
        var key = new EncryptionKey(id, bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }

    /// <summary>As <see cref="KeyProvider"/> reads it: the id, a colon, the key in base64. Keep it secret.</summary>
    public string ToSecretText() => $"{Id}:{Convert.ToBase64String(_bytes)}";

    /// <summary>The id only.</summary>
    public override string ToString() => Id;

    /// <summary>Derives what one file needs (HKDF with SHA-256, RFC 5869).</summary>
    internal void Derive(Span<byte> output, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, _bytes, output, salt, purpose);
}
