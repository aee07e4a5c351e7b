using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence;

/// <summary>What recovery fills: the store, or a test's model of it.</summary>
internal interface IReplayTarget
{
    /// <summary>Applies one command of the log. The command's bytes are valid only during the call.</summary>
    /// <param name="database">The database that was selected.</param>
    /// <param name="command">Never SELECT, MULTI or EXEC: those are recovery's business. Commands of a block that was not ended never come.</param>
    /// <returns>Null, or why it can't be applied, in words for a message: names and types, never a stored value.</returns>
    string? Apply(int database, scoped in CommandArguments command);

    /// <summary>Stores an entry of the base, before any command comes.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="key">Its key; valid during the call.</param>
    /// <param name="deadline">Its deadline in Unix ms, perhaps passed; <see cref="Keyspace.Record.NoExpiry"/> for none.</param>
    /// <param name="value">Its value.</param>
    /// <returns>As <see cref="Apply"/>.</returns>
    string? Load(long database, ReadOnlySpan<byte> key, long deadline, RdbValue value);

    /// <summary>As <see cref="Load"/>, for a string.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="key">Its key; valid during the call.</param>
    /// <param name="deadline">Its deadline.</param>
    /// <param name="flags">Memcached's flags.</param>
    /// <param name="text">Its value; valid during the call.</param>
    string? LoadString(long database, ReadOnlySpan<byte> key, long deadline, uint flags, ReadOnlySpan<byte> text)
    {
        using var value = new RdbValue(ValueKind.String) { Flags = flags };
        value.Items.Add(text);
        return Load(database, key, deadline, value);
    }
}

/// <summary>The locks of the store's shards, as the log's writer needs them.</summary>
internal interface IShardLocks
{
    /// <summary>The number of shards. Never changes.</summary>
    int Count { get; }

    /// <summary>Enters a shard's lock. The writer holds one at a time, for less than a microsecond, and never waits inside.</summary>
    void Enter(int shard);

    /// <summary>Leaves it.</summary>
    void Exit(int shard);
}
