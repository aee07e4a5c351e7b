using System.Numerics;

namespace ElastiCache.Embedded.Values;

/// <summary>The longest sequence of bytes that appears in both values in the same order, gaps allowed: LCS.</summary>
/// <remarks>
/// The textbook fills a table L of |a| × |b| numbers and walks it back from the far corner. Two neighbours in a row of it
/// differ by 0 or 1, so a row is a row of bits, and 64 of them come out of one addition (M. Crochemore, C. Iliopoulos,
/// Y. Pinzon, J. Reid: "A fast and practical bit-vector algorithm for the longest common subsequence problem", 2001, in the form
/// of H. Hyyrö, 2004):
/// <code>
///                      bit j of row i = 0   where   L(i, j) = L(i, j−1) + 1
///   u   = row &amp; match[a_i]              match[c]: 1 where b has the byte c
///   row = (row + u) | (row &amp; ~match[a_i])
/// </code>
/// Departure from the paper: we go down one block of 64 columns at a time rather than along the rows. The block's row then stays
/// in a register, the match table is one block's (2 KB), and what passes between blocks is one carry a row.
/// <para>The walk back needs nothing but those bits. Where the bytes differ, Redis steps up if L(i−1, j) is more than L(i, j−1), else to
/// the left; as L(i, j) is the greater of the two, "more" is the same as L(i, j) = L(i, j−1) + 1, which is the bit. So
/// the stretches come out as Redis finds them, last first, from an eighth of a byte a cell where Redis takes four bytes.</para>
/// <para>LCS runs while its keys are locked, so the refusal of Redis for pairs whose table would exceed 512 MB is kept: 134 million
/// cells.</para>
/// </remarks>
internal static class LongestCommonSubsequence
{
    /// <summary>The table that Redis allows with its default <c>proto-max-bulk-len</c>, in bytes, at four bytes a cell.</summary>
    public const long MaxTableBytes = 512L * 1024 * 1024;

    private const int BlockBits = 64;

    /// <summary>Whether two values of these lengths can be compared. The other methods refuse those that can't.</summary>
    public static bool IsWithinLimit(int aLength, int bLength) =>
        (aLength + 1L) * (bLength + 1L) <= MaxTableBytes / sizeof(uint);

    /// <summary>LCS LEN: the length in bytes of the longest common subsequence. O(|a| × |b| / 64) time, O(|a|) memory.</summary>
    /// <exception cref="ArgumentException">The values are too long; see <see cref="IsWithinLimit"/>.</exception>
    public static int Length(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        ThrowIfBeyondLimit(a.Length, b.Length);
        return FillTable(a, b, table: []);
    }

    /// <summary>LCS: the longest common subsequence; of several, the one that Redis answers. O(|a| × |b| / 64) time.</summary>
    /// <exception cref="ArgumentException">The values are too long; see <see cref="IsWithinLimit"/>.</exception>
    public static byte[] Text(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        List<CommonStretch> stretches = Stretches(a, b, minLength: 0, out int length);
        byte[] text = new byte[length];
        foreach (CommonStretch stretch in stretches)
        {
            length -= stretch.Length;
            a.Slice(stretch.AStart, stretch.Length).CopyTo(text.AsSpan(length));
        }

        return text;
    }

    /// <summary>LCS IDX: where the stretches of the longest common subsequence lie, the last one first.</summary>
    /// <param name="a">The first value.</param>
    /// <param name="b">The second value.</param>
    /// <param name="minLength">MINMATCHLEN: shorter stretches are left out. 0 or less keeps all.</param>
    /// <param name="length">The length in bytes of the whole subsequence, left-out stretches included.</param>
    /// <exception cref="ArgumentException">The values are too long; see <see cref="IsWithinLimit"/>.</exception>
    public static List<CommonStretch> Stretches(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, long minLength, out int length)
    {
        ThrowIfBeyondLimit(a.Length, b.Length);
        ulong[] table = new ulong[TableWords(a.Length, b.Length)];
        length = FillTable(a, b, table);

        var stretches = new List<CommonStretch>();
        int i = a.Length, j = b.Length;
        while (i > 0 && j > 0)
        {
            if (a[i - 1] != b[j - 1])
            {
                if (IsStepOfRow(table, a.Length, b.Length, i - 1, j - 1))
                {
                    i--;
                }
                else
                {
                    j--;
                }

                continue;
            }

            int matched = 1;
            while (matched < i && matched < j && a[i - 1 - matched] == b[j - 1 - matched])
            {
                matched++;
            }

            i -= matched;
            j -= matched;
            if (matched >= minLength)
            {
                stretches.Add(new CommonStretch(i, j, matched));
            }
        }

        return stretches;
    }

