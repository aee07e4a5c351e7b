using System.Text;
using ElastiCache.Embedded.CrashChild;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>Finds out how many operations of a <see cref="Workload"/> a cache holds, and that it holds exactly those.</summary>
internal sealed class WorkloadModel(Workload workload)
{
    // Of the keys that differ; more than that nobody reads.
    private const int MostNamed = 4;

    private readonly Dictionary<string, Held> _state = [];

    /// <summary>Operations that a cache was seen to hold.</summary>
    public long Done { get; private set; }

    /// <summary>The last operation that the writer was told is on disk.</summary>
    public long Acknowledged { get; set; }

    /// <summary>Keys after <see cref="Done"/> operations.</summary>
    public int Count => _state.Count;

    /// <summary>Performs operations on the model, from where it stands, until it is what the cache holds.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="mostUnacknowledged">How many operations after the last acknowledged one can have been begun.</param>
    public void AdvanceTo(EmbeddedCache cache, int mostUnacknowledged)
    {
        var found = workload.Keys.ToDictionary(key => key, key => Read(cache, key));
        HashSet<string> different = [.. workload.Keys.Where(IsDifferent)];
        long last = Math.Max(Done, Acknowledged) + mostUnacknowledged;
        while (different.Count > 0 || Done < Acknowledged)
        {
            Assert.True(
                Done < last,
                $"thread {workload.Thread}: operation {Acknowledged} was acknowledged, and there are the effects of no number of operations " +
                $"from there to {last}. After {Done} {different.Count} keys differ: {string.Join(", ", different.Order().Take(MostNamed).Select(Describe))}");
            Operation next = workload[++Done];
            next.Apply(_state);
            different.ExceptWith(next.Keys);
            different.UnionWith(next.Keys.Where(IsDifferent));
        }

        bool IsDifferent(string key) => found[key] is { } held ? !held.IsSame(_state.GetValueOrDefault(key)) : _state.ContainsKey(key);

        string Describe(string key) => $"{key} holds {Start(found[key])}, expected {Start(_state.GetValueOrDefault(key))}";
    }

    private static Held? Read(EmbeddedCache cache, string key)
    {
        KeyProbe.Create(Encoding.ASCII.GetBytes(key), out KeyProbe probe);
        KeyDeadline deadline = new ExpireOperations(cache.Store).Deadline(0, probe);
        return cache.Strings.GetBytes(key) is { } value ? new Held(value, deadline.UnixMilliseconds) : null;
    }

    private static string Start(Held? held) => held is null
        ? "nothing"
        : $"'{Encoding.ASCII.GetString(held.Value.AsSpan(0, Math.Min(held.Value.Length, 20)))}' ({held.Value.Length} bytes, until {held.Deadline})";
}
