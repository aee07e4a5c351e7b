using System.Text;
using System.Text.RegularExpressions;

namespace ElastiCache.Embedded.Tests.House;

/// <summary>A C# file as the house rules see it: its lines, with comments and literals blanked out.</summary>
/// <remarks>
/// No compiler: a scanner that knows where comments, strings and characters end is enough to tell a word in code from a word
/// in prose. Code inside the holes of an interpolated string counts as part of the string.
/// </remarks>
internal sealed partial class SourceFile
{
    public SourceFile(string path, string text)
    {
        Path = path;
        Code = Blank(text).Split('\n');
        DeclaredTypes = TypeDeclaration().Matches(string.Join('\n', Code)).Select(match => match.Groups["name"].Value).Distinct().ToList();
        Namespace = Code.Select(line => NamespaceDeclaration().Match(line)).FirstOrDefault(match => match.Success)?.Groups["name"].Value;
    }

    /// <summary>Relative to the library's folder, with forward slashes: <c>Memory/Segment.cs</c>.</summary>
    public string Path { get; }

    /// <summary>The first folder of <see cref="Path"/>; empty for a file that lies beside the project.</summary>
    public string Folder => Path.Contains('/', StringComparison.Ordinal) ? Path[..Path.IndexOf('/', StringComparison.Ordinal)] : "";

    /// <summary>The lines; what stood in comments and literals is blank.</summary>
    public IReadOnlyList<string> Code { get; }

    public IReadOnlyList<string> DeclaredTypes { get; }

    public string? Namespace { get; }

    /// <summary>Places a file name and a line number before a complaint, as compilers do.</summary>
    public string At(int lineIndex, string complaint) => $"src/ElastiCache.Embedded/{Path}({lineIndex + 1}): {complaint}";

    private static string Blank(string text)
    {
        var code = new StringBuilder(text.Length);
        int at = 0;
        while (at < text.Length)
        {
            int end = EndOfProse(text, at);
            if (end == at)
            {
                code.Append(text[at++]);
                continue;
            }

            for (; at < end; at++)
            {
                code.Append(text[at] == '\n' ? '\n' : ' ');
            }
        }

        return code.ToString();
    }

    /// <summary>Where the comment or literal that begins at <paramref name="at"/> ends; <paramref name="at"/> when none begins.</summary>
    private static int EndOfProse(string text, int at)
    {
        ReadOnlySpan<char> rest = text.AsSpan(at);
        if (rest.StartsWith("//"))
        {
            return EndBefore(text, at, "\n");
        }

        if (rest.StartsWith("/*"))
        {
            return EndBehind(text, at + 2, "*/");
        }

        if (rest.StartsWith("\"\"\""))
        {
            int quotes = rest.IndexOfAnyExcept('"');
            quotes = quotes < 0 ? rest.Length : quotes;
            return EndBehind(text, at + quotes, new string('"', quotes));
        }

        return rest[0] switch
        {
            '"' when at > 0 && (text[at - 1] == '@' || (text[at - 1] == '$' && at > 1 && text[at - 2] == '@')) => EndOfVerbatim(text, at + 1),
            '"' => EndOfEscaped(text, at + 1, '"'),
            '\'' => EndOfEscaped(text, at + 1, '\''),
            _ => at,
        };
    }

    private static int EndBefore(string text, int from, string mark)
    {
        int found = text.IndexOf(mark, from, StringComparison.Ordinal);
        return found < 0 ? text.Length : found;
    }

    private static int EndBehind(string text, int from, string mark) =>
        Math.Min(text.Length, EndBefore(text, from, mark) + mark.Length);

    private static int EndOfVerbatim(string text, int at)
    {
        while (at < text.Length)
        {
            at = EndBehind(text, at, "\"");
            if (at >= text.Length || text[at] != '"')
            {
                return at;
            }

            at++; // "" is a quotation mark inside
        }

        return text.Length;
    }

    private static int EndOfEscaped(string text, int at, char quote)
    {
        while (at < text.Length && text[at] != quote && text[at] != '\n')
        {
            at += text[at] == '\\' ? 2 : 1;
        }

        return Math.Min(text.Length, at + 1);
    }

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[\w<>\[\]?.]+)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^\s*namespace\s+(?<name>[\w.]+)")]
    private static partial Regex NamespaceDeclaration();
}
