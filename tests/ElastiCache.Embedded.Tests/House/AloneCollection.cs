namespace ElastiCache.Embedded.Tests.House;

/// <summary>For tests that measure or exhaust something of the whole process: allocations, collections, memory, threads.</summary>
/// <remarks>
/// Other classes run side by side, one a core (xunit.runner.json); those marked <c>[Collection(AloneCollection.Name)]</c> run
/// after them, one at a time.
/// </remarks>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone in the process";
}
