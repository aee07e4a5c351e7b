namespace ElastiCache.Embedded.Tests.House;

/// <summary>A program that the library is compared with: <c>redis-server</c>, <c>redis-check-aof</c>.</summary>
internal static class Peer
{
    /// <summary>Set to 1 where a missing peer is a failure and not a skip, as in .ci/run.</summary>
    private const string RequiredVariable = "ELASTICACHE_REQUIRE_PEERS";

    /// <summary>The full path of <paramref name="program"/>. Where it is not installed the test is skipped, visibly, or fails.</summary>
    public static string Find(string program)
    {
        string? found = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
        if (found is not null)
        {
            return found;
        }

        string missing = $"'{program}' is not on the PATH; on Debian, 'apt-get install redis-server redis-tools strace' brings it.";
        if (Environment.GetEnvironmentVariable(RequiredVariable) == "1")
        {
            Assert.Fail($"{missing} {RequiredVariable} is 1, so this is a failure.");
        }

        Assert.Skip(missing);
        return missing; // not reached: Skip throws
    }
}
