using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace ElastiCache.Embedded.Persistence.Envelope;

/// <summary>The first 128 bytes of a file in an envelope.</summary>
/// <remarks>
/// <code>
///    0  8  "ECSEAL01"
///    8  1  1 = encrypted, 0 = not                       (all integers little-endian)
///    9  1  bytes of the key's id
///   10  6  zero
///   16  8  when the file was made, Unix seconds
///   24 32  salt, random for each file
///   56  8  derived from the key: tells a wrong key from damage
///   64 56  the key's id in UTF-8, then zeros
///  120  8  XXH3 of the 120 bytes before
/// </code>
/// The key of the file is derived from the provider's key, with bytes 0 to 55 as salt: no two files share a key, so that a frame's number serves as nonce, and a
/// frame of another file never decrypts. Nothing here is secret.
/// </remarks>
internal readonly struct EnvelopeHeader
{
    public const int Bytes = 128;
    public const int MagicBytes = 8;

    private const int DerivationBytes = 56;
    private const int CheckAt = 56;
    private const int IdAt = 64;
    private const int HashAt = 120;

    private readonly byte[] _bytes;

    private EnvelopeHeader(byte[] bytes) => _bytes = bytes;

    public static ReadOnlySpan<byte> Magic => "ECSEAL01"u8;

    public ReadOnlySpan<byte> Span => _bytes;

    public bool IsEncrypted => _bytes[8] == 1;

    public string KeyId => Encoding.UTF8.GetString(_bytes, IdAt, _bytes[9]);

    public long CreatedSecond => BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(16));

    public ReadOnlySpan<byte> Salt => _bytes.AsSpan(24, 32);

    /// <summary>A header for a new file.</summary>
    public static EnvelopeHeader New(EncryptionKey? key, long unixSeconds)
    {
        byte[] bytes = new byte[Bytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), unixSeconds);
        RandomNumberGenerator.Fill(bytes.AsSpan(24, 32));
        var header = new EnvelopeHeader(bytes);
        if (key != null)
        {
            bytes[8] = 1;
            bytes[9] = (byte)Encoding.UTF8.GetBytes(key.Id, bytes.AsSpan(IdAt, EncryptionKey.LongestIdBytes));
            header.Check(key, bytes.AsSpan(CheckAt, 8));
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(HashAt), XxHash3.HashToUInt64(bytes.AsSpan(0, HashAt)));
        return header;
    }

    /// <summary>Reads a header.</summary>
    /// <returns>False if the bytes are not those of one.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out EnvelopeHeader header)
    {
        header = default;
        if (bytes.Length < Bytes || !bytes.StartsWith(Magic) || bytes[8] > 1 || bytes[9] > EncryptionKey.LongestIdBytes ||
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[HashAt..]) != XxHash3.HashToUInt64(bytes[..HashAt]))
        {
            return false;
        }

        header = new EnvelopeHeader(bytes[..Bytes].ToArray());
        return true;
    }

    /// <summary>Whether the file was written under this key.</summary>
    public bool IsUnder(EncryptionKey key)
    {
        Span<byte> check = stackalloc byte[8];
        Check(key, check);
        return check.SequenceEqual(_bytes.AsSpan(CheckAt, 8));
    }

    /// <summary>Derives the key of this file.</summary>
    public void DeriveKey(EncryptionKey key, Span<byte> fileKey) => key.Derive(fileKey, _bytes.AsSpan(0, DerivationBytes), "ElastiCache.Embedded file"u8);

    private void Check(EncryptionKey key, Span<byte> check) => key.Derive(check, _bytes.AsSpan(0, DerivationBytes), "ElastiCache.Embedded check"u8);
}
