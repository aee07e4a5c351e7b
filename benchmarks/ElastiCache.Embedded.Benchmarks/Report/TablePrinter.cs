using System.Globalization;

namespace ElastiCache.Embedded.Benchmarks.Report;

/// <summary>Prints comparisons as aligned text, or as a Markdown table for the README.</summary>
internal static class TablePrinter
{
    private static readonly string[] Headings =
        ["work", "peer", "ours", "peer's", "ratio", "goal", "B ours", "B peer's", "rounds", "remark"];

    public static void Print(TextWriter output, IReadOnlyList<Comparison> comparisons, bool markdown)
    {
        string[][] rows = [.. comparisons.Select(Cells)];
        int[] widths = [.. Headings.Select((heading, i) => rows.Select(r => r[i].Length).Append(heading.Length).Max())];
        if (markdown)
        {
            output.WriteLine("| " + string.Join(" | ", Headings) + " |");
            output.WriteLine("|" + string.Concat(Headings.Select((_, i) => IsNumber(i) ? "--:|" : "---|")));
        }
        else
        {
            output.WriteLine(Line(Headings, widths));
            output.WriteLine(string.Join("  ", widths.Select(w => new string('-', w))));
        }

        string previous = "";
        foreach (string[] row in rows)
        {
            if (!markdown && previous.Length > 0 && row[0] != previous)
            {
                output.WriteLine();
            }

            previous = row[0];
            output.WriteLine(markdown ? "| " + string.Join(" | ", row) + " |" : Line(row, widths));
        }

        Goal[] goals = [.. comparisons.Select(c => c.Goal).OfType<Goal>()];
        output.WriteLine();
        output.WriteLine($"{goals.Count(g => g.IsMet)} of {goals.Length} goals met.");
    }

    private static string[] Cells(Comparison c) =>
    [
        c.Workload, c.Peer, Time(c.SubjectNs), Time(c.PeerNs), Ratio(c.Ratio), c.Goal?.ToString() ?? "",
        Bytes(c.SubjectBytes), Bytes(c.PeerBytes), c.Rounds.ToString(CultureInfo.InvariantCulture), c.Note,
    ];

    private static bool IsNumber(int column) => column is 2 or 3 or 4 or 6 or 7 or 8;

    private static string Line(string[] cells, int[] widths) => string.Join("  ", cells.Select((cell, i) =>
        IsNumber(i) ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd();

    private static string Ratio(double? ratio) => ratio?.ToString(ratio < 0.095 ? "0.000" : "0.00", CultureInfo.InvariantCulture) ?? "";

    private static string Bytes(double? bytes) => bytes?.ToString("0.#", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Nanoseconds in the unit that a reader would choose.</summary>
    public static string Time(double? nanoseconds) => nanoseconds is not { } ns ? "" : string.Create(CultureInfo.InvariantCulture, $"{ns switch
    {
        _ when Math.Abs(ns) < 10_000 => $"{ns:0.#} ns",
        _ when Math.Abs(ns) < 1e6 => $"{ns / 1e3:0.#} µs",
        _ when Math.Abs(ns) < 1e9 => $"{ns / 1e6:0.##} ms",
        _ => $"{ns / 1e9:0.##} s",
    }}");
}
