using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The commands on several strings at once: MGET, MSET, MSETNX.</summary>
internal sealed class StringBatches
{
    /// <summary>Keys whose cache lines are asked for together; what <see cref="Store.Prefetch"/> takes at a time.</summary>
    // *3, $3 SET, and the lengths of key and value.
    private const int SetOverheadBytes = 64;

    private const int Group = 16;

    private readonly Store _store;

    public StringBatches(Store store)
    {
        _store = store;
    }

    /// <summary>MGET: reads in groups of 16 whose memory accesses overlap. No lock.</summary>
    /// <remarks>
    /// Each value is whole, but they need not be of one moment: a write in between may be seen in the later keys and not in the
    /// earlier ones. A key that holds no string is a miss, as in Redis.
    /// </remarks>
    /// <param name="database">The database.</param>
    /// <param name="keys">The keys; one may come twice.</param>
    /// <param name="reader">Reads each value and is then told which key's it was, in the order of the keys.</param>
    [SkipLocalsInit]
    public void Read<TKeys, TReader>(int database, TKeys keys, ref TReader reader)
        where TKeys : struct, IKeyList, allows ref struct
        where TReader : struct, IBatchReader, allows ref struct
    {
        Span<ulong> hashes = stackalloc ulong[Group];
        KeyScratch room = default;

        // Only readers see the probes, and none keeps what it is not given; the compiler thinks that a reader on the stack might.
        ref KeyScratch scratch = ref Unsafe.AsRef(in room);
        for (int first = 0; first < keys.Count; first += Group)
        {
            int count = Math.Min(Group, keys.Count - first);
            for (int i = 0; i < count; i++)
            {
                keys.Probe(first + i, ref scratch, out KeyProbe key);
                hashes[i] = key.Hash;
            }

            _store.Prefetch.OfRecords(database, hashes[..count]);
            for (int i = 0; i < count; i++)
            {
                keys.Probe(first + i, ref scratch, out KeyProbe key);
                ReadOutcome outcome = _store.Read(database, key, ref reader);
                reader.Next(first + i, outcome == ReadOutcome.Hit);
            }
        }
    }

    /// <summary>MSET: stores all values in one step, or none. Of a key that comes twice the last value stays.</summary>
    /// <exception cref="ValueTooLargeException">A value is longer than 512 MB. Nothing has changed.</exception>
    /// <exception cref="CacheFullException">The budget has no room for all of them. Nothing has changed.</exception>
    public void Set<TPairs>(int database, TPairs pairs, ref JournalTicket ticket)
        where TPairs : struct, IPairList, allows ref struct =>
        Store(database, pairs, onlyIfAbsent: false, ref ticket);

    /// <summary>MSETNX: as <see cref="Set"/>, unless any of the keys exists.</summary>
    /// <returns>Whether the values were stored.</returns>
    /// <inheritdoc cref="Set"/>
    public bool SetIfAbsent<TPairs>(int database, TPairs pairs, ref JournalTicket ticket)
        where TPairs : struct, IPairList, allows ref struct =>
        Store(database, pairs, onlyIfAbsent: true, ref ticket);

    private bool Store<TPairs>(int database, TPairs pairs, bool onlyIfAbsent, ref JournalTicket ticket)
        where TPairs : struct, IPairList, allows ref struct
    {
        KeyScratch scratch = default;
        var shards = default(ShardSet);
        for (int i = 0; i < pairs.Count; i++)
        {
            pairs.Probe(i, ref scratch, out KeyProbe key);
            StringRecord.RequireLength(key, pairs.Value(i).Length);
            shards.Add(_store.ShardIndexOf(key.Hash));
        }

        using var write = new MultiKeyWrite(_store, shards, ref ticket);
        if (onlyIfAbsent && AnyExists(write, database, pairs))
        {
            return false;
        }

        var pending = new StringPending(pairs.Count);
        try
        {
            Prepare(write, database, pairs, ref pending);
            Publish(write, database, pairs, ref pending);
            return true;
        }
        finally
        {
            pending.Dispose();
        }
    }

    private static bool AnyExists<TPairs>(in MultiKeyWrite write, int database, TPairs pairs)
        where TPairs : struct, IPairList, allows ref struct
    {
        KeyScratch scratch = default;
        for (int i = 0; i < pairs.Count; i++)
        {
            pairs.Probe(i, ref scratch, out KeyProbe key);
            if (write.ShardOf(key).TryFind(database, key, out _))
            {
                return true;
            }
        }

        return false;
    }

    private static void Prepare<TPairs>(in MultiKeyWrite write, int database, TPairs pairs, ref StringPending pending)
        where TPairs : struct, IPairList, allows ref struct
    {
        KeyScratch scratch = default;
        long effectBytes = 0;
        for (int i = 0; i < pairs.Count; i++)
        {
            pairs.Probe(i, ref scratch, out KeyProbe key);
            ReadOnlySpan<byte> value = pairs.Value(i);
            effectBytes += key.Length + (long)value.Length + SetOverheadBytes;
            Shard shard = write.ShardOf(key);
            shard.TryFind(database, key, out Entry current);
            var extras = new RecordExtras { Version = StringRecord.VersionAfter(shard, current) };
            PendingRecord record = shard.Prepare(current, ValueKind.String, key, value.Length, extras);
            pending.Add(shard, record);
            value.CopyTo(record.Value);
        }

        write.Reserve(effectBytes);
    }

    // Found again, because preparing the later keys may have evicted an entry that is to be replaced.
    private static void Publish<TPairs>(in MultiKeyWrite write, int database, TPairs pairs, ref StringPending pending)
        where TPairs : struct, IPairList, allows ref struct
    {
        KeyScratch scratch = default;
        for (int i = 0; i < pairs.Count; i++)
        {
            pairs.Probe(i, ref scratch, out KeyProbe key);
            write.ShardOf(key).TryFind(database, key, out Entry current, uses: false);
            pending.PublishNext(database, current, key);
            write.Effect(database, 3)?.Argument("SET"u8).Argument(key).Argument(pairs.Value(i));
            write.Notify(KeyEventClass.String, "set"u8, database, key);
        }
    }
}
