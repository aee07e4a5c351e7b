using ElastiCache.Embedded.CrashChild;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>Finds out how many operations of a <see cref="Workload"/> a recovered cache holds, and that it holds exactly those.</summary>
internal sealed class WorkloadModel(Workload workload)
{
    private readonly Dictionary<string, byte[]> _state = [];

    /// <summary>Operations that a recovered cache was seen to hold.</summary>
    public long Done { get; private set; }

    /// <summary>The last operation that the writer was told is on disk.</summary>
    public long Acknowledged { get; set; }

    /// <summary>Keys after <see cref="Done"/> operations.</summary>
    public int Count => _state.Count;

    /// <summary>Performs operations on the model, from where it stands, until it is what the cache holds.</summary>
    public void AdvanceTo(EmbeddedCache cache)
    {
        Dictionary<string, byte[]> found = Read(cache);
        HashSet<string> different = [.. workload.AllKeys.Where(key => !IsSame(found, key))];
        long newest = NewestIn(found);
        while (different.Count > 0 || Done < Acknowledged)
        {
            Assert.True(
                Done < Math.Max(newest, Acknowledged),
                $"thread {workload.Thread} acknowledged {Acknowledged} operations, operation {newest} is there, and the keys of no number of " +
                $"operations in between: after {Done} these differ: {string.Join(", ", different.Order())}");
            Done++;
            foreach (string key in workload[Done].Apply(_state))
            {
                if (IsSame(found, key))
                {
                    different.Remove(key);
                }
                else
                {
                    different.Add(key);
                }
            }
        }
    }

    private static long NewestIn(Dictionary<string, byte[]> found) =>
        found.Values.Select(Workload.NumberIn).DefaultIfEmpty(0).Max();

    private Dictionary<string, byte[]> Read(EmbeddedCache cache)
    {
        var found = new Dictionary<string, byte[]>();
        foreach (string key in workload.AllKeys)
        {
            if (cache.Strings.GetBytes(key) is { } value)
            {
                found.Add(key, value);
            }
        }

        return found;
    }

    private bool IsSame(Dictionary<string, byte[]> found, string key) =>
        found.TryGetValue(key, out byte[]? value)
            ? _state.TryGetValue(key, out byte[]? expected) && value.AsSpan().SequenceEqual(expected)
            : !_state.ContainsKey(key);
}
