using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The deadlines of one shard's entries: counts them, and has its wheel remove what is due. Guarded by the shard's lock.</summary>
internal sealed unsafe class ShardExpiry
{
    private const int NodesAVisit = 64;
    private const int NodesASoonest = 16;
    private const int NodesANearlyExpired = 4;
    private const int TicksToNearlyExpired = 2;
    private const int NodesOverdue = 1024;
    private const int NodesCleanedAWrite = 4;
    private const int NodesCleanedASweep = 256;

    private readonly Shard _shard;
    private readonly ExpiryWheel<WheelMemory> _wheel;
    private readonly long[] _expiring;
    private long _expiringInAll;

    public ShardExpiry(Shard shard, Arena arena, int databases, long now)
    {
        _shard = shard;
        _expiring = new long[databases];
        _wheel = new ExpiryWheel<WheelMemory>(new WheelMemory(arena, shard.Allocator), now);
    }

    /// <summary>Native bytes of the wheel.</summary>
    public long WheelBytes => _wheel.Bytes;

    /// <summary>The entries of a database that have a deadline.</summary>
    public long CountOf(int database) => _expiring[database];

    /// <summary>The entries of all databases that have a deadline.</summary>
    public long CountOfAll => _expiringInAll;

    /// <summary>Finds the entry with the nearest deadline, among those that may be evicted and whose nodes fire soonest. O(1).</summary>
    /// <param name="spared">An entry that is passed over, or none.</param>
    /// <param name="database">Its database.</param>
    /// <param name="position">Where it stands.</param>
    public bool TryFindSoonest(in Entry spared, out int database, out SlotPosition position)
    {
        var soonest = new Soonest(_shard, spared, sparesHigh: false);
        _wheel.VisitSoonest(NodesASoonest, int.MaxValue, ref soonest);
        (database, position) = (soonest.Database, soonest.Position);
        return soonest.HasEnough;
    }

    /// <summary>Finds an entry that has expired, or will within the next quarter of a second, among those that may be evicted and have no high priority. O(1).</summary>
    /// <remarks>Not all of them: nodes that still stand in a slot of 8 seconds are not looked at.</remarks>
    /// <param name="spared">An entry that is passed over, or none.</param>
    /// <param name="database">Its database.</param>
    /// <param name="position">Where it stands.</param>
    public bool TryFindNearlyExpired(in Entry spared, out int database, out SlotPosition position)
    {
        var soonest = new Soonest(_shard, spared, sparesHigh: true);
        if (_expiringInAll > 0)
        {
            _wheel.VisitSoonest(NodesANearlyExpired, TicksToNearlyExpired, ref soonest);
        }

        (database, position) = (soonest.Database, soonest.Position);
        return soonest.HasEnough && soonest.Deadline <= _shard.UnixMilliseconds + (TicksToNearlyExpired * ExpiryWheel<WheelMemory>.TickMilliseconds);
    }

    /// <summary>Counts entries with a deadline that came or went.</summary>
    public void Count(int database, long change)
    {
        _expiring[database] += change;
        _expiringInAll += change;
    }

    /// <summary>Schedules a record that is about to be published. Keeps the node of the old deadline if that fires first anyway; see ExpiryWheel.</summary>
    public void Arm(int database, in Entry current, uint hash, byte* record, ulong header)
    {
        long deadline = Record.DeadlineOf(record, header);
        bool keepsNode = current.Exists && current.HasDeadline && !_wheel.IsSooner(deadline, current.Deadline);
        Record.SetMark(record, keepsNode ? Record.MarkOf(current.Record) : _wheel.Add(hash, database, deadline));
        Count(database, 1);
    }

    /// <summary>Moves the deadline of a record that has one.</summary>
    public void Move(int database, uint hash, byte* record, long before, long deadline)
    {
        if (_wheel.IsSooner(deadline, before))
        {
            Record.SetMark(record, _wheel.Add(hash, database, deadline));
            Tidy();
        }

        Record.SetDeadline(record, deadline);
    }

