namespace ElastiCache.Embedded;

/// <summary>A value with its version, for <see cref="StringVersionExtensions.CompareAndSet{T}"/>.</summary>
/// <param name="Value">The value.</param>
/// <param name="Version">A number that changes with every change of the value; never 0, and never used again for this key.</param>
/// <param name="Flags">32 bits that were stored with the value: <see cref="SetOptions.Flags"/>.</param>
public readonly record struct Versioned<T>(T? Value, ulong Version, uint Flags);
