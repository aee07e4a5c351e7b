using System.Text.RegularExpressions;

namespace ElastiCache.Embedded.Tests.House;

/// <summary>What keeps the library readable: small files, whole types, and unsafe code in few places.</summary>
public sealed partial class SourceShapeTests
{
    /// <summary>Comfortable is 300. Past this number a file has two ideas.</summary>
    private const int LongestFileLines = 500;

    private static readonly string[] UnsafeFolders = ["Memory", "Keyspace", "Values"];

    /// <summary>Files elsewhere that need the keyword, each with its reason beside it.</summary>
    private static readonly string[] UnsafeFiles = [];

    [Fact]
    public void The_keyword_unsafe_stays_in_the_folders_made_for_it()
    {
        var violations = Repository.LibrarySources
            .Where(file => !UnsafeFolders.Contains(file.Folder) && !UnsafeFiles.Contains(file.Path))
            .SelectMany(file => LinesThatMatch(file, UnsafeKeyword())
                .Select(i => file.At(i, $"'{file.Code[i].Trim()}': hide it behind a plain signature in {string.Join("/ or ", UnsafeFolders)}/")))
            .ToList();

        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Fact]
    public void No_file_is_too_long_to_hold_one_idea()
    {
        var tooLong = Repository.LibrarySources
            .Where(file => file.Code.Count - 1 > LongestFileLines)
            .Select(file => file.At(LongestFileLines, $"{file.Code.Count - 1} lines; {LongestFileLines} is the limit"))
            .ToList();

        Assert.True(tooLong.Count == 0, string.Join('\n', tooLong));
    }

    [Fact]
    public void Partial_is_for_source_generators_so_a_type_has_one_file()
    {
        var split = Repository.LibrarySources
            .SelectMany(file => LinesThatMatch(file, PartialType()).Select(i => (File: file, Line: i, Type: PartialType().Match(file.Code[i]).Groups["name"].Value)))
            .GroupBy(found => (found.File.Namespace, found.Type))
            .Where(type => type.Select(found => found.File.Path).Distinct().Count() > 1)
            .SelectMany(type => type.Select(found => found.File.At(found.Line, $"'{found.Type}' is split over {type.Count()} files; split into partials it is still one class")))
            .ToList();

        Assert.True(split.Count == 0, string.Join('\n', split));
    }

    private static IEnumerable<int> LinesThatMatch(SourceFile file, Regex pattern) =>
        Enumerable.Range(0, file.Code.Count).Where(i => pattern.IsMatch(file.Code[i]));

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex UnsafeKeyword();

    [GeneratedRegex(@"\bpartial\s+(?:class|struct|interface|record(?:\s+(?:class|struct))?)\s+(?<name>\w+)")]
    private static partial Regex PartialType();
}
