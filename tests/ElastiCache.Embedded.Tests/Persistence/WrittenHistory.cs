using System.Globalization;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>What was written, as the state after 0, 1, 2 … writes, and how much of it was acknowledged.</summary>
internal sealed class WrittenHistory
{
    private readonly List<Dictionary<(int Database, string Key), string>> _states = [new()];

    /// <summary>Writes so far.</summary>
    public int Writes => _states.Count - 1;

    /// <summary>The state after all of them.</summary>
    public IReadOnlyDictionary<(int Database, string Key), string> Newest => _states[^1];

    /// <summary>So many writes survive the machine.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>So many survive the process, never fewer.</summary>
    public int Written { get; private set; }

    /// <summary>A value that no other write has.</summary>
    public string NextValue(int length) => (Writes + 1).ToString(CultureInfo.InvariantCulture).PadRight(length, '.');

    /// <summary>One write, of one value to some keys.</summary>
    /// <returns>How many writes there are with it.</returns>
    public int Add(string value, params ReadOnlySpan<(int Database, string Key)> keys)
    {
        var state = new Dictionary<(int, string), string>(_states[^1]);
        foreach ((int, string) key in keys)
        {
            state[key] = value;
        }

        _states.Add(state);
        return Writes;
    }

    /// <summary>So many writes were acknowledged.</summary>
    public void Acknowledge(int writes)
    {
        Acknowledged = Math.Max(Acknowledged, writes);
        NoteWritten(writes);
    }

    /// <summary>So many were handed to the operating system.</summary>
    public void NoteWritten(int writes) => Written = Math.Max(Written, writes);

    /// <summary>The machine died: what only the process's death would have left may be gone.</summary>
    public void LosePower() => Written = Acknowledged;

    /// <summary>A state was seen, and is what all goes on from.</summary>
    public void GoOnFrom(int writes)
    {
        _states.RemoveRange(writes + 1, Writes - writes);
        Acknowledged = Written = writes;
    }

    /// <summary>Asserts that a state is that of a prefix of the writes, of no fewer than <paramref name="atLeast"/>.</summary>
    /// <returns>Of how many.</returns>
    public int FindPrefix(Dictionary<(int Database, string Key), string> state, int atLeast)
    {
        int found = _states.FindLastIndex(known => Same(known, state));
        Assert.True(found >= 0, $"the state is that of no prefix of the {Writes} writes: {Describe(state)}");
        Assert.True(found >= atLeast, $"the state is that of the first {found} writes, and {atLeast} were acknowledged");
        return found;
    }

    private static bool Same(Dictionary<(int, string), string> left, Dictionary<(int, string), string> right) =>
        left.Count == right.Count && left.All(entry => right.TryGetValue(entry.Key, out string? value) && value == entry.Value);

    private static string Describe(Dictionary<(int Database, string Key), string> state) =>
        string.Join(", ", state.OrderBy(entry => entry.Key).Select(entry => $"{entry.Key.Database}/{entry.Key.Key}={entry.Value.TrimEnd('.')}"));
}
