using System.Text;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Walks over the keys of a database.</summary>
/// <remarks>
/// A key that is there during the whole walk is met exactly once, also while the table grows and shrinks; one that comes or goes
/// may be met or not. No lock is held between steps, nor long in one, and a walk may be given up at any time. The order has no meaning.
/// </remarks>
public static class KeyScanExtensions
{
    private const long KeysAPage = 256;

    /// <summary>All keys that match a pattern, as text, while the walk goes on: O(n) in all. Redis: KEYS, and SCAN with MATCH.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="pattern">See <see cref="ScanOptions.Pattern"/>.</param>
    /// <returns>The keys. Bytes that are no UTF-8 show as U+FFFD: where there may be such keys, use <see cref="MatchBytes"/>. Each enumeration is a walk of its own.</returns>
    public static IEnumerable<string> Match(this Keys keys, string pattern = "*") => keys.MatchBytes(pattern).Select(Encoding.UTF8.GetString);

    /// <summary>As <see cref="Match"/>, with the keys as bytes.</summary>
    public static IEnumerable<byte[]> MatchBytes(this Keys keys, string pattern = "*")
    {
        ArgumentNullException.ThrowIfNull(pattern);
        keys.Database.ThrowIfDisposed();
        return Walk(keys, new ScanOptions { Pattern = pattern, Count = KeysAPage });
    }

    /// <summary>One step of a walk. O(count). Redis: SCAN.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="cursor">0 to begin, then <see cref="ScanPage.Cursor"/> of the step before.</param>
    /// <param name="options">What to look for.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="ScanOptions.Count"/> is negative.</exception>
    public static ScanPage Scan(this Keys keys, ulong cursor = 0, in ScanOptions options = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Count, nameof(options.Count));
        var arguments = new ScanArguments
        {
            Pattern = options.Pattern is null ? default : Encoding.UTF8.GetBytes(options.Pattern),
            HasPattern = options.Pattern is not null,
            Kind = options.Kind,
            Count = options.Count,
        };
        var found = new Found([]);
        cursor = keys.Database.Operations.Scans.Scan(keys.Database.Index, cursor, arguments, ref found);
        return new ScanPage(cursor, found.Keys);
    }

    /// <summary>A key drawn at random, each with the same probability, as text; null if the database is empty. O(1). Redis: RANDOMKEY.</summary>
    public static string? Random(this Keys keys) => keys.RandomBytes() is { } key ? Encoding.UTF8.GetString(key) : null;

    /// <summary>As <see cref="Random"/>, with the key as bytes.</summary>
    public static byte[]? RandomBytes(this Keys keys)
    {
        keys.Database.ThrowIfDisposed();
        return keys.Database.Operations.Scans.RandomKey(keys.Database.Index);
    }

    private static IEnumerable<byte[]> Walk(Keys keys, ScanOptions options)
    {
        ScanPage page = default;
        do
        {
            page = keys.Scan(page.Cursor, options);
            foreach (byte[] key in page.Keys)
            {
                yield return key;
            }
        }
        while (page.Cursor != 0);
    }

    private readonly struct Found(List<byte[]> keys) : IKeySink
    {
        public List<byte[]> Keys => keys;

        public void Take(ReadOnlySpan<byte> key) => keys.Add(key.ToArray());
    }
}
