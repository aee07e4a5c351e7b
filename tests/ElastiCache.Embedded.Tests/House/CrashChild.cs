namespace ElastiCache.Embedded.Tests.House;

/// <summary>The program that crash tests start and kill; built with the tests, in the same configuration.</summary>
internal static class CrashChild
{
    /// <summary>Its assembly: <c>dotnet {AssemblyPath} scenario folder …</c></summary>
    public static string AssemblyPath { get; } = Find();

    private static string Find()
    {
        // .../tests/ElastiCache.Embedded.Tests/bin/Release/net10.0/  ->  the same place under the child's folder
        const string project = "ElastiCache.Embedded.CrashChild";
        string framework = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string path = Path.Combine(Repository.Root, "tests", project, "bin", configuration, framework, $"{project}.dll");
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"'{path}' is missing. Build the tests with 'dotnet build', which builds it too.", path);
    }
}
