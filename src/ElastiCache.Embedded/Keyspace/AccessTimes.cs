using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>When the entries of a shard were last used, to the second: for OBJECT IDLETIME. Only where <c>EmbeddedCacheOptions.TracksIdleTime</c> asks for it.</summary>
/// <remarks>
/// Two to four cells an entry (<see cref="AccessCells"/>), 8 to 16 bytes on the managed heap. Reads and writes note the present second, and nothing is written if that is known
/// already, so a key in steady use costs a load.
/// <para>
/// It grows, and shrinks, step by step: new cells are used at once, and those of the entries are brought over bucket by bucket, some with each new key and some with each sweep. Until that is done the old ones
/// are asked for what the new ones don't know. Each entry gets a cell of its own then, so what was displaced in the old ones is told apart again from there on.
/// </para>
/// <para>
/// Databases have numbers that are mixed into the hash; SWAPDB exchanges the numbers. A read at that very moment may be noted for the other database, and is lost.
/// </para>
/// </remarks>
internal sealed class AccessTimes
{
    private const int LeastCells = 256;
    private const int MostCells = 1 << 27;
    private const int BucketsAStep = 8;
    private const int AdditionsAReview = 64;        // a power of two
    private const uint Mix = 0x9E37_79B1;           // the golden ratio, odd: other numbers give other sets and other checks

    private readonly Shard _shard;
    private readonly CacheClock _clock;
    private readonly uint[] _numbers;
    private volatile AccessCells _cells = new(LeastCells);
    private AccessCells? _old;          // what is being brought over; null if all is in _cells
    private int _database;              // and how far that is
    private uint _position;
    private uint _additions;

    public AccessTimes(Shard shard, CacheClock clock, int databases)
    {
        (_shard, _clock) = (shard, clock);
        _numbers = new uint[databases];
        for (int i = 0; i < databases; i++)
        {
            _numbers[i] = (uint)i * Mix;
        }
    }

    /// <summary>Bytes on the managed heap.</summary>
    public long Bytes => _cells.Bytes + (_old?.Bytes ?? 0);

    /// <summary>Notes a use of a key. With the lock or without.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(int database, uint hash)
    {
        AccessCells cells = _cells;
        uint now = _clock.CoarseSeconds & AccessCells.TimeMask;
        hash ^= _numbers[database];

        // Who wrote into cells that were being replaced might have come after the key had been brought over.
        while (cells.Raise(hash, now, now) && cells != _cells)
        {
            cells = _cells;
        }
    }

    /// <summary>Notes the first use of a new key. The shard is locked.</summary>
    public void Add(int database, uint hash)
    {
        Touch(database, hash);
        if (_old != null)
        {
            BringOver();
        }
        else if ((++_additions & (AdditionsAReview - 1)) == 0)
        {
            Review();
        }
    }

    /// <summary>Whole seconds since a key was last used, or a lower bound of that. The shard is locked.</summary>
    public long SecondsSince(int database, uint hash)
    {
        uint now = _clock.CoarseSeconds & AccessCells.TimeMask;
        return AgeOf(hash ^ _numbers[database], now);
    }

    /// <summary>Says for how long a key was not used; more than 194 days are as many. The shard is locked.</summary>
    public void SetSecondsSince(int database, uint hash, long seconds)
    {
        Forget(database, hash);
        uint now = _clock.CoarseSeconds & AccessCells.TimeMask;
        _cells.Raise(hash ^ _numbers[database], (now - (uint)Math.Min(seconds, AccessCells.MostAge)) & AccessCells.TimeMask, now);
    }

    /// <summary>Forgets a key, which is still in its table. The shard is locked.</summary>
    public void Forget(int database, uint hash)
    {
        hash ^= _numbers[database];
        Forget(_cells, hash);
        if (_old != null)
        {
            Forget(_old, hash);
        }
    }

    /// <summary>Exchanges two databases. The shard is locked.</summary>
    public void SwapDatabases(int a, int b)
    {
        (_numbers[a], _numbers[b]) = (_numbers[b], _numbers[a]);
        (_database, _position) = (0, 0);        // or entries would go by from the part that is still to come to the one that is done
    }

