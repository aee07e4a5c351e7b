using System.Globalization;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>How often a test does what it does: so often in CI, and as often as an environment variable says in a long run (docs/durability.md).</summary>
internal static class LongRun
{
    public static int Count(string variable, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int count) ? count : usual;
}
