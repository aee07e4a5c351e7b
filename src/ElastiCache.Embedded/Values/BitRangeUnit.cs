namespace ElastiCache.Embedded;

/// <summary>What the start and end of BITCOUNT and BITPOS count.</summary>
public enum BitRangeUnit
{
    /// <summary>Whole bytes, the default of both commands.</summary>
    Byte,

    /// <summary>Single bits.</summary>
    Bit,
}
