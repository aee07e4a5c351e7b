using System.Text.RegularExpressions;

namespace ElastiCache.Embedded.Tests.House;

/// <summary>The arrows between the library's folders point one way (docs/architecture.md).</summary>
/// <remarks>
/// Three ways lead from one folder into another, and each is closed downward:
/// <code>
///   using ElastiCache.Embedded.Persistence;      a using line, in any of its forms
///   Persistence.AppendLog log;                   a name qualified by the folder, which needs no using
///   EmbeddedCache cache;                         a public type: those share the root namespace, visible everywhere
/// </code>
/// The last can be told from a property of the same name only when the name is more than one word, so one-word
/// public types (Strings, Keys) are not looked for.
/// </remarks>
public sealed partial class LayeringTests
{
    private const string Root = "ElastiCache.Embedded";

    /// <summary>Each folder may use those before it. Errors, and files beside the project, may be used by all and use none.</summary>
    private static readonly string[] Layers =
    [
        "Memory", "Keyspace", "Values", "Eviction", "Operations", "Messaging",
        "Resp", "Commands", "Persistence", "Diagnostics", "Api", "Caching",
    ];

    private static readonly string[] UsableByAll = ["", "Errors"];

    [Fact]
    public void Every_source_folder_has_a_place_in_the_layers()
    {
        var strangers = Repository.LibrarySources
            .Where(file => !Layers.Contains(file.Folder) && !UsableByAll.Contains(file.Folder))
            .Select(file => file.At(0, $"folder '{file.Folder}' is not in the layer list; put the file in a layer, or give the folder a place in the list"))
            .ToList();

        Assert.True(strangers.Count == 0, string.Join('\n', strangers));
    }

    [Fact]
    public void A_file_declares_the_namespace_of_its_folder_or_the_public_one()
    {
        var wrong = Repository.LibrarySources
            .Where(file => file.Namespace is not null && !MayDeclare(file, file.Namespace))
            .Select(file => file.At(0, $"declares 'namespace {file.Namespace}', but lies in '{file.Folder}/'"))
            .ToList();

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void No_layer_uses_a_later_one()
    {
        var violations = Repository.LibrarySources.SelectMany(file => ForbiddenUses(file, Repository.LibrarySources)).ToList();

        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Theory]
    [InlineData("using ElastiCache.Embedded.Persistence;")]
    [InlineData("using static ElastiCache.Embedded.Persistence.AppendLog;")]
    [InlineData("global using ElastiCache.Embedded.Persistence;")]
    [InlineData("using Log = global::ElastiCache.Embedded.Persistence.AppendLog;")]
    [InlineData("class Segment { ElastiCache.Embedded.Persistence.AppendLog log; }")]
    [InlineData("class Segment { Persistence.AppendLog log; }")]
    [InlineData("class Segment { EmbeddedCache owner; }")]
    public void Each_way_upward_is_recognised(string line)
    {
        var log = new SourceFile("Persistence/AppendLog.cs", "namespace ElastiCache.Embedded.Persistence;\nclass AppendLog { }");
        var cache = new SourceFile("Api/EmbeddedCache.cs", "namespace ElastiCache.Embedded;\npublic sealed class EmbeddedCache { }");
        var segment = new SourceFile("Memory/Segment.cs", $"// a comment may say Persistence.AppendLog\n{line}");

        string violation = Assert.Single(ForbiddenUses(segment, [log, cache, segment]));

        Assert.StartsWith("src/ElastiCache.Embedded/Memory/Segment.cs(2): ", violation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("using ElastiCache.Embedded.Memory;")]
    [InlineData("using ElastiCache.Embedded.Errors;")]
    [InlineData("// EmbeddedCache opens this")]
    [InlineData("class AppendLog { string s = \"EmbeddedCache\"; int n = this.Api.EmbeddedCacheCount; }")]
    public void Ways_downward_and_words_in_prose_are_left_alone(string line)
    {
        var cache = new SourceFile("Api/EmbeddedCache.cs", "namespace ElastiCache.Embedded;\npublic sealed class EmbeddedCache { }");
        var log = new SourceFile("Persistence/AppendLog.cs", line);

        Assert.Empty(ForbiddenUses(log, [log, cache]));
    }

    private static bool MayDeclare(SourceFile file, string declared) =>
        declared == Root ||
        declared == $"{Root}.{file.Folder}" ||
        declared.StartsWith($"{Root}.{file.Folder}.", StringComparison.Ordinal) ||
        (file.Folder == "Caching" && declared == "Microsoft.Extensions.DependencyInjection");

    private static IEnumerable<string> ForbiddenUses(SourceFile file, IReadOnlyList<SourceFile> library)
    {
        string[] forbidden = Layers[(Array.IndexOf(Layers, file.Folder) + 1)..];
        var declared = library.Where(other => forbidden.Contains(other.Folder)).ToList();
        var laterTypes = declared.SelectMany(other => other.DeclaredTypes.Select(type => (other.Folder, Type: type))).ToHashSet();
        var laterPublicTypes = declared
            .Where(other => other.Namespace == Root)
            .SelectMany(other => other.DeclaredTypes.Select(type => (Type: type, other.Folder)))
            .Where(pair => pair.Type.Skip(1).Any(char.IsUpper) && !file.DeclaredTypes.Contains(pair.Type))
            .ToLookup(pair => pair.Type, pair => pair.Folder);

        for (int i = 0; i < file.Code.Count; i++)
        {
            string line = file.Code[i];
            string? target =
                FullName().Matches(line).Select(match => match.Groups["layer"].Value).FirstOrDefault(forbidden.Contains) ??
                QualifiedName().Matches(line)
                    .Where(match => laterTypes.Contains((match.Groups["layer"].Value, match.Groups["type"].Value)))
                    .Select(match => match.Groups["layer"].Value).FirstOrDefault() ??
                Word().Matches(line).Select(match => laterPublicTypes[match.Value].FirstOrDefault()).FirstOrDefault(found => found is not null);

            if (target is not null)
            {
                yield return file.At(i, $"'{line.Trim()}' reaches from {file.Folder}/ up into {target}/; the order is {string.Join(" < ", Layers)}");
            }
        }
    }

    [GeneratedRegex(@"\bElastiCache\.Embedded\.(?<layer>[A-Z]\w*)")]
    private static partial Regex FullName();

    [GeneratedRegex(@"(?<![\w.])(?<layer>[A-Z]\w*)\.(?<type>[A-Z]\w*)")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex Word();
}
