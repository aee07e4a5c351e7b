using System.Text.RegularExpressions;
using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Api;

public sealed partial class ReadmeTests
{
    [Fact]
    public void The_README_shows_code_that_compiles()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        string compiled = string.Concat(new[] { "ElastiCache.Embedded.Tests/Api/ReadmeExamples.cs", "ElastiCache.Embedded.Server.Tests/ReadmeExamples.cs" }
            .Select(file => Code(File.ReadAllText(Path.Combine(Repository.Root, "tests", file)))));
        MatchCollection blocks = CodeBlock().Matches(readme);

        Assert.True(blocks.Count >= 5, $"{blocks.Count} examples found");
        Assert.All(blocks, block => Assert.True(
            compiled.Contains(Code(block.Groups["code"].Value), StringComparison.Ordinal),
            $"This example of the README is in no ReadmeExamples.cs, where it would be compiled:\n{block.Groups["code"].Value}"));
    }

    /// <summary>The lines that matter, without indentation.</summary>
    private static string Code(string text) => string.Join('\n', text.Split('\n')
        .Select(line => line.Trim())
        .Where(line => line.Length > 0 && !line.StartsWith("using ", StringComparison.Ordinal))) + '\n';

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();
}
