namespace ElastiCache.Embedded.Operations;

/// <summary>The names that Redis's TYPE answers with.</summary>
internal static class TypeNames
{
    public static string Of(ValueKind kind) => kind switch
    {
        ValueKind.String => "string",
        ValueKind.List => "list",
        ValueKind.Set => "set",
        ValueKind.SortedSet => "zset",
        ValueKind.Hash => "hash",
        ValueKind.Stream => "stream",
        _ => "none",
    };
}
