using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Draws entries of a shard, each with the same probability, whatever database it is in.</summary>
internal sealed class RandomDraw(Shard shard)
{
    private readonly Random _random = new(shard.Index);

    /// <summary>Draws one.</summary>
    /// <returns>Whether the shard has any.</returns>
    public bool TryDraw(out int database, out SlotPosition position)
    {
        long total = ShardEntries.CountOf(shard);
        database = 0;
        position = default;
        if (total == 0)
        {
            return false;
        }

        for (long draw = _random.NextInt64(total); draw >= shard.Count(database); database++)
        {
            draw -= shard.Count(database);
        }

        return RandomEntry.TryPick(shard.TableOf(database), _random, out position);
    }
}
