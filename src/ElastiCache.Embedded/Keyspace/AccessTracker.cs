using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>How the entries of a shard were used: for OBJECT IDLETIME when, to the second; under an LFU policy how often, for OBJECT FREQ. Only where <c>EmbeddedCacheOptions.TracksAccess</c> asks for it.</summary>
/// <remarks>
/// Two to four cells an entry (<see cref="AccessCells"/>), 8 to 16 bytes on the managed heap. Reads and writes note their use, and nothing is written if that changes nothing: for a time if the present second is
/// known already, for a frequency if the counter is not raised and its minute is known, so a key in steady use costs a load.
/// <para>
/// It grows, and shrinks, step by step: new cells are used at once, and those of the entries are brought over bucket by bucket, some with each new key and some with each sweep. Until that is done the old ones
/// are asked for what the new ones don't know. Each entry gets a cell of its own then, so what was displaced in the old ones is told apart again from there on.
/// </para>
/// <para>
/// Databases have numbers that are mixed into the hash; SWAPDB exchanges the numbers. A read at that very moment may be noted for the other database, and is lost.
/// </para>
/// </remarks>
internal sealed class AccessTracker
{
    private const int LeastCells = 256;
    private const int MostCells = 1 << 27;
    private const int BucketsAStep = 8;
    private const int AdditionsAReview = 64;        // a power of two
    private const uint Mix = 0x9E37_79B1;           // the golden ratio, odd: other numbers give other sets and other checks

    private readonly Shard _shard;
    private readonly CacheClock _clock;
    private readonly FrequencyScale? _scale;
    private readonly uint[] _numbers;
    private volatile AccessCells _cells = new(LeastCells);
    private volatile AccessCells? _old;     // what is being brought over; null if all is in _cells
    private int _database;                  // and how far that is
    private uint _position;
    private uint _additions;
    private uint _lastNumber;
    private bool _isLittered;               // with cells of keys that are gone

    private AccessTracker(Shard shard, CacheClock clock, FrequencyScale? scale)
    {
        (_shard, _clock, _scale) = (shard, clock, scale);
        _numbers = new uint[shard.DatabaseCount];
        for (int i = 0; i < _numbers.Length; i++)
        {
            _numbers[i] = _lastNumber++ * Mix;
        }
    }

    /// <summary>Bytes on the managed heap.</summary>
    public long Bytes => _cells.Bytes + (_old?.Bytes ?? 0);

    private AccessMoment Now => new(_clock, _scale);

    /// <summary>What notes the uses that a shard's policy has Redis note: the present tracker, or one in which all keys are new. The shard is locked.</summary>
    /// <returns>Null where nothing is tracked.</returns>
    public static AccessTracker? For(Shard shard, Store store)
    {
        FrequencyScale? scale = shard.Room.Order == EvictionOrder.Frequency ? store.Frequencies : null;
        if (!store.TracksAccess || (shard.Tracker is { } present && present._scale == scale))
        {
            return shard.Tracker;
        }

        var tracker = new AccessTracker(shard, store.Clock, scale);
        if (ShardEntries.CountOf(shard) > 0)
        {
            tracker.Replace(tracker.CellsNeeded());     // from empty ones: each key that is brought over is noted as new
        }

        return tracker;
    }

    /// <summary>Notes a use of a key. With the lock or without.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(int database, uint hash)
    {
        AccessCells cells = _cells;
        AccessMoment now = Now;
        hash ^= _numbers[database];
        if (!cells.IsUpToDate(hash, now))
        {
            Use(cells, hash, now);
        }
    }

    /// <summary>Notes a new key. The shard is locked.</summary>
    public void Add(int database, uint hash)
    {
        AccessMoment now = Now;
        _cells.Raise(hash ^ _numbers[database], now.Fresh, now);
        if (_old != null)
        {
            BringOver();
        }
        else if ((++_additions & (AdditionsAReview - 1)) == 0)
        {
            Review();
        }
    }

    /// <summary>How a key was used: for how many seconds not, or a lower bound of that; or how often, or an upper bound. The shard is locked.</summary>
    public KnownUse UseOf(int database, uint hash)
    {
        AccessMoment now = Now;
        return now.Read(NoteOf(hash ^ _numbers[database], now));
    }

    /// <summary>Says how a key was used; if that is nothing, or of the other kind, it is as good as new. The shard is locked.</summary>
    public void Begin(int database, uint hash, KnownUse use)
    {
        AccessMoment now = Now;
        Forget(database, hash);
        _cells.Raise(hash ^ _numbers[database], now.Write(use) ?? now.Fresh, now);
    }

