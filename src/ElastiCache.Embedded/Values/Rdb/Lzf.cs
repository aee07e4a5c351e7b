using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ElastiCache.Embedded.Values;

/// <summary>LZF, the compression of strings in Redis's files (Marc Lehmann's liblzf).</summary>
/// <remarks>
/// <code>
///   000LLLLL  bytes                       L + 1 bytes as they are
///   LLLooooo  oooooooo                    L + 2 bytes (L is 1 to 6) from o + 1 bytes before
///   111ooooo  LLLLLLLL  oooooooo          L + 9 bytes from o + 1 bytes before
/// </code>
/// A copy may reach into what it writes itself: that is how runs are stored.
/// </remarks>
internal static class Lzf
{
    private const int MostLiterals = 32;
    private const int MostCopied = 264;
    private const int MostDistance = 1 << 13;
    private const int LeastCopied = 3;

    // After 64 bytes without a match every second place is looked at, after 128 every third.
    private const int SkipShift = 6;

    // A place for each two bytes or so: clearing more would take longer than compressing a short string. Benchmark: compare, "rdb".
    private const int LeastHashBits = 6;
    private const int MostHashBits = 12;

    // Three bytes make 264.
    private const int MostGrowth = MostCopied / 3;

    /// <summary>The most bytes that compressed ones can stand for; what declares more is damaged.</summary>
    public static long MostDecompressed(int compressedBytes) => (long)compressedBytes * MostGrowth;

    /// <summary>Decompresses.</summary>
    /// <returns>Whether the bytes are well-formed and fill the destination exactly.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> compressed, Span<byte> destination)
    {
        int from = 0, to = 0;
        while (from < compressed.Length)
        {
            int control = compressed[from++];
            if (control < MostLiterals)
            {
                int literals = control + 1;
                if (literals > compressed.Length - from || literals > destination.Length - to)
                {
                    return false;
                }

                compressed.Slice(from, literals).CopyTo(destination[to..]);
                from += literals;
                to += literals;
                continue;
            }

            int length = control >> 5;
            if (length == 7)
            {
                if (from == compressed.Length)
                {
                    return false;
                }

                length += compressed[from++];
            }

            length += 2;
            if (from == compressed.Length)
            {
                return false;
            }

            int distance = ((control & 0x1F) << 8) + compressed[from++] + 1;
            if (distance > to || length > destination.Length - to)
            {
                return false;
            }

            Copy(destination, to, distance, length);
            to += length;
        }

        return to == destination.Length;
    }

    /// <summary>Compresses.</summary>
    /// <param name="bytes">What to compress.</param>
    /// <param name="destination">At most so many bytes.</param>
    /// <returns>The bytes written; 0 if it takes more than the destination has.</returns>
    [SkipLocalsInit]
    public static int Compress(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        // Where three bytes with a hash were last seen, plus 1.
        int hashBits = Math.Clamp(BitOperations.Log2((uint)bytes.Length | 1), LeastHashBits, MostHashBits);
        Span<int> seen = stackalloc int[1 << hashBits];
        seen.Clear();
        int to = 0, literalsFrom = 0, at = 0;
        while (TryFindMatch(bytes, seen, 32 - hashBits, literalsFrom, ref at, out int before))
        {
            int length = LengthOfMatch(bytes, before, at);
            if (!WriteLiterals(bytes[literalsFrom..at], destination, ref to) || !WriteCopy(at - before, length, destination, ref to))
            {
                return 0;
            }

            at += length;
            literalsFrom = at;
        }

        return WriteLiterals(bytes[literalsFrom..], destination, ref to) ? to : 0;
    }

    // The next place from which on at least three bytes have been seen before. The longer there was none the fewer places are looked at, as in LZ4 (Collet): what does not compress
    // should not cost much. The places are below the length, so nothing is read beyond the bytes.
    private static unsafe bool TryFindMatch(ReadOnlySpan<byte> bytes, Span<int> seen, int shift, int literalsFrom, ref int at, out int before)
    {
        fixed (byte* start = bytes)
        fixed (int* places = seen)
        {
            int end = bytes.Length - LeastCopied;
            while (at < end)
            {
                uint three = ThreeAt(start + at);
                int* place = places + ((three * 2654435761u) >> shift);
                before = *place - 1;
                *place = at + 1;
                if (before >= 0 && at - before <= MostDistance && ThreeAt(start + before) == three)
                {
                    return true;
                }

                at += 1 + ((at - literalsFrom) >> SkipShift);
            }
        }

        before = -1;
        return false;
    }

    // Four bytes are there: places end three before the end.
    private static unsafe uint ThreeAt(byte* place)
    {
        uint four = *(uint*)place;
        return (BitConverter.IsLittleEndian ? four : BinaryPrimitives.ReverseEndianness(four)) & 0xFFFFFF;
    }

    private static void Copy(Span<byte> destination, int to, int distance, int length)
    {
        if (distance >= length)
        {
            destination.Slice(to - distance, length).CopyTo(destination[to..]);
            return;
        }

        if (distance == 1)
        {
            destination.Slice(to, length).Fill(destination[to - 1]);
            return;
        }

        // A run: what is there is copied, then twice as much, and so on.
        Span<byte> run = destination.Slice(to - distance, distance + length);
        for (int filled = distance; filled < run.Length; filled += Math.Min(filled, run.Length - filled))
        {
            run[..Math.Min(filled, run.Length - filled)].CopyTo(run[filled..]);
        }
    }

    private static int LengthOfMatch(ReadOnlySpan<byte> bytes, int before, int at)
    {
        int most = Math.Min(MostCopied, bytes.Length - at);
        ReadOnlySpan<byte> one = bytes.Slice(before, most), other = bytes.Slice(at, most);
        int length = 0;
        for (; length <= most - Vector128<byte>.Count; length += Vector128<byte>.Count)
        {
            uint equal = Vector128.Equals(Vector128.Create(one[length..]), Vector128.Create(other[length..])).ExtractMostSignificantBits();
            if (equal != ushort.MaxValue)
            {
                return length + BitOperations.TrailingZeroCount(~equal);
            }
        }

        while (length < most && one[length] == other[length])
        {
            length++;
        }

        return length;
    }

    private static bool WriteLiterals(ReadOnlySpan<byte> literals, Span<byte> destination, ref int to)
    {
        while (literals.Length > 0)
        {
            int count = Math.Min(MostLiterals, literals.Length);
            if (count + 1 > destination.Length - to)
            {
                return false;
            }

            destination[to++] = (byte)(count - 1);
            literals[..count].CopyTo(destination[to..]);
            to += count;
            literals = literals[count..];
        }

        return true;
    }

    private static bool WriteCopy(int distance, int length, Span<byte> destination, ref int to)
    {
        const int MostBytes = 3;
        if (MostBytes > destination.Length - to)
        {
            return false;
        }

        int offset = distance - 1;
        int code = length - 2;
        destination[to++] = (byte)((Math.Min(code, 7) << 5) | (offset >> 8));
        if (code >= 7)
        {
            destination[to++] = (byte)(code - 7);
        }

        destination[to++] = (byte)offset;
        return true;
    }
}
