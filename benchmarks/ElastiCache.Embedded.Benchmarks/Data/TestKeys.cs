using System.Globalization;

namespace ElastiCache.Embedded.Benchmarks.Data;

/// <summary>The test's keys: 23 ASCII characters, <c>session:</c> and 15 digits that look random.</summary>
/// <remarks>
/// Key i carries i · 618,033,988,749,897 mod 10^15. The factor has no divisor in common with 10^15, so no two keys
/// collide; and neighbouring i do not share a prefix, which a comparison or a weak hash could take advantage of.
/// </remarks>
internal static class TestKeys
{
    public const int Length = 23;
    private const string Present = "session:", Absent = "nowhere:"; // of one length: a miss must not be told by it

    /// <summary>A new string on every call, so that no cache ever wins by reference equality.</summary>
    public static string Create(long index, bool present = true) =>
        string.Create(Length, (index, present), static (span, key) => Write(span, key.index, key.present));

    /// <summary>Writes the key into the first <see cref="Length"/> characters of <paramref name="destination"/>.</summary>
    public static void Write(Span<char> destination, long index, bool present = true)
    {
        const long Modulus = 1_000_000_000_000_000;
        long digits = (long)((UInt128)index * 618_033_988_749_897 % Modulus);
        (present ? Present : Absent).CopyTo(destination);
        digits.TryFormat(destination[Present.Length..], out _, "D15", CultureInfo.InvariantCulture);
    }
}