    /// <summary>Forgets a key, which is still in its table. The shard is locked.</summary>
    public void Forget(int database, uint hash)
    {
        hash ^= _numbers[database];
        Forget(_cells, hash);
        if (_old is { } old)
        {
            Forget(old, hash);
        }
    }

    /// <summary>Forgets the keys of a database, which is empty now. The shard is locked.</summary>
    public void Clear(int database)
    {
        _numbers[database] = _lastNumber++ * Mix;       // no key has one of the old cells any more
        _isLittered = true;
        if (ShardEntries.CountOf(_shard) == 0)
        {
            _old = null;
        }

        if (_old == null)
        {
            Review();
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Use(AccessCells cells, uint hash, AccessMoment now)
    {
        bool isWritten = cells.Use(hash, _old, now, out uint note);

        // Who wrote into cells that were being replaced might have come after the key had been brought over.
        while (isWritten && cells != _cells)
        {
            cells = _cells;
            isWritten = cells.Raise(hash, note, now);
        }
    }

    // More than half of the cells in use are too many, less than an eighth too few.
    private void Review()
    {
        long entries = ShardEntries.CountOf(_shard);
        int present = _cells.Count;
        if (_isLittered || entries > present / 2 || entries < present / 8)
        {
            int cells = CellsNeeded();
            if (_isLittered || cells != present)
            {
                Replace(cells);
            }
        }
    }

    private int CellsNeeded()
    {
        long entries = ShardEntries.CountOf(_shard);
        int cells = LeastCells;
        while (cells < MostCells && entries > cells / 2)
        {
            cells *= 2;
        }

        return cells;
    }

    private void Replace(int cells)
    {
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
        _isLittered = false;

        // A reader writes, then looks whether these are still its cells; here they are replaced, and then read.
        Interlocked.MemoryBarrier();
    }

    private void BringOver()
    {
        AccessMoment now = Now;
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

    // Not if another key has the same cell: it would lose its note, and the coldest of its set would be the answer.
    private void Forget(AccessCells cells, uint hash)
    {
        if (cells.Has(hash))
        {
            KeysOfSet keys = KeysBeside(cells, hash);
            if (keys.Sharers <= 1)
            {
                cells.Forget(hash, keys.WithoutCell, Now);
            }
        }
    }

    // The keys of all databases that have the set of a hash, itself included. In the order of scans they follow each other; nearly always they have one bucket.
    private KeysOfSet KeysBeside(AccessCells cells, uint hash)
    {
        var keys = new KeysOfSet(cells, hash);
        for (int i = 0; i < _numbers.Length; i++)
        {
            if (_shard.TableOf(i) is not { Count: > 0 } table)
            {
                continue;
            }

            keys.Number = _numbers[i];
            uint position = ScanOrder.Reverse((hash ^ _numbers[i]) & cells.SetMask);
            uint last = position | ~ScanOrder.Reverse(cells.SetMask);
            do
            {
                position = table.ScanSlots(position, ref keys);
            }
            while (position != 0 && position <= last);
        }

        return keys;
    }

    // What the new cells say may be of another key that shares the cell, while this one is still to be brought over; or this one was brought over, used, and displaced.
    private uint NoteOf(uint hash, AccessMoment now)
    {
        uint? note = _cells.NoteOf(hash, now);
        return _old?.NoteOf(hash, now) is { } before ? now.Warmer(note, before) : note ?? now.Fresh;
    }

    private struct KeysOfSet(AccessCells cells, uint hash) : ISlotVisitor
    {
        public uint Number { private get; set; }

        /// <summary>How many have the cell of the hash.</summary>
        public int Sharers { get; private set; }

        /// <summary>The hash of one that has no cell; null if all have one.</summary>
        public uint? WithoutCell { get; private set; }

        public void Visit(in SlotPosition position)
        {
            uint other = position.Hash ^ Number;
            if (cells.HaveOneSet(other, hash))
            {
                Sharers += cells.HaveOneCell(other, hash) ? 1 : 0;
                WithoutCell = cells.Has(other) ? WithoutCell : other;
            }
        }
    }

    private readonly struct BringsOver(AccessTracker tracker, uint number, AccessMoment now) : ISlotVisitor
    {
        public void Visit(in SlotPosition position)
        {
            uint hash = position.Hash ^ number;
            tracker._cells.Raise(hash, tracker.NoteOf(hash, now), now);
        }
    }
}
