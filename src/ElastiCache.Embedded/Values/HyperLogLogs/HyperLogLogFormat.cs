using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>How a HyperLogLog lies in a string: Redis's own bytes, so that a value may be copied from one to the other.</summary>
/// <remarks>
/// A HyperLogLog estimates how many different elements it has seen, within 0.81 %, without keeping any. Each element's hash chooses one of 16,384
/// registers with its low 14 bits, and the register keeps the longest run of zeros seen in the rest (its rank): a run of n zeros is seen once in
/// 2^n elements, so long runs mean many elements. Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", 2007.
/// <code>
///    0  4   "HYLL"
///    4  u8  encoding: 0 dense, 1 sparse
///    5  3   not used, 0
///    8  u64 the last count, little-endian; the top bit set: it is out of date
///   16      registers (<see cref="DenseRegisters"/>, <see cref="SparseRegisters"/>)
/// </code>
/// The value is a string like any other: whoever likes may overwrite a part of it. Everything here therefore takes bytes that nobody has checked.
/// </remarks>
internal static class HyperLogLogFormat
{
    /// <summary>The number of registers, 2^14.</summary>
    public const int Registers = 1 << IndexBits;

    /// <summary>The bits of a hash that choose a register.</summary>
    public const int IndexBits = 14;

    /// <summary>The highest rank: what the other 50 bits give when they are all zeros.</summary>
    public const int MaxRank = 64 - IndexBits + 1;

    /// <summary>Length of what precedes the registers.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Length of a dense value: always this.</summary>
    public const int DenseBytes = HeaderBytes + DenseRegisters.Bytes;

    /// <summary>The longest sparse value worth the name: a byte a register. Longer ones come only from elsewhere.</summary>
    public const int LongestSparseBytes = HeaderBytes + Registers;

    private const int EncodingAt = 4;
    private const int CountAt = 8;
    private const byte Dense = 0;
    private const byte Sparse = 1;
    private const ulong OutOfDate = 1UL << 63;

    /// <summary>Whether the bytes may be a HyperLogLog; sparse registers are checked only when they are read.</summary>
    public static bool IsValid(ReadOnlySpan<byte> value) =>
        value.Length >= HeaderBytes
        && value.StartsWith("HYLL"u8)
        && (value[EncodingAt] == Dense ? value.Length == DenseBytes : value[EncodingAt] == Sparse);

    /// <summary>Whether the registers are the dense ones.</summary>
    public static bool IsDense(ReadOnlySpan<byte> value) => value[EncodingAt] == Dense;

    /// <summary>The registers of a valid value.</summary>
    public static Span<byte> RegistersOf(Span<byte> value) => value[HeaderBytes..];

    /// <inheritdoc cref="RegistersOf(Span{byte})"/>
    public static ReadOnlySpan<byte> RegistersOf(ReadOnlySpan<byte> value) => value[HeaderBytes..];

    /// <summary>Writes the header of a value that has counted nothing.</summary>
    public static void WriteHeader(Span<byte> value)
    {
        value[..HeaderBytes].Clear();
        "HYLL"u8.CopyTo(value);
        value[EncodingAt] = Sparse;
    }

    /// <summary>Says that the registers are dense from now on; the count stays.</summary>
    public static void MarkDense(Span<byte> value) => value[EncodingAt] = Dense;

    /// <summary>The last count, unless a register has changed since.</summary>
    public static bool TryGetCount(ReadOnlySpan<byte> value, out long count)
    {
        ulong stored = BinaryPrimitives.ReadUInt64LittleEndian(value[CountAt..]);
        count = (long)stored;
        return (stored & OutOfDate) == 0;
    }

    /// <summary>Stores a count.</summary>
    public static void SetCount(Span<byte> value, long count) => BinaryPrimitives.WriteUInt64LittleEndian(value[CountAt..], (ulong)count & ~OutOfDate);

    /// <summary>Says that the stored count is out of date.</summary>
    public static void Invalidate(Span<byte> value) => value[CountAt + 7] |= 0x80;
}