    /// <summary>Removes what is due, in bounded work.</summary>
    /// <returns>Whether more is waiting.</returns>
    public bool Sweep(long now)
    {
        var sink = new DueEntries(_shard, _wheel, now);
        bool more = _wheel.Advance(now, NodesAVisit, ref sink);
        Clean(NodesCleanedASweep);
        return more;
    }

    /// <summary>Drops some nodes that replaced entries left behind, if there are too many.</summary>
    public void Tidy() => Clean(NodesCleanedAWrite);

    /// <summary>Exchanges two databases.</summary>
    public void SwapDatabases(int a, int b)
    {
        (_expiring[a], _expiring[b]) = (_expiring[b], _expiring[a]);
        _wheel.SwapDatabases(a, b);
    }

    private void Clean(int nodes)
    {
        if (_wheel.Nodes > (2 * _expiringInAll) + NodesOverdue)
        {
            var cleaner = new KeepsLiving(_shard);
            _wheel.Clean(nodes, ref cleaner);
        }
    }

    private readonly struct DueEntries(Shard shard, ExpiryWheel<WheelMemory> wheel, long now) : IExpirySink
    {
        public void Due(uint hash, int database, byte mark)
        {
            RecordTable? table = shard.TableOf(database);
            if (table == null)
            {
                return;
            }

            var expired = new HasExpired(now);
            while (table.TryFind(hash, ref expired, out SlotPosition position))
            {
                shard.Expire(database, new Entry(shard.Arena, position));
            }

            var marked = new BearsMark(mark);
            if (table.TryFind(hash, ref marked, out SlotPosition living))
            {
                byte* record = shard.Arena.At(living.Reference);
                long deadline = Record.DeadlineOf(record, Record.HeaderOf(record));
                Record.SetMark(record, wheel.Add(hash, database, deadline));
            }
        }
    }

    private ref struct Soonest(Shard shard, Entry spared, bool sparesHigh) : IWheelVisitor
    {
        private readonly Entry _spared = spared;

        public long Deadline { get; private set; } = Record.NoExpiry;

        public int Database { get; private set; }

        public SlotPosition Position { get; private set; }

        public readonly bool HasEnough => Deadline != Record.NoExpiry;

        public bool Keep(uint hash, int database, byte mark)
        {
            var marked = new BearsMark(mark);
            if (shard.TableOf(database) is not { } table || !table.TryFind(hash, ref marked, out SlotPosition position))
            {
                return false;
            }

            byte* record = shard.Arena.At(position.Reference);
            long deadline = Record.DeadlineOf(record, Record.HeaderOf(record));
            if (deadline < Deadline && !(_spared.Exists && EntryAccess.IsSame(_spared.Position, position)) && !Stays(Record.PriorityOf(record)))
            {
                (Deadline, Database, Position) = (deadline, database, position);
            }

            return true;
        }

        private readonly bool Stays(EvictionPriority priority) => priority == EvictionPriority.NeverRemove || (sparesHigh && priority == EvictionPriority.High);
    }

    private readonly struct KeepsLiving(Shard shard) : IExpiryCleaner
    {
        public bool Keep(uint hash, int database, byte mark)
        {
            var marked = new BearsMark(mark);
            return shard.TableOf(database) is { } table && table.TryFind(hash, ref marked, out _);
        }
    }

    private readonly struct HasExpired(long now) : IRecordFilter
    {
        public bool Accepts(byte* record) => Record.DeadlineOf(record, Record.HeaderOf(record)) <= now;
    }

    private readonly struct BearsMark(byte mark) : IRecordFilter
    {
        public bool Accepts(byte* record) => Record.HasExpiry(Record.HeaderOf(record)) && Record.MarkOf(record) == mark;
    }

    /// <summary>A wheel's memory: fixed blocks of the shard.</summary>
    internal readonly struct WheelMemory(Arena arena, BlockAllocator allocator) : IWheelMemory
    {
        public uint Allocate(int bytes) => arena.ReferenceOf(allocator.AllocateFixed(bytes));

        public void Free(uint reference) => allocator.Free(arena.At(reference));

        public byte* Address(uint reference) => arena.At(reference);
    }
}
