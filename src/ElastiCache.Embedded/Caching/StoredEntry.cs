using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Caching;

/// <summary>What was found of an entry. The default is a value that something else wrote.</summary>
internal readonly record struct StoredEntry(bool IsEntry, EntryExpiry Expiry, byte[]? Data);

/// <summary>Looks at a stored value where it lies, and takes a copy of the data if there is a use for it.</summary>
/// <remarks>
/// The data goes straight from the store into the array that the caller gets: no buffer between. The bytes may be changing while they are
/// looked at; then the answer is thrown away, so it may be wrong but nothing here may rely on a length it has read.
/// </remarks>
internal readonly struct EntryQuestion(bool wantsData) : IValueQuestion<StoredEntry>
{
    public StoredEntry Ask(ReadOnlySpan<byte> value) => EntryLayout.TryReadHeader(value, out int dataStart, out EntryExpiry expiry)
        ? new StoredEntry(true, expiry, wantsData ? value[dataStart..].ToArray() : null)
        : default;
}
