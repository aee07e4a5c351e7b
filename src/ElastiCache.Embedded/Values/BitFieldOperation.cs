namespace ElastiCache.Embedded;

/// <summary>What a step of BITFIELD does.</summary>
public enum BitFieldAction
{
    /// <summary>Answers the field.</summary>
    Get,

    /// <summary>Stores a number; answers the one that was there.</summary>
    Set,

    /// <summary>Adds to the field; answers the sum.</summary>
    IncrementBy,
}

/// <summary>What becomes of a number that does not fit its field.</summary>
public enum BitFieldOverflow
{
    /// <summary>The lowest bits are kept, as C's integers do. The default.</summary>
    Wrap,

    /// <summary>The nearest number that fits is taken.</summary>
    Saturate,

    /// <summary>Nothing is written and the answer of this step is null.</summary>
    Fail,
}

/// <summary>One step of BITFIELD: what to do with which integer in the middle of a string of bits.</summary>
/// <remarks>Create it by the three methods: they refuse a field that Redis refuses.</remarks>
public readonly record struct BitFieldOperation
{
    /// <summary>The highest offset: the last bit of a value of 512 MB.</summary>
    public const long MaxOffset = uint.MaxValue;

    private BitFieldOperation(BitFieldAction action, bool isSigned, int bits, long offset, long argument, BitFieldOverflow overflow)
    {
        int maxBits = isSigned ? 64 : 63;
        if (bits < 1 || bits > maxBits)
        {
            throw new ArgumentOutOfRangeException(nameof(bits), bits, isSigned
                ? "A signed bit field has 1 to 64 bits (i1 to i64)."
                : "An unsigned bit field has 1 to 63 bits (u1 to u63): u64 would not fit a signed 64-bit answer.");
        }

        if (offset is < 0 or > MaxOffset)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, "A bit offset is 0 to 4,294,967,295 (2^32 - 1).");
        }

        Action = action;
        IsSigned = isSigned;
        Bits = bits;
        Offset = offset;
        Argument = argument;
        Overflow = overflow;
    }

    /// <summary>What to do.</summary>
    public BitFieldAction Action { get; }

    /// <summary>Whether the field holds two's complement numbers (i8) or only 0 and above (u8).</summary>
    public bool IsSigned { get; }

    /// <summary>Width of the field: 1 to 64 when signed, 1 to 63 when not.</summary>
    public int Bits { get; }

    /// <summary>The first bit of the field, 0 to <see cref="MaxOffset"/>; no alignment is needed.</summary>
    public long Offset { get; }

    /// <summary>The number to set or to add.</summary>
    public long Argument { get; }

    /// <summary>What becomes of a number that does not fit.</summary>
    public BitFieldOverflow Overflow { get; }

    /// <summary>Whether the step may change the value.</summary>
    public bool IsWrite => Action != BitFieldAction.Get;

    /// <summary>GET.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Width or offset is out of range.</exception>
    public static BitFieldOperation Get(bool isSigned, int bits, long offset) =>
        new(BitFieldAction.Get, isSigned, bits, offset, 0, BitFieldOverflow.Wrap);

    /// <summary>SET.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Width or offset is out of range.</exception>
    public static BitFieldOperation Set(bool isSigned, int bits, long offset, long number, BitFieldOverflow overflow = BitFieldOverflow.Wrap) =>
        new(BitFieldAction.Set, isSigned, bits, offset, number, overflow);

    /// <summary>INCRBY.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Width or offset is out of range.</exception>
    public static BitFieldOperation IncrementBy(bool isSigned, int bits, long offset, long by, BitFieldOverflow overflow = BitFieldOverflow.Wrap) =>
        new(BitFieldAction.IncrementBy, isSigned, bits, offset, by, overflow);
}
