using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
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

    /// <summary>Asks the processor for what a command will need that comes soon. A hint.</summary>
    /// <param name="database">As for <see cref="Apply"/>.</param>
    /// <param name="command">As for <see cref="Apply"/>.</param>
    /// <param name="isNear">Whether it comes next but a few: then what was asked for the first time is there.</param>
    void Prepare(int database, scoped in CommandArguments command, bool isNear)
    {
    }

    /// <summary>Redis's settings by which a small collection will be reported.</summary>
    EncodingLimits Encodings { get; }

    /// <summary>So many entries of the base follow for a database. A hint.</summary>
    void Expect(long database, long entries)
    {
    }

    /// <summary>Stores an entry of the base, before any command comes, and takes its <see cref="RdbEntry.Value"/> over.</summary>
    /// <param name="entry">The entry, its database perhaps none that there is.</param>
    /// <returns>As <see cref="Apply"/>; perhaps for an entry before.</returns>
    string? Load(in RdbEntry entry);

    /// <summary>Returns when all entries are stored, as far as they could be.</summary>
    /// <returns>As <see cref="Load"/>.</returns>
    string? EndLoad();
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
