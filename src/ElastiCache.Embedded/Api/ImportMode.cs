namespace ElastiCache.Embedded;

/// <summary>What an import does with keys that are there already.</summary>
public enum ImportMode
{
    /// <summary>The cache must be empty: nothing is imported otherwise.</summary>
    IntoEmpty,

    /// <summary>Keys of the file replace those that are there.</summary>
    Replace,

    /// <summary>Keys that are there stay.</summary>
    Keep,
}
