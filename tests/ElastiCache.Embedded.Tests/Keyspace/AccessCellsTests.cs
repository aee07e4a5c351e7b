using ElastiCache.Embedded.Keyspace;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The sets in which uses are noted. Hashes: the set is in the low bits, the check in the high eight.</summary>
public sealed class AccessCellsTests
{
    private const uint Now = 1_000_000;

    private static readonly FrequencyScale EveryUse = new() { LogFactor = 0 };
    private static readonly FrequencyScale WithoutDecay = new() { LogFactor = 0, DecayMinutes = 0 };

    [Fact]
    public void A_full_set_keeps_the_youngest_and_answers_for_others_with_its_oldest()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now - 40, At(Now));
        cells.Raise(Key(2), Now - 30, At(Now));
        cells.Raise(Key(3), Now - 20, At(Now));
        cells.Raise(Key(4), Now - 10, At(Now));

        bool isKept = cells.Raise(Key(5), Now - 25, At(Now));
        bool isOlder = cells.Raise(Key(6), Now - 35, At(Now));

        Assert.True(isKept);
        Assert.False(isOlder);
        Assert.Equal((30u, false), Ask(cells, Key(1)));     // it was used 40 s ago
        Assert.Equal((30u, true), Ask(cells, Key(2)));
        Assert.Equal((25u, true), Ask(cells, Key(5)));
        Assert.Equal((30u, false), Ask(cells, Key(6)));     // 35
    }

    [Fact]
    public void Nothing_is_known_of_a_key_without_a_cell_where_there_is_room()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now - 40, At(Now));
        cells.Raise(Key(2), Now - 30, At(Now));
        cells.Raise(Key(3), Now - 20, At(Now));

        Assert.Equal((null, false), Ask(cells, Key(4)));
        Assert.Equal((null, false), Ask(cells, 7 | Key(1)));        // of another set
    }

    [Fact]
    public void A_time_goes_forward_only()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now - 5, At(Now));

        Assert.False(cells.Raise(Key(1), Now - 9, At(Now)));
        Assert.False(cells.Raise(Key(1), Now - 5, At(Now)));
        Assert.Equal((5u, true), Ask(cells, Key(1)));
        Assert.True(cells.Raise(Key(1), Now, At(Now)));
        Assert.Equal((0u, true), Ask(cells, Key(1)));
    }

    [Fact]
    public void In_a_second_in_which_a_whole_set_was_used_nothing_more_is_written_to_it()
    {
        var cells = new AccessCells(64);
        for (uint i = 1; i <= 4; i++)
        {
            cells.Raise(Key(i), Now, At(Now));
        }

        Assert.False(cells.Raise(Key(5), Now, At(Now)));
        Assert.Equal((0u, false), Ask(cells, Key(5)));
    }

    [Fact]
    public void The_cell_of_a_key_that_goes_from_a_full_set_is_left_to_one_that_was_displaced_and_does_not_make_it_older()
    {
        var cells = new AccessCells(64);
        for (uint i = 1; i <= 5; i++)
        {
            cells.Raise(Key(i), Now - 100 + (10 * i), At(Now));      // key 1, 90 s old, is displaced by key 5
        }

        cells.Forget(Key(5), heir: Key(1), At(Now));

        Assert.Equal((80u, true), Ask(cells, Key(1)));
        Assert.Equal((80u, true), Ask(cells, Key(2)));
        Assert.False(cells.Raise(Key(6), Now - 200, At(Now)));
    }

    [Fact]
    public void The_cell_of_a_key_that_goes_from_a_full_set_is_emptied_if_all_others_have_one()
    {
        var cells = new AccessCells(64);
        for (uint i = 1; i <= 4; i++)
        {
            cells.Raise(Key(i), Now - 100 + (10 * i), At(Now));
        }

        cells.Forget(Key(4), heir: null, At(Now));

        Assert.Equal((null, false), Ask(cells, Key(4)));
        Assert.True(cells.Raise(Key(5), Now - 200, At(Now)));
        Assert.Equal((90u, true), Ask(cells, Key(1)));
    }

    [Fact]
    public void A_key_that_goes_from_a_set_with_room_leaves_room()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now - 40, At(Now));
        cells.Raise(Key(2), Now - 30, At(Now));

        cells.Forget(Key(1), heir: Key(9), At(Now));

        Assert.Equal((null, false), Ask(cells, Key(1)));
        Assert.Equal((30u, true), Ask(cells, Key(2)));
    }

    [Fact]
    public void A_check_of_zero_is_no_empty_cell_and_time_zero_is_a_time()
    {
        var cells = new AccessCells(64);

        cells.Raise(0, 0, At(3));

        Assert.Equal((3u, true), Ask(cells, 0, At(3)));
    }

    [Fact]
    public void A_time_a_moment_ahead_has_no_age()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now + 1, At(Now + 1));

        Assert.False(cells.Raise(Key(1), Now, At(Now)));
        Assert.Equal((0u, true), Ask(cells, Key(1)));
    }

    [Fact]
    public void No_use_is_lost_where_two_threads_take_cells_of_one_set_at_a_time()
    {
        const int Sets = 1 << 16;
        AccessMoment now = At(Now);
        var cells = new AccessCells(Sets * AccessCells.CellsASet);
        for (uint i = 0; i < Sets * AccessCells.CellsASet; i++)
        {
            cells.Raise(Key(1 + (i / Sets)) | (i % Sets), Now - 10, now);
        }

        // They would take the same oldest cell.
        SideBySide(Sets, (thread, set) => cells.Raise(Key(10 + thread) | set, Now, now));

        for (uint set = 0; set < Sets; set++)
        {
            Assert.Equal((0u, true), Ask(cells, Key(10) | set, now));
            Assert.Equal((0u, true), Ask(cells, Key(11) | set, now));
        }
    }

    [Fact]
    public void Of_frequencies_a_full_set_keeps_the_greatest_and_answers_for_others_with_its_least()
    {
        AccessMoment now = At(Now, EveryUse);
        var cells = new AccessCells(64);
        foreach ((uint check, byte counter) in ((uint, byte)[])[(1, 10), (2, 20), (3, 30), (4, 40)])
        {
            cells.Raise(Key(check), Note(counter, now), now);
        }

        bool isKept = cells.Raise(Key(5), Note(25, now), now);
        bool isLess = cells.Raise(Key(6), now.Fresh, now);

        Assert.True(isKept);
        Assert.False(isLess);
        Assert.Equal((20, false), AskFrequency(cells, Key(1), now));     // it was 10
        Assert.Equal((20, true), AskFrequency(cells, Key(2), now));
        Assert.Equal((20, false), AskFrequency(cells, Key(6), now));     // 5
    }

    [Fact]
    public void A_key_that_was_displaced_goes_on_from_the_least_of_its_set_when_it_is_used_again()
    {
        AccessMoment now = At(Now, EveryUse);
        var cells = new AccessCells(64);
        foreach ((uint check, byte counter) in ((uint, byte)[])[(1, 10), (2, 20), (3, 30), (4, 40), (5, 25)])
        {
            cells.Raise(Key(check), Note(counter, now), now);
        }

        Assert.True(cells.Use(Key(1), old: null, now, out _));

        Assert.Equal((21, true), AskFrequency(cells, Key(1), now));
        Assert.Equal((21, false), AskFrequency(cells, Key(2), now));    // 20
    }

    [Fact]
    public void Among_equal_frequencies_the_one_that_was_used_longer_ago_gives_way()
    {
        AccessMoment earlier = At(Now - 60, WithoutDecay), now = At(Now, WithoutDecay);
        var cells = new AccessCells(64);
        foreach (uint check in (uint[])[1, 2, 3, 4])
        {
            cells.Raise(Key(check), earlier.Fresh, check == 2 ? earlier : now);
        }

        foreach (uint check in (uint[])[1, 3, 4])
        {
            cells.Raise(Key(check), now.Fresh, now);
        }

        Assert.True(cells.Raise(Key(5), now.Fresh, now));
        Assert.Equal((5, false), AskFrequency(cells, Key(2), now));
        Assert.True(cells.Has(Key(1)) && cells.Has(Key(3)) && cells.Has(Key(4)));
    }

    [Fact]
    public void A_minute_a_moment_ahead_is_not_old_and_minutes_go_on_where_their_16_bits_begin_anew()
    {
        const uint Wrap = 65_536 * 60;
        AccessMoment before = At(Wrap - 30, EveryUse), after = At(Wrap + 30, EveryUse), later = At(Wrap + 90, EveryUse);
        uint note = Note(100, after);

        Assert.Equal((byte)100, before.Read(note).Frequency);
        Assert.Equal((byte)99, after.Read(Note(100, before)).Frequency);
        Assert.Equal((byte)98, later.Read(Note(100, before)).Frequency);
    }

    [Fact]
    public void No_use_is_lost_where_two_threads_raise_one_frequency_at_a_time()
    {
        const int Sets = 1 << 14, Uses = 50;
        AccessMoment now = At(Now, EveryUse);
        var cells = new AccessCells(Sets * AccessCells.CellsASet);
        for (uint set = 0; set < Sets; set++)
        {
            cells.Raise(Key(1) | set, now.Fresh, now);
        }

        SideBySide(Sets, (_, set) =>
        {
            for (int use = 0; use < Uses; use++)
            {
                cells.Use(Key(1) | set, old: null, now, out _);
            }
        });

        for (uint set = 0; set < Sets; set++)
        {
            Assert.Equal((5 + (2 * Uses), true), AskFrequency(cells, Key(1) | set, now));
        }
    }

    // Two threads go from set to set, and neither is ahead.
    private static void SideBySide(uint sets, Action<uint, uint> act)
    {
        int[] places = new int[2];
        using var one = new Background(() => Go(0));
        using var other = new Background(() => Go(1));
        one.Join();
        other.Join();

        void Go(uint thread)
        {
            for (uint set = 0; set < sets; set++)
            {
                Volatile.Write(ref places[thread], (int)set);
                for (int spins = 1; Volatile.Read(ref places[1 - thread]) < set; spins++)
                {
                    if (spins % 1_000 == 0)
                    {
                        Thread.Yield();
                    }
                }

                act(thread, set);
            }
        }
    }

    // All in set 0.
    private static uint Key(uint check) => check << 24;

    private static AccessMoment At(uint seconds, FrequencyScale? scale = null) => new(new CacheClock(new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(seconds))), scale);

    private static uint Note(byte counter, AccessMoment moment) => moment.Write(KnownUse.OfFrequency(counter))!.Value;

    private static (uint? Age, bool IsOwn) Ask(AccessCells cells, uint hash) => Ask(cells, hash, At(Now));

    private static (uint? Age, bool IsOwn) Ask(AccessCells cells, uint hash, AccessMoment now) =>
        (cells.NoteOf(hash, now) is { } note ? now.Read(note).IdleSeconds : null, cells.Has(hash));

    private static (int? Frequency, bool IsOwn) AskFrequency(AccessCells cells, uint hash, AccessMoment now) =>
        (cells.NoteOf(hash, now) is { } note ? now.Read(note).Frequency : null, cells.Has(hash));
}
