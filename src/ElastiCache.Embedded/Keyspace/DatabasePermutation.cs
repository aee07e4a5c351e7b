namespace ElastiCache.Embedded.Keyspace;

/// <summary>Sixteen database numbers and a mapping between the number stored and the number meant.</summary>
/// <remarks>
/// SWAPDB exchanges two databases in O(1); something that has a database number written into millions of places can follow
/// only by reading those numbers through a permutation. Both directions are kept, sixteen digits of four bits in a word each:
/// <code>
///   at first          _meant  0xFEDCBA9876543210   _stored  0xFEDCBA9876543210
///   Swap(0, 3)        _meant  0xFEDCBA9876540213   _stored  0xFEDCBA9876540213      stored 0 now means 3
///   Swap(3, 5)        _meant  0xFEDCBA9876340215   _stored  0xFEDCBA9876043215      stored 0 now means 5, stored 5 means 3
/// </code>
/// </remarks>
internal struct DatabasePermutation
{
    /// <summary>Databases there are: 0 to 15.</summary>
    public const int Count = 16;

    private const ulong Identity = 0xFEDC_BA98_7654_3210;

    private ulong _meant;
    private ulong _stored;

    /// <summary>The permutation in which each number means itself.</summary>
    public DatabasePermutation()
    {
        _meant = Identity;
        _stored = Identity;
    }

    /// <summary>The database that a stored number means now.</summary>
    public readonly int Meant(int stored) => Digit(_meant, stored);

    /// <summary>The number to store for a database.</summary>
    public readonly int Stored(int database) => Digit(_stored, database);

    /// <summary>What was stored for <paramref name="a"/> means <paramref name="b"/> from here on, and the other way round.</summary>
    public void Swap(int a, int b)
    {
        int storedForA = Stored(a);
        int storedForB = Stored(b);
        SetDigit(ref _meant, storedForA, b);
        SetDigit(ref _meant, storedForB, a);
        SetDigit(ref _stored, a, storedForB);
        SetDigit(ref _stored, b, storedForA);
    }

    private static int Digit(ulong digits, int place) => (int)(digits >> (4 * place)) & 0xF;

    private static void SetDigit(ref ulong digits, int place, int value) =>
        digits = (digits & ~(0xFUL << (4 * place))) | ((ulong)value << (4 * place));
}
