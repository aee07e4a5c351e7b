using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The sets in which times are kept. Hashes: the set is in the low bits, the check in the high eight.</summary>
public sealed class AccessCellsTests
{
    private const uint Now = 1_000_000;

    [Fact]
    public void A_full_set_keeps_the_youngest_and_answers_for_others_with_its_oldest()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now - 40, Now);
        cells.Raise(Key(2), Now - 30, Now);
        cells.Raise(Key(3), Now - 20, Now);
        cells.Raise(Key(4), Now - 10, Now);

        bool isKept = cells.Raise(Key(5), Now - 25, Now);
        bool isOlder = cells.Raise(Key(6), Now - 35, Now);

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
        cells.Raise(Key(1), Now - 40, Now);
        cells.Raise(Key(2), Now - 30, Now);
        cells.Raise(Key(3), Now - 20, Now);

        Assert.Equal((null, false), Ask(cells, Key(4)));
        Assert.Equal((null, false), Ask(cells, 7 | Key(1)));        // of another set
    }

    [Fact]
    public void A_time_goes_forward_only()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now - 5, Now);

        Assert.False(cells.Raise(Key(1), Now - 9, Now));
        Assert.False(cells.Raise(Key(1), Now - 5, Now));
        Assert.Equal((5u, true), Ask(cells, Key(1)));
        Assert.True(cells.Raise(Key(1), Now, Now));
        Assert.Equal((0u, true), Ask(cells, Key(1)));
    }

    [Fact]
    public void In_a_second_in_which_a_whole_set_was_used_nothing_more_is_written_to_it()
    {
        var cells = new AccessCells(64);
        for (uint i = 1; i <= 4; i++)
        {
            cells.Raise(Key(i), Now, Now);
        }

        Assert.False(cells.Raise(Key(5), Now, Now));
        Assert.Equal((0u, false), Ask(cells, Key(5)));
    }

    [Fact]
    public void A_set_that_was_once_full_stays_full_when_keys_go_so_that_nobody_displaced_becomes_older()
    {
        var cells = new AccessCells(64);
        for (uint i = 1; i <= 5; i++)
        {
            cells.Raise(Key(i), Now - 100 + (10 * i), Now);      // key 1, 90 s old, is displaced by key 5
        }

        cells.Forget(Key(5), Now);
        (uint? Age, bool) first = Ask(cells, Key(1));
        cells.Raise(Key(6), Now - 200, Now);

        Assert.Equal((80u, false), first);
        Assert.Equal((80u, false), Ask(cells, Key(1)));
        Assert.True(cells.Raise(Key(7), Now, Now));
        Assert.Equal((80u, true), Ask(cells, Key(2)));
    }

    [Fact]
    public void A_key_that_goes_from_a_set_with_room_leaves_room()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now - 40, Now);
        cells.Raise(Key(2), Now - 30, Now);

        cells.Forget(Key(1), Now);

        Assert.Equal((null, false), Ask(cells, Key(1)));
        Assert.Equal((30u, true), Ask(cells, Key(2)));
    }

    [Fact]
    public void A_check_of_zero_is_no_empty_cell_and_time_zero_is_a_time()
    {
        var cells = new AccessCells(64);

        cells.Raise(0, 0, now: 3);

        Assert.Equal((3u, true), (cells.AgeOf(0, 3, out bool isOwn), isOwn));
    }

    [Fact]
    public void A_time_a_moment_ahead_has_no_age()
    {
        var cells = new AccessCells(64);
        cells.Raise(Key(1), Now + 1, Now + 1);

        Assert.False(cells.Raise(Key(1), Now, Now));
        Assert.Equal((0u, true), Ask(cells, Key(1)));
    }

    [Fact]
    public void No_use_is_lost_where_two_threads_take_cells_of_one_set_at_a_time()
    {
        const int Sets = 1 << 16;
        var cells = new AccessCells(Sets * AccessCells.CellsASet);
        for (uint i = 0; i < Sets * AccessCells.CellsASet; i++)
        {
            cells.Raise(Key(1 + (i / Sets)) | (i % Sets), Now - 10, Now);
        }

        // Both go from set to set side by side, and would take the same oldest cell.
        int[] places = new int[2];
        using var one = new Background(() => Race(0));
        using var other = new Background(() => Race(1));
        one.Join();
        other.Join();

        for (uint set = 0; set < Sets; set++)
        {
            Assert.Equal((0u, true), Ask(cells, Key(10) | set));
            Assert.Equal((0u, true), Ask(cells, Key(11) | set));
        }

        void Race(int thread)
        {
            for (uint set = 0; set < Sets; set++)
            {
                Volatile.Write(ref places[thread], (int)set);
                for (int spins = 1; Volatile.Read(ref places[1 - thread]) < set; spins++)
                {
                    if (spins % 1_000 == 0)
                    {
                        Thread.Yield();
                    }
                }

                cells.Raise(Key(10 + (uint)thread) | set, Now, Now);
            }
        }
    }

    // All in set 0.
    private static uint Key(uint check) => check << 24;

    private static (uint? Age, bool IsOwn) Ask(AccessCells cells, uint hash) => (cells.AgeOf(hash, Now, out bool isOwn), isOwn);
}
