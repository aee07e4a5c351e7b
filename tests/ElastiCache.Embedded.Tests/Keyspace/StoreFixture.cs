using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;
using Microsoft.Extensions.Time.Testing;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A store on virtual time, and the few operations that tests of the engine need: no log, no typed values.</summary>
/// <remarks>Everything but <see cref="Get(CacheKey, int)"/> takes the shard's lock, as operations do; all of it may be called from any thread.</remarks>
internal sealed unsafe class StoreFixture : IDisposable
{
    public StoreFixture(int shards = 1, long budget = 0, bool evicts = true, int databases = 16, EvictionPolicy policy = EvictionPolicy.AllKeysAdaptive, bool tracksAccess = false)
        : this(new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)), shards, budget, evicts, databases, policy, tracksAccess)
    {
    }

    /// <summary>On a clock of the test's own; then <see cref="Time"/> doesn't move it.</summary>
    public StoreFixture(TimeProvider time, int shards = 1, long budget = 0, bool evicts = true, int databases = 16, EvictionPolicy policy = EvictionPolicy.AllKeysAdaptive, bool tracksAccess = false)
    {
        Time = time as FakeTimeProvider ?? new FakeTimeProvider();
        Store = new Store(shards, databases, new MemoryBudget(budget, evicts), new CacheClock(time), EvictionPolicies.EvictorOf(policy), tracksAccess);
        FixedBytes = Store.Arena.UsedBytes;
    }

    public FakeTimeProvider Time { get; }

    public Store Store { get; }

    /// <summary>What an empty store holds: its table words.</summary>
    public long FixedBytes { get; }

    public long Now => Store.Clock.UnixMilliseconds;

    /// <summary>Entries evicted so far.</summary>
    public long Evicted
    {
        get
        {
            long evicted = 0;
            for (int i = 0; i < Store.ShardCount; i++)
            {
                evicted += Store.ShardAt(i).EvictedCount;
            }

            return evicted;
        }
    }

    /// <summary>Does something with the shard of a key, which is locked, and the key's slot hash.</summary>
    public void InShard(CacheKey key, Action<Shard, uint> action)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        action(shard, probe.SlotHash);
        shard.Exit();
    }

    /// <summary>The shard of a key.</summary>
    public int ShardIndexOf(CacheKey key)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return Store.ShardIndexOf(probe.Hash);
    }

    /// <summary>Reads without a lock. Null when there is no such key.</summary>
    public byte[]? Get(CacheKey key, int database = 0)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        var copy = default(ValueCopy);
        return Store.Read(database, probe, ref copy) == ReadOutcome.Hit ? copy.Value : null;
    }

    /// <summary>Reads without a lock into a buffer, which must be large enough. -1 when there is no such key.</summary>
    public int Read(ReadOnlySpan<byte> key, Span<byte> destination, int database = 0)
    {
        KeyProbe.Create(key, out KeyProbe probe);
        var copy = new SpanCopy(destination);
        return Store.Read(database, probe, ref copy) == ReadOutcome.Hit ? copy.Length : -1;
    }

    /// <summary>Reads under the lock: value and extras.</summary>
    public (byte[] Value, RecordExtras Extras)? Find(CacheKey key, int database = 0)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            return shard.TryFind(database, probe, out Entry entry) ? (entry.Value.ToArray(), entry.Extras) : null;
        }
        finally
        {
            shard.Exit();
        }
    }

    public void Set(CacheKey key, ReadOnlySpan<byte> value, int database = 0, long deadline = long.MaxValue, ulong version = 0, uint flags = 0)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            var extras = new RecordExtras { Deadline = deadline, Version = version, Marks = new EntryMarks(flags) };
            if (extras.Bits == 0 && ShortOverwrite.TryApply(shard, Store, database, probe, value, out _))
            {
                return;     // as SET does
            }

            shard.TryFind(database, probe, out Entry current);
            PendingRecord pending = shard.Prepare(current, ValueKind.String, probe, value.Length, extras);
            value.CopyTo(pending.Value);
            shard.Publish(database, current, probe, pending);
        }
        finally
        {
            shard.Exit();
        }
    }

    public bool Delete(CacheKey key, int database = 0)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            if (!shard.TryFind(database, probe, out Entry entry))
            {
                return false;
            }

            shard.Remove(database, entry);
            return true;
        }
        finally
        {
            shard.Exit();
        }
    }

    /// <summary>Gives a key another deadline, or none (<see cref="long.MaxValue"/>).</summary>
    public bool SetDeadline(CacheKey key, long deadline, int database = 0)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            if (!shard.TryFind(database, probe, out Entry entry))
            {
                return false;
            }

            shard.SetDeadline(database, entry, probe, deadline);
            return true;
        }
        finally
        {
            shard.Exit();
        }
    }

    /// <summary>Changes bytes of a value, which grows with zeros where needed, as SETRANGE does.</summary>
    public void Edit(CacheKey key, int offset, ReadOnlySpan<byte> bytes, int database = 0)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            shard.TryFind(database, probe, out Entry current);
            int length = Math.Max(current.Exists ? current.ValueLength : 0, offset + bytes.Length);
            ValueEdit edit = ValueEdit.Begin(shard, database, current, probe, length);
            bytes.CopyTo(edit.Value[offset..]);
            edit.End(shard, database, current, probe);
        }
        finally
        {
            shard.Exit();
        }
    }

    /// <summary>Adds to a number of 8 bytes at the front of a value, under one lock. An absent key counts as 0.</summary>
    public long Add(CacheKey key, long by, int database = 0)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            return AddWithLockHeld(probe, by, database);
        }
        finally
        {
            shard.Exit();
        }
    }

    /// <summary>Adds to two numbers as one step: both shards are locked.</summary>
    public void AddToBoth(CacheKey keyA, long byA, CacheKey keyB, long byB)
    {
        var scratchA = default(KeyScratch);
        var scratchB = default(KeyScratch);
        KeyProbe.Create(keyA, ref scratchA, out KeyProbe a);
        KeyProbe.Create(keyB, ref scratchB, out KeyProbe b);
        int first = Store.ShardIndexOf(a.Hash);
        int second = Store.ShardIndexOf(b.Hash);
        int[] shards = first == second ? [first] : [Math.Min(first, second), Math.Max(first, second)];
        Store.Enter(shards);
        try
        {
            AddWithLockHeld(a, byA);
            AddWithLockHeld(b, byB);
        }
        finally
        {
            Store.Exit(shards);
        }
    }

    /// <summary>Value and deadline as they are stored, the time come or not. Nothing is removed.</summary>
    public (byte[] Value, long Deadline) Peek(ReadOnlySpan<byte> key, int database)
    {
        KeyProbe.Create(key, out KeyProbe probe);
        Shard shard = Store.Enter(probe);
        try
        {
            Assert.True(shard.TableOf(database)!.TryFind(probe, out SlotPosition position));
            var entry = new Entry(Store.Arena, position);
            return (entry.Value.ToArray(), entry.Deadline);
        }
        finally
        {
            shard.Exit();
        }
    }

    /// <summary>Empties a database, all shards at once, and frees its records in slices, as FLUSHDB does.</summary>
    public void Flush(int database = 0)
    {
        var detached = new DetachedTable?[Store.ShardCount];
        Store.EnterAll();
        for (int i = 0; i < detached.Length; i++)
        {
            detached[i] = Store.ShardAt(i).Detach(database);
        }

        Store.ExitAll();
        for (int i = 0; i < detached.Length; i++)
        {
            bool more = detached[i] != null;
            while (more)
            {
                Store.ShardAt(i).Enter();
                more = !Store.IsDisposed && detached[i]!.FreeSlice(64);
                Store.ShardAt(i).Exit();
            }
        }
    }

    public void Swap(int a, int b)
    {
        Store.EnterAll();
        for (int i = 0; i < Store.ShardCount; i++)
        {
            Store.ShardAt(i).SwapDatabases(a, b);
        }

        Store.ExitAll();
    }

    /// <summary>Lets virtual time pass in steps of 100 ms, with a sweep after each, as the maintenance loop does.</summary>
    public void Pass(TimeSpan time)
    {
        for (var step = TimeSpan.FromMilliseconds(100); time > TimeSpan.Zero; time -= step)
        {
            Time.Advance(time < step ? time : step);
            Store.Sweep();
        }
    }

    /// <summary>Every byte is accounted for: live blocks, tables and wheels are what the allocators say, and theirs is what the arena says.</summary>
    public void VerifyAccounts(string where = "")
    {
        long held = FixedBytes;
        Store.EnterAll();
        try
        {
            for (int i = 0; i < Store.ShardCount; i++)
            {
                Shard shard = Store.ShardAt(i);
                long expected = shard.WheelBytes + shard.Room.EvictorBytes;
                for (int database = 0; database < Store.DatabaseCount; database++)
                {
                    if (shard.TableOf(database) is { } table)
                    {
                        var sum = new SumsBlocks(shard.Allocator);
                        Walk(table, ref sum);
                        expected += sum.Bytes + table.Bytes;
                        Assert.True(sum.Entries == table.Count, $"{where}: {sum.Entries} entries, count {table.Count}");
                        Assert.True(sum.WithDeadline == shard.Expiring(database), $"{where}: {sum.WithDeadline} have a deadline, {shard.Expiring(database)} counted");
                    }
                }

                Assert.True(shard.Allocator.AllocatedBytes == expected, $"{where}: shard {i} allocated {shard.Allocator.AllocatedBytes}, {expected} are in use");
                held += shard.Allocator.HeldBytes;
            }

            Assert.True(Store.Arena.UsedBytes == held, $"{where}: the arena has handed out {Store.Arena.UsedBytes}, shards hold {held}");
        }
        finally
        {
            Store.ExitAll();
        }
    }

    /// <summary>All keys of a database whose deadline lies behind a time, by default the present: the living, in no order.</summary>
    public List<byte[]> Keys(int database = 0, long? livingAt = null)
    {
        var keys = new CollectsKeys([], livingAt ?? Now);
        Store.EnterAll();
        for (int i = 0; i < Store.ShardCount; i++)
        {
            if (Store.ShardAt(i).TableOf(database) is { } table)
            {
                Walk(table, ref keys);
            }
        }

        Store.ExitAll();
        return keys.Found;
    }

    public void Dispose() => Store.Dispose();

    private long AddWithLockHeld(in KeyProbe key, long by, int database = 0)
    {
        Shard shard = Store.ShardOf(key);
        long sum = by + (shard.TryFind(database, key, out Entry current) ? BitConverter.ToInt64(current.Value) : 0);
        PendingRecord pending = shard.Prepare(current, ValueKind.String, key, 8, default);
        BitConverter.TryWriteBytes(pending.Value, sum);
        shard.Publish(database, current, key, pending);
        return sum;
    }

    private static void Walk<TVisitor>(RecordTable table, ref TVisitor visitor)
        where TVisitor : struct, IRecordVisitor
    {
        uint position = 0;
        do
        {
            position = table.Scan(position, ref visitor);
        }
        while (position != 0);
    }

    private struct ValueCopy : IValueReader
    {
        public byte[]? Value;

        public void Read(ReadOnlySpan<byte> value, RecordView record) => Value = value.ToArray();
    }

    private ref struct SpanCopy(Span<byte> destination) : IValueReader
    {
        private readonly Span<byte> _destination = destination;

        public int Length { get; private set; }

        public void Read(ReadOnlySpan<byte> value, RecordView record)
        {
            Length = value.Length;
            value.CopyTo(_destination);
        }
    }

    private struct SumsBlocks(BlockAllocator allocator) : IRecordVisitor
    {
        public long Bytes;
        public int Entries;
        public int WithDeadline;

        public void Visit(byte* record)
        {
            Bytes += allocator.CapacityOf(record);
            Entries++;
            WithDeadline += Record.HasExpiry(Record.HeaderOf(record)) ? 1 : 0;
        }
    }

    private readonly struct CollectsKeys(List<byte[]> found, long livingAt) : IRecordVisitor
    {
        public List<byte[]> Found => found;

        public void Visit(byte* record)
        {
            if (Record.DeadlineOf(record, Record.HeaderOf(record)) <= livingAt)
            {
                return;
            }

            Record.Measure(record, Record.HeaderOf(record), out byte* key, out int length, out _);
            found.Add(new ReadOnlySpan<byte>(key, length).ToArray());
        }
    }
}
