namespace ElastiCache.Embedded;

/// <summary>The ways in which BITOP combines values.</summary>
public enum BitOperator
{
    /// <summary>1 where all values have a 1.</summary>
    And,

    /// <summary>1 where any value has a 1.</summary>
    Or,

    /// <summary>1 where an odd number of values have a 1.</summary>
    Xor,
}