    /// <summary>Brings some entries over to other cells, or looks whether others are needed. Bounded work; the shard is locked.</summary>
    /// <returns>Whether there is more to do.</returns>
    public bool Tidy()
    {
        if (_old == null)
        {
            Review();
        }

        for (int i = 0; i < BucketsAStep && _old != null; i++)
        {
            BringOver();
        }

        return _old != null;
    }

    // More than half of the cells in use are too many, less than an eighth too few.
    private void Review()
    {
        long entries = ShardEntries.CountOf(_shard);
        int present = _cells.Count;
        if (entries <= present / 2 && entries >= present / 8)
        {
            return;
        }

        int cells = LeastCells;
        while (cells < MostCells && entries > cells / 2)
        {
            cells *= 2;
        }

        if (cells == present)
        {
            return;
        }

        AccessCells next;
        try
        {
            next = new AccessCells(cells);
        }
        catch (OutOfMemoryException)
        {
            return;     // the present ones go on, and tell less exactly
        }

        _old = _cells;
        (_database, _position) = (0, 0);
        _cells = next;

        // A reader writes, then looks whether these are still its cells; here they are replaced, and then read.
        Interlocked.MemoryBarrier();
    }

    private void BringOver()
    {
        uint now = _clock.CoarseSeconds & AccessCells.TimeMask;
        for (int i = 0; i < BucketsAStep; i++)
        {
            while (_shard.TableOf(_database) is not { Count: > 0 })
            {
                _position = 0;
                if (++_database == _numbers.Length)
                {
                    _old = null;
                    return;
                }
            }

            var visitor = new BringsOver(this, _numbers[_database], now);
            _position = _shard.TableOf(_database)!.ScanSlots(_position, ref visitor);
            if (_position == 0 && ++_database == _numbers.Length)
            {
                _old = null;
                return;
            }
        }
    }

    // Not if another key has the same cell: it would lose its time, and the oldest of its set would be the answer.
    private void Forget(AccessCells cells, uint hash)
    {
        if (cells.Has(hash) && SharersOf(cells, hash) <= 1)
        {
            cells.Forget(hash, _clock.CoarseSeconds & AccessCells.TimeMask);
        }
    }

    // The keys of all databases that have the cell of a hash. In the order of scans those of one set follow each other; nearly always they have one bucket.
    private int SharersOf(AccessCells cells, uint hash)
    {
        int sharers = 0;
        for (int i = 0; i < _numbers.Length; i++)
        {
            if (_shard.TableOf(i) is not { Count: > 0 } table)
            {
                continue;
            }

            var visitor = new CountsSharers(cells, hash, _numbers[i]);
            uint position = ScanOrder.Reverse((hash ^ _numbers[i]) & cells.SetMask);
            uint last = position | ~ScanOrder.Reverse(cells.SetMask);
            do
            {
                position = table.ScanSlots(position, ref visitor);
            }
            while (position != 0 && position <= last);

            sharers += visitor.Count;
        }

        return sharers;
    }

    private uint AgeOf(uint hash, uint now)
    {
        // What the new cells say may be of another key that shares the cell, while this one is still to be brought over; or this one was brought over, used, and displaced.
        uint? age = _cells.AgeOf(hash, now, out _);
        uint? before = _old?.AgeOf(hash, now, out _);
        return age == null || before == null ? age ?? before ?? 0 : Math.Min(age.Value, before.Value);
    }

    private struct CountsSharers(AccessCells cells, uint hash, uint number) : ISlotVisitor
    {
        public int Count { get; private set; }

        public void Visit(in SlotPosition position) => Count += cells.HaveOneCell(position.Hash ^ number, hash) ? 1 : 0;
    }

    private readonly struct BringsOver(AccessTimes times, uint number, uint now) : ISlotVisitor
    {
        public void Visit(in SlotPosition position)
        {
            uint hash = position.Hash ^ number;
            times._cells.Raise(hash, (now - times.AgeOf(hash, now)) & AccessCells.TimeMask, now);
        }
    }
}
