using System.Text;
using System.Text.RegularExpressions;

namespace ElastiCache.Embedded.Tests.House;

/// <summary>A clone must work on anybody's machine and behind any mirror.</summary>
public sealed partial class CommittedFilesTests
{
    private const long LargestTextBytes = 4 << 20;

    [Fact]
    public void No_committed_file_names_a_package_host_or_a_path_of_one_machine()
    {
        IReadOnlyList<string>? files = Repository.CommittedFiles();
        Assert.SkipWhen(files is null, $"'{Repository.Root}' is not a git checkout, or git is not installed: nothing is known to be committed.");

        var violations = files.SelectMany(Violations).ToList();

        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Theory]
    [InlineData("value=\"https://api.nuget" + ".org/v3/index.json\"")]
    [InlineData("FROM ghcr" + ".io/somebody/image")]
    [InlineData("https://pkgs.dev.azure" + ".com/org/_packaging/feed/nuget/v3/index.json")]
    [InlineData("http://artifac" + "tory.example/api/packages")]
    [InlineData("<HintPath>/home" + "/ada/lib.dll</HintPath>")]
    [InlineData("cd /root" + "/project")]
    [InlineData("C:\\Users" + "\\ada\\lib.dll")]
    public void Each_kind_of_foreign_name_is_recognised(string line) => Assert.True(IsForeign(line), line);

    [Theory]
    [InlineData("See https://redis.io/commands/set for the semantics")]
    [InlineData("$schema: https://xunit.net/schema/v3/xunit.runner.schema.json")]
    [InlineData("<add key=\"packed\" value=\"artifacts/packages\" />")]
    [InlineData("dotnet run --project src/home/page -- /var/lib/cache")]
    public void Documentation_links_and_relative_paths_are_fine(string line) => Assert.False(IsForeign(line), line);

    private static bool IsForeign(string line) => PackageHost().IsMatch(line) || MachinePath().IsMatch(line);

    private static IEnumerable<string> Violations(string file)
    {
        var info = new FileInfo(Path.Combine(Repository.Root, file));
        if (!info.Exists || info.Length > LargestTextBytes)
        {
            yield break;
        }

        byte[] bytes = File.ReadAllBytes(info.FullName);
        if (bytes.AsSpan().Contains((byte)0))
        {
            yield break; // binary
        }

        string[] lines = Encoding.UTF8.GetString(bytes).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (IsForeign(lines[i]))
            {
                yield return $"{file}({i + 1}): '{lines[i].Trim()}' names a package host or a path of one machine";
            }
        }
    }

    [GeneratedRegex(
        @"\bnuget\.org\b|\bmyget\.org\b|\bnpmjs\.(?:org|com)\b|\bpypi\.org\b|\bcrates\.io\b|\bdocker\.io\b|\b(?:ghcr|quay|gcr)\.io\b|" +
        @"\bmcr\.microsoft\.com\b|\bnuget\.pkg\.github\.com\b|\bpkgs\.dev\.azure\.com\b|\bpkgs\.visualstudio\.com\b|\bpkg\.dev\b|" +
        @"//[\w.-]*(?:artifactory|jfrog|nexus|proget|baget|mirror)[\w.-]*|//[\w.:-]+/[^\s""']*(?:v3/index\.json|/api/nuget)",
        RegexOptions.IgnoreCase)]
    private static partial Regex PackageHost();

    [GeneratedRegex(@"(?<![\w.~$})-])/(?:home|Users)/\w|(?<![\w.~$})-])/(?:root|work|workspace|workspaces)/|\b[A-Za-z]:\\Users\\")]
    private static partial Regex MachinePath();
}