    /// <summary>Goes through the table block by block and keeps each row's bits if <paramref name="table"/> has room for them.</summary>
    /// <returns>L(|a|, |b|): the zeros of the last row.</returns>
    private static int FillTable(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, Span<ulong> table)
    {
        Span<ulong> match = stackalloc ulong[256];
        match.Clear();
        byte[] carries = b.Length > BlockBits ? new byte[a.Length] : [];
        int length = 0;
        for (int start = 0; start < b.Length; start += BlockBits)
        {
            ReadOnlySpan<byte> columns = b[start..Math.Min(b.Length, start + BlockBits)];
            for (int j = 0; j < columns.Length; j++)
            {
                match[columns[j]] |= 1UL << j;
            }

            // The bits of a last, narrower block beyond its columns stay 1, for match has none of them.
            ulong row = FillBlock(a, match, carries, table, columns.Length, 8L * sizeof(ulong) * TableWords(a.Length, start));
            length += BitOperations.PopCount(~row);
            foreach (byte column in columns)
            {
                match[column] = 0;
            }
        }

        return length;
    }

    private static ulong FillBlock(ReadOnlySpan<byte> a, ReadOnlySpan<ulong> match, Span<byte> carries, Span<ulong> table, int width, long firstBit)
    {
        ulong row = ulong.MaxValue;
        for (int i = 0; i < a.Length; i++)
        {
            ulong matches = match[a[i]];
            ulong sum = row + (row & matches);
            bool carry = sum < row;
            if (!carries.IsEmpty)
            {
                sum += carries[i];
                carry |= sum < carries[i];
                carries[i] = carry ? (byte)1 : (byte)0;
            }

            row = sum | (row & ~matches);
            if (!table.IsEmpty)
            {
                Store(table, firstBit + ((long)i * width), width, ~row);
            }
        }

        return row;
    }

    // The table keeps the complement, a 1 for each step, block after block. Rows of a narrow last block are packed: with one
    // word for each, a value of one byte against one of a hundred million would take 64 times its share.
    private static void Store(Span<ulong> table, long bit, int width, ulong steps)
    {
        int word = (int)(bit / BlockBits), shift = (int)(bit % BlockBits);
        table[word] |= steps << shift;
        if (shift + width > BlockBits)
        {
            table[word + 1] |= steps >> (BlockBits - shift);
        }
    }

    private static bool IsStepOfRow(ReadOnlySpan<ulong> table, int aLength, int bLength, int i, int j)
    {
        int blockStart = j & ~(BlockBits - 1);
        int width = Math.Min(BlockBits, bLength - blockStart);
        long bit = ((long)blockStart * aLength) + ((long)i * width) + (j - blockStart);
        return ((table[(int)(bit / BlockBits)] >> (int)(bit % BlockBits)) & 1) != 0;
    }

    private static int TableWords(int aLength, int columns) => (int)((((long)aLength * columns) + BlockBits - 1) / BlockBits);

    private static void ThrowIfBeyondLimit(int aLength, int bLength)
    {
        if (!IsWithinLimit(aLength, bLength))
        {
            throw new ArgumentException(
                $"Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len: values of {aLength} and {bLength} bytes " +
                $"need a table of {4 * (aLength + 1L) * (bLength + 1L)} bytes, and {MaxTableBytes} are allowed. Compare shorter parts of them.");
        }
    }
}
