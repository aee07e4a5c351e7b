using ElastiCache.Embedded.Keyspace;
using Xunit;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed class ExpiryWheelTests : IDisposable
{
    private const long Start = 1_767_225_600_000; // 2026-01-01, a whole number of ticks
    private const long Tick = 128;
    private const long Hour = 3_600_000;

    private readonly ExpiryWheelChunks.Arena _memory = new();
    private readonly ExpiryWheel<ExpiryWheelChunks> _wheel;

    public ExpiryWheelTests() => _wheel = new(new(_memory), Start);

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(64 * 128)]
    [InlineData((64 * 128) + 1)]
    [InlineData(60_000)]
    [InlineData(Hour)]
    [InlineData((24 * Hour) + 5)]
    [InlineData(30 * 24 * Hour)]
    [InlineData(180 * 24 * Hour)]
    public void A_node_is_due_in_the_first_tick_after_its_deadline_and_not_a_millisecond_before(long inMilliseconds)
    {
        long dueAt = (Start + inMilliseconds + Tick - 1) / Tick * Tick;
        byte mark = _wheel.Add(7, 3, Start + inMilliseconds);

        Assert.Empty(Advance(dueAt - 1));
        Assert.Equal([(7u, 3, mark)], Advance(dueAt));
        Assert.Equal((0, 0, 0), (_wheel.Nodes, _wheel.Bytes, _memory.Live));
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(Start - 1)]
    [InlineData(Start)]
    public void A_deadline_that_has_passed_is_due_at_the_next_tick(long deadline)
    {
        _wheel.Add(7, 0, deadline);

        Assert.Empty(Advance(Start + Tick - 1));
        Assert.Single(Advance(Start + Tick));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue - 127)]
    [InlineData(Start + (((1L << 27) + 1) * Tick))]
    public void A_deadline_beyond_the_horizon_is_due_at_the_horizon(long deadline)
    {
        const long Horizon = Start + ((1L << 27) * Tick);
        _wheel.Add(7, 0, deadline);

        Assert.Empty(Advance(Horizon - 1));
        Assert.Single(Advance(Horizon));
    }

    [Fact]
    public void A_clock_that_jumps_by_a_thousand_years_costs_only_the_visits_to_nodes()
    {
        for (uint hash = 0; hash < 100; hash++)
        {
            _wheel.Add(hash, 0, Start + (hash * 40 * Hour));
        }

        long muchLater = Start + (1000 * 365 * 24 * Hour);
        var due = new List<(uint, int, byte)>();
        var sink = new Collect(due);
        int calls = 1;
        while (_wheel.Advance(muchLater, 1, ref sink))
        {
            calls++;
        }

        Assert.Equal(100, due.Count);
        Assert.InRange(calls, 100, 500); // a node is moved four times at most
        _wheel.Add(1, 0, muchLater + 1);
        Assert.Single(Advance(muchLater + Tick));
    }

    [Fact]
    public void A_clock_that_jumps_back_is_held_where_it_was()
    {
        Advance(Start + Hour);
        _wheel.Add(7, 0, Start + Hour + 1);

        Assert.Empty(Advance(Start));
        Assert.Single(Advance(Start + Hour + Tick));
    }

    [Fact]
    public void Advance_says_that_work_waits_exactly_while_a_node_is_due()
    {
        var due = new List<(uint, int, byte)>();
        var sink = new Collect(due);
        _wheel.Add(1, 0, Start + 1);
        _wheel.Add(2, 0, Start + 1);
        _wheel.Add(3, 0, Start + Hour);

        Assert.True(_wheel.Advance(Start + Tick, 0, ref sink));
        Assert.True(_wheel.Advance(Start + Tick, 1, ref sink));
        Assert.False(_wheel.Advance(Start + Tick, 1, ref sink));
        Assert.Equal(2, due.Count);
    }

    [Fact]
    public void A_sink_that_re_arms_a_key_to_the_past_does_not_keep_advance_busy()
    {
        _wheel.Add(7, 0, Start);
        var sink = new ReArm(_wheel, deadline: 0);

        Assert.False(_wheel.Advance(Start + (10 * Hour), 1000, ref sink));
        Assert.Equal(1, sink.Fired);
        Assert.False(_wheel.Advance(Start + (10 * Hour) + Tick, 1000, ref sink));
        Assert.Equal(2, sink.Fired);
    }

    [Fact]
    public void A_sink_may_clear_the_wheel()
    {
        for (uint hash = 0; hash < 40; hash++)
        {
            _wheel.Add(hash, 0, Start + 1 + (hash / 20 * Hour));
        }

        var sink = new ClearAll(_wheel);

        Assert.False(_wheel.Advance(Start + Hour + Tick, 1000, ref sink));
        Assert.Equal(1, sink.Fired);
        Assert.Equal((0, 0), (_wheel.Nodes, _memory.Live));
    }

    [Fact]
    public void A_key_refreshed_by_the_rules_of_the_owner_has_one_node_and_goes_within_a_tick_of_its_last_deadline()
    {
        var owner = new Owner(_wheel, Start);
        owner.Set(7, Start + Hour);
        for (long now = Start; now < Start + (3 * Hour); now += 1000)
        {
            owner.Set(7, now + Hour);
            _wheel.Advance(now, 1000, ref owner);
        }

        Assert.Equal(1, _wheel.Nodes);
        long deadline = owner.Deadlines[7];
        owner.Now = deadline - 1;
        _wheel.Advance(owner.Now, 1000, ref owner);
        Assert.Single(owner.Deadlines);
        owner.Now = deadline + Tick;
        _wheel.Advance(owner.Now, 1000, ref owner);
        Assert.Empty(owner.Deadlines);
    }

    [Fact]
    public void Nodes_left_behind_by_a_key_that_is_deleted_and_set_again_are_found_by_clean_and_never_re_armed()
    {
        var owner = new Owner(_wheel, Start);
        for (int i = 0; i < 100; i++)
        {
            owner.Deadlines.Clear();
            owner.Set(7, Start + Hour + (i * Tick));
        }

        var cleaner = new KeepMarked(owner);
        Assert.Equal(99, _wheel.Clean(1000, ref cleaner));
        Assert.Equal(1, _wheel.Nodes);
        owner.Now = Start + (2 * Hour);
        _wheel.Advance(owner.Now, 1000, ref owner);
        Assert.Empty(owner.Deadlines);
    }

    [Fact]
    public void Only_a_sooner_tick_needs_another_node()
    {
        Assert.False(_wheel.IsSooner(Start + Hour, Start + Hour));
        Assert.False(_wheel.IsSooner(Start + Hour + 1, Start + Hour));
        Assert.False(_wheel.IsSooner(Start + 129, Start + 256));
        Assert.True(_wheel.IsSooner(Start + 128, Start + 129));
        Assert.False(_wheel.IsSooner(0, Start));                                        // both have passed
        Assert.False(_wheel.IsSooner(Start + (300 * 24 * Hour), long.MaxValue));        // both beyond the horizon
    }

    [Fact]
    public void Same_slot_tells_slots_of_every_level_apart()
    {
        Assert.True(_wheel.SameSlot(Start + 129, Start + 256));
        Assert.False(_wheel.SameSlot(Start + 128, Start + 129));

        // 8.2 s slots begin at multiples of 64 ticks, 8.7 min slots at multiples of 4096; Start is not at such a multiple.
        long minuteSlot = ((Start / (4096 * Tick)) + 2) * 4096 * Tick;
        Assert.True(_wheel.SameSlot(minuteSlot, minuteSlot + (4095 * Tick)));
        Assert.False(_wheel.SameSlot(minuteSlot - Tick, minuteSlot));
        Assert.False(_wheel.SameSlot(minuteSlot, minuteSlot + (4096 * Tick)));

        Advance(minuteSlot - Tick);
        Assert.True(_wheel.SameSlot(minuteSlot, minuteSlot + (4095 * Tick)));
        Advance(minuteSlot);
        Assert.False(_wheel.SameSlot(minuteSlot + Tick, minuteSlot + (4095 * Tick)));   // the slot has been parted
    }

    [Fact]
    public void Clean_asks_about_every_node_once_a_round_however_small_the_steps_are()
    {
        for (uint hash = 0; hash < 1000; hash++)
        {
            _wheel.Add(hash, (int)hash % 16, Start + (hash % 37 * hash * 1000));
        }

        var asked = new List<uint>();
        var cleaner = new KeepEven(asked);
        int dropped = 0;
        for (int call = 0; call < 143; call++)
        {
            dropped += _wheel.Clean(7, ref cleaner); // 143 * 7 = 1001: the last call begins the second round
        }

        Assert.Equal(500, dropped);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (uint)i), asked.Take(1000).Order());
        Assert.Equal(500, _wheel.Nodes);
    }

    [Fact]
    public void Clean_leaves_no_memory_behind_and_keeps_chunks_full()
    {
        for (uint hash = 0; hash < 1500; hash++)
        {
            _wheel.Add(hash, 0, Start + Hour);
        }

        Assert.Equal((100 * 128, 100), (_wheel.Bytes, _memory.Live));
        var keepEven = new KeepEven([]);
        _wheel.Clean(1500, ref keepEven);
        Assert.Equal((50 * 128, 50), (_wheel.Bytes, _memory.Live));
        var keepNone = new KeepNone();
        Assert.Equal(750, _wheel.Clean(int.MaxValue, ref keepNone));
        Assert.Equal((0, 0, 0), (_wheel.Nodes, _wheel.Bytes, _memory.Live));
        Assert.Equal(0, _wheel.Clean(10, ref keepNone));
    }

    [Fact]
    public void Swapping_databases_renames_the_nodes_already_filed_and_not_the_later_ones()
    {
        _wheel.Add(1, 0, Start + 1);
        _wheel.SwapDatabases(0, 3);
        _wheel.Add(2, 0, Start + 1);
        _wheel.SwapDatabases(3, 5);
        _wheel.Add(3, 3, Start + 1);
        _wheel.SwapDatabases(4, 4);
        _wheel.Add(4, 4, Start + 1);

        Assert.Equal([(1u, 5), (2u, 0), (3u, 3), (4u, 4)], Advance(Start + Tick).Select(n => (n.Hash, n.Database)).Order());
    }

    [Fact]
    public void Failing_to_get_memory_loses_no_node()
    {
        for (uint hash = 0; hash < 50; hash++)
        {
            _wheel.Add(hash, 0, Start + Hour + (hash * 1000));
        }

        _memory.AllocationsLeft = 0;
        Assert.Throws<InsufficientMemoryException>(() => _wheel.Add(99, 0, Start + (48 * Hour)));
        Assert.Equal(50, _wheel.Nodes);
        var due = new List<(uint, int, byte)>();
        for (long now = Start; now < Start + (2 * Hour); now += 60_000)
        {
            // Each call may take one chunk before it fails.
            for (bool again = true; again;)
            {
                _memory.AllocationsLeft = 1;
                try
                {
                    var sink = new Collect(due);
                    again = _wheel.Advance(now, int.MaxValue, ref sink);
                }
                catch (InsufficientMemoryException)
                {
                }
            }
        }

        Assert.Equal(50, due.Distinct().Count());
        Assert.Equal((50, 0), (due.Count, _memory.Live));
    }

    [Fact]
    public void Clear_frees_everything_and_the_wheel_goes_on()
    {
        for (uint hash = 0; hash < 1000; hash++)
        {
            _wheel.Add(hash, 0, Start + (hash * Hour));
        }

        var cleaner = new KeepEven([]);
        _wheel.Clean(100, ref cleaner);
        _wheel.Clear();

        Assert.Equal((0, 0, 0), (_wheel.Nodes, _wheel.Bytes, _memory.Live));
        Assert.Empty(Advance(Start + (500 * Hour)));
        _wheel.Add(7, 0, Start + (600 * Hour));
        Assert.Single(Advance(Start + (601 * Hour)));
        Assert.Equal(0, _wheel.Clean(100, ref cleaner));
    }

    private List<(uint Hash, int Database, byte Mark)> Advance(long now)
    {
        var due = new List<(uint, int, byte)>();
        var sink = new Collect(due);
        Assert.False(_wheel.Advance(now, int.MaxValue, ref sink));
        return due;
    }

    private readonly struct Collect(List<(uint, int, byte)> due) : IExpirySink
    {
        public void Due(uint hash, int database, byte mark) => due.Add((hash, database, mark));
    }

    private struct ReArm(ExpiryWheel<ExpiryWheelChunks> wheel, long deadline) : IExpirySink
    {
        public int Fired { get; private set; }

        public void Due(uint hash, int database, byte mark)
        {
            Fired++;
            wheel.Add(hash, database, deadline);
        }
    }

    private struct ClearAll(ExpiryWheel<ExpiryWheelChunks> wheel) : IExpirySink
    {
        public int Fired { get; private set; }

        public void Due(uint hash, int database, byte mark)
        {
            Fired++;
            wheel.Clear();
        }
    }

    private readonly struct KeepEven(List<uint> asked) : IExpiryCleaner
    {
        public bool Keep(uint hash, int database, byte mark)
        {
            asked.Add(hash);
            return hash % 2 == 0;
        }
    }

    private readonly struct KeepNone : IExpiryCleaner
    {
        public bool Keep(uint hash, int database, byte mark) => false;
    }

    private readonly struct KeepMarked(Owner owner) : IExpiryCleaner
    {
        public bool Keep(uint hash, int database, byte mark) => owner.Marks.TryGetValue(hash, out byte kept) && kept == mark;
    }

    /// <summary>A shard that follows the rules in the wheel's essay.</summary>
    private struct Owner(ExpiryWheel<ExpiryWheelChunks> wheel, long now) : IExpirySink
    {
        public Dictionary<uint, long> Deadlines { get; } = [];

        public Dictionary<uint, byte> Marks { get; } = [];

        public long Now { get; set; } = now;

        public readonly void Set(uint key, long deadline)
        {
            if (!Deadlines.TryGetValue(key, out long armed) || wheel.IsSooner(deadline, armed))
            {
                Marks[key] = wheel.Add(key, 0, deadline);
            }

            Deadlines[key] = deadline;
        }

        public readonly void Due(uint hash, int database, byte mark)
        {
            if (!Deadlines.TryGetValue(hash, out long deadline))
            {
                return;
            }

            if (deadline <= Now)
            {
                Deadlines.Remove(hash);
            }
            else if (Marks[hash] == mark)
            {
                Marks[hash] = wheel.Add(hash, database, deadline);
            }
        }
    }
}
