using System.Buffers.Text;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The log's lines for an entry's marks, each before the command that stores it. Redis has no place for marks, and skips lines that begin with a number sign.</summary>
/// <remarks>
/// <code>
///   #FLAGS:7        Memcached's flags
///   #PRIORITY:3     an EvictionPriority
///   #COST:20        what a miss costs
/// </code>
/// </remarks>
internal static class EntryAnnotations
{
    public static ReadOnlySpan<byte> Flags => "#FLAGS:"u8;

    public static ReadOnlySpan<byte> Priority => "#PRIORITY:"u8;

    public static ReadOnlySpan<byte> Cost => "#COST:"u8;

    /// <summary>Adds what a line says to the marks. Other lines, and what only a later version can mean, are passed over.</summary>
    public static void Read(ReadOnlySpan<byte> line, ref EntryMarks marks)
    {
        if (Is(line, Flags, out uint number))
        {
            marks = marks.WithFlags(number);
        }
        else if (Is(line, Priority, out number) && number <= (uint)EvictionPriority.NeverRemove)
        {
            marks = marks.WithPriority((EvictionPriority)number);
        }
        else if (Is(line, Cost, out number) && number is >= 1 and <= EntryMarks.MostCost)
        {
            marks = marks.WithCost((int)number);
        }
    }

    private static bool Is(ReadOnlySpan<byte> line, ReadOnlySpan<byte> start, out uint number)
    {
        number = 0;
        return line.StartsWith(start) && Utf8Parser.TryParse(line[start.Length..], out number, out _);
    }
}
