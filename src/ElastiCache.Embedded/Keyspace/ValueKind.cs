using System.Diagnostics.CodeAnalysis;

namespace ElastiCache.Embedded;

/// <summary>What a key holds; the answer of Redis's <c>TYPE</c>.</summary>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "Redis's own names.")]
public enum ValueKind
{
    /// <summary>The key doesn't exist (<c>none</c>).</summary>
    None = 0,

    /// <summary>A string of bytes (<c>string</c>).</summary>
    String = 1,

    /// <summary>A list (<c>list</c>).</summary>
    List = 2,

    /// <summary>A set (<c>set</c>).</summary>
    Set = 3,

    /// <summary>A sorted set (<c>zset</c>).</summary>
    SortedSet = 4,

    /// <summary>A hash (<c>hash</c>).</summary>
    Hash = 5,

    /// <summary>A stream (<c>stream</c>).</summary>
    Stream = 6,
}
