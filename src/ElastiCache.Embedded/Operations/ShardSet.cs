using System.Numerics;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>A set of shards, one bit each, for locking them in ascending order.</summary>
[InlineArray(Words)]
internal struct ShardSet
{
    /// <summary>4,096 shards at most.</summary>
    private const int Words = 64;

    private ulong _first;

    /// <summary>The number of shards in the set.</summary>
    public readonly int Count
    {
        get
        {
            int count = 0;
            foreach (ulong word in this)
            {
                count += BitOperations.PopCount(word);
            }

            return count;
        }
    }

    public void Add(int shard) => this[shard >> 6] |= 1UL << (shard & 63);

    /// <summary>The shards in ascending order.</summary>
    public readonly int[] ToArray()
    {
        int[] shards = new int[Count];
        int next = 0;
        for (int i = 0; i < Words; i++)
        {
            for (ulong word = this[i]; word != 0; word &= word - 1)
            {
                shards[next++] = (i << 6) + BitOperations.TrailingZeroCount(word);
            }
        }

        return shards;
    }

    /// <summary>The shards of two keys.</summary>
    public static ShardSet Of(Store store, in KeyProbe one, in KeyProbe other)
    {
        var shards = default(ShardSet);
        shards.Add(store.ShardIndexOf(one.Hash));
        shards.Add(store.ShardIndexOf(other.Hash));
        return shards;
    }

    /// <summary>The shards of some keys.</summary>
    public static ShardSet Of<TKeys>(Store store, scoped TKeys keys)
        where TKeys : struct, IKeyList, allows ref struct
    {
        var scratch = default(KeyScratch);
        var shards = default(ShardSet);
        for (int i = 0; i < keys.Count; i++)
        {
            keys.Probe(i, ref scratch, out KeyProbe key);
            shards.Add(store.ShardIndexOf(key.Hash));
        }

        return shards;
    }

    /// <summary>All shards of a store.</summary>
    public static ShardSet AllOf(Store store)
    {
        var all = default(ShardSet);
        for (int i = 0; i < store.ShardCount; i++)
        {
            all.Add(i);
        }

        return all;
    }
}
