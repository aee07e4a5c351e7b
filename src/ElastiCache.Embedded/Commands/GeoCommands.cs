namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on places on the globe.</summary>
internal static class GeoCommands
{
    public static readonly Command[] Rows = [];
}
