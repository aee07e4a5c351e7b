namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Keys whose bytes follow from their ids; the first is the current one.</summary>
internal sealed class KeyRing(params string[] ids) : IKeyProvider
{
    public EncryptionKey Current => KeyOf(ids[0]);

    public EncryptionKey? Find(string id) => ids.Contains(id) ? KeyOf(id) : null;

    public static EncryptionKey KeyOf(string id, byte fill = 7) => new(id, Enumerable.Range(0, EncryptionKey.KeyBytes).Select(i => (byte)(fill + i + id.Sum(letter => letter))).ToArray());
}
