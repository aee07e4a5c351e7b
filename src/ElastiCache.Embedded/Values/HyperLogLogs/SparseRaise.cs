namespace ElastiCache.Embedded.Values;

/// <summary>What came of raising a register in the sparse form.</summary>
internal enum SparseRaise
{
    /// <summary>The register holds that much already.</summary>
    Unchanged,

    /// <summary>The register was raised.</summary>
    Changed,

    /// <summary>The runs would need too many bytes: the value must turn dense first. Nothing has changed.</summary>
    TooLong,

    /// <summary>The runs do not cover the register. Nothing has changed.</summary>
    Corrupt,
}
