using System.Globalization;

namespace ElastiCache.Embedded.Server.Configuration;

/// <summary>A rule of <c>save</c>: a snapshot is due when so much has changed and the last one is so long ago.</summary>
/// <param name="Seconds">Since the last snapshot, more than these.</param>
/// <param name="Changes">Since the last snapshot, no fewer than these.</param>
internal readonly record struct SaveRule(long Seconds, long Changes)
{
    /// <summary>The rules of a value that <see cref="WordParameters.ReadSave"/> has accepted: <c>3600 1 300 100</c> is two.</summary>
    public static SaveRule[] Parse(string value) => [.. WordParameters.Split(value)
        .Select(word => long.Parse(word, CultureInfo.InvariantCulture))
        .Chunk(2)
        .Select(pair => new SaveRule(pair[0], pair[1]))];
}
