namespace ElastiCache.Embedded.Server.Cli;

/// <summary>How the process waits for its sockets, which .NET reads from the environment when the first socket is made.</summary>
/// <remarks>
/// By default the thread that learns of arrived bytes hands them to the thread pool, which wakes another. A request here takes a microsecond or two, less than
/// that hand-over, so in a process that does nothing else the receiving thread runs it itself. Benchmark: compare, "RESP". Not done by
/// <see cref="RespServer"/> inside an application: there the sockets belong to everybody.
/// </remarks>
internal static class SocketThreads
{
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>To be called before the first socket. What the user has set stays.</summary>
    public static void Configure()
    {
        if (Environment.GetEnvironmentVariable(InlineCompletions) == null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        }
    }
}
