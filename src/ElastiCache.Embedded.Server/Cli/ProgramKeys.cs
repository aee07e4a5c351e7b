namespace ElastiCache.Embedded.Server.Cli;

/// <summary>The keys of the program, for files that are encrypted: from the environment, since arguments are seen by everybody on the machine.</summary>
internal static class ProgramKeys
{
    /// <summary>The variable, with text as <see cref="KeyProvider"/> describes it.</summary>
    public const string Variable = "ELASTICACHE_EMBEDDED_KEYS";

    /// <summary>The envelope of what the program writes; null where the variable is not set. A folder that is plain is refused then.</summary>
    public static EnvelopeOptions? Envelope =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } ? new EnvelopeOptions { Keys = KeyProvider.FromEnvironment(Variable) } : null;

    /// <summary>The envelope of what the program only reads, encrypted or plain.</summary>
    public static EnvelopeOptions? EnvelopeOfReads => Envelope?.AcceptingPlainFiles();
}
