namespace ElastiCache.Embedded.Values;

/// <summary>Bytes that should be a value are none: too short, out of bounds, contradicting themselves.</summary>
internal sealed class RdbDataException(string message) : FormatException(message);
