using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Operations;

public sealed class ScanOperationsTests : IDisposable
{
    private readonly KeyTestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(20_000)]
    public void A_whole_scan_meets_every_key_exactly_once(int keys)
    {
        List<string> expected = Fill(keys);

        foreach (long count in new[] { 1L, 10, 1000 })
        {
            List<string> found = ScanAll(count);
            found.Sort(StringComparer.Ordinal);
            Assert.Equal(expected, found);
        }
    }

    [Theory]
    [InlineData(20261)]
    [InlineData(20262)]
    [InlineData(20263)]
    public void A_key_that_stays_is_met_once_while_the_table_grows_and_shrinks_between_steps(int seed)
    {
        var random = new Random(seed);
        List<string> staying = Fill(3000);
        var found = new List<string>();
        int added = 0, deleted = 0;
        ulong cursor = 0;
        do
        {
            cursor = _store.Scan(cursor, found, count: random.Next(1, 40));
            for (int i = random.Next(400); i > 0 && added < 100_000; i--)
            {
                _store.Set($"passing{added++}", "x");
            }

            for (int i = random.Next(800); random.Next(3) == 0 && i > 0 && deleted < added; i--)
            {
                _store.DeleteOne($"passing{deleted++}");
            }
        }
        while (cursor != 0);

        found.RemoveAll(key => key.StartsWith("passing", StringComparison.Ordinal));
        found.Sort(StringComparer.Ordinal);
        Assert.True(staying.SequenceEqual(found), $"seed {seed}");
    }

    [Fact]
    public void A_key_that_stays_is_met_once_while_nearly_everything_else_is_deleted()
    {
        var staying = new List<string>();
        for (int i = 0; i < 20_000; i++)
        {
            _store.Set($"k{i}", "x");
            if (i % 100 == 0)
            {
                staying.Add($"k{i}");
            }
        }

        var found = new List<string>();
        ulong cursor = 0;
        int next = 0;
        do
        {
            cursor = _store.Scan(cursor, found, count: 20);
            for (int i = 0; i < 60 && next < 20_000; i++, next++)
            {
                if (next % 100 != 0)
                {
                    _store.DeleteOne($"k{next}");
                }
            }
        }
        while (cursor != 0);

        Assert.Equal(found.Count, found.Distinct().Count());
        Assert.Empty(staying.Except(found));
    }

    [Fact]
    public async Task A_key_that_stays_is_met_once_while_another_thread_adds_and_deletes()
    {
        List<string> staying = Fill(5000);
        using var stop = new CancellationTokenSource();
        _store.Store.Journal = null;       // the test's journal serves one thread
        Task churn = Task.Run(
            () =>
            {
                for (int i = 0; !stop.IsCancellationRequested; i++)
                {
                    _store.Set($"passing{i % 30_000}", "x");
                    if (i % 3 == 0)
                    {
                        _store.DeleteOne($"passing{(i * 7L) % 30_000}");
                    }
                }
            },
            TestContext.Current.CancellationToken);

        for (int round = 0; round < 30; round++)
        {
            List<string> found = ScanAll(count: 50);
            found.RemoveAll(key => key.StartsWith("passing", StringComparison.Ordinal));
            found.Sort(StringComparer.Ordinal);
            Assert.Equal(staying, found);
        }

        await stop.CancelAsync();
        await churn;
    }

    [Theory]
    [InlineData(1ul)]
    [InlineData(2ul)]
    [InlineData((1ul << 31) - 1)]
    [InlineData((1ul << 31) + 1)]
    [InlineData((1ul << 32) - 1)]
    [InlineData(1ul << 32)]
    [InlineData((1ul << 32) + 1)]
    [InlineData(4ul << 32)]
    [InlineData((4ul << 32) - 1)]
    [InlineData((1ul << 63) - 1)]
    [InlineData(1ul << 63)]
    [InlineData(ulong.MaxValue)]
    public void Any_number_is_a_cursor_from_which_a_scan_comes_to_its_end(ulong cursor)
    {
        Fill(500);
        var found = new List<string>();

        int steps = 0;
        do
        {
            cursor = _store.Scan(cursor, found);
            Assert.True(++steps < 2000);
        }
        while (cursor != 0);

        Assert.Equal(found.Count, found.Distinct().Count());
    }

    [Theory]
    [InlineData((1L << 31) - 1)]
    [InlineData((1L << 31) + 1)]
    [InlineData((1L << 32) + 1)]
    [InlineData(long.MaxValue)]
    public void A_large_count_takes_everything_in_one_step(long count)
    {
        Fill(5000);
        var found = new List<string>();

        Assert.Equal(0ul, _store.Scan(0, found, count));
        Assert.Equal(5000, found.Count);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_count_below_one_is_refused(long count)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _store.Scan(0, [], count));
    }

    [Fact]
    public void A_step_passes_about_as_many_keys_as_count_says()
    {
        Fill(10_000);
        foreach (long count in new[] { 1L, 10, 100, 1000 })
        {
            var found = new List<string>();
            _store.Scan(0, found, count);
            Assert.InRange(found.Count, count, count + 32);     // what shares the last bucket
        }
    }

    [Fact]
    public void A_step_over_a_table_that_has_become_sparse_ends_soon()
    {
        Fill(50_000);
        _store.Delete([.. _store.KeysLike("*").Skip(5)]);       // in one step: a table is merged a little at each unlocking

        var found = new List<string>();
        int steps = 0;
        ulong cursor = 0;
        do
        {
            cursor = _store.Scan(cursor, found, count: 1);
            steps++;
        }
        while (cursor != 0);

        Assert.Equal(5, found.Count);
        Assert.True(steps > 20, $"{steps} steps");
    }

    [Fact]
    public void MATCH_and_TYPE_filter_what_is_returned_but_the_scan_goes_on()
    {
        Fill(300);
        for (int i = 0; i < 20; i++)
        {
            _store.Put($"list{i}", ValueKind.List, [1], default);
        }

        Assert.Equal(20, ScanAll(10, kind: ValueKind.List).Count);
        Assert.Equal(300, ScanAll(10, kind: ValueKind.String).Count);
        Assert.Empty(ScanAll(10, kind: ValueKind.None));
        Assert.Equal(10, ScanAll(10, match: "list1*", kind: ValueKind.List).Count - 1);
        Assert.Empty(ScanAll(10, match: ""));
        _store.Set("", "the empty key");
        Assert.Equal([""], ScanAll(10, match: ""));
        Assert.Equal(321, ScanAll(10, match: "*").Count);
    }

    [Fact]
    public void KEYS_finds_what_matches_in_its_database()
    {
        foreach (string key in new[] { "one", "two", "three", "four", "h[llo", "" })
        {
            _store.Set(key, "x");
            _store.Set(key, "x", database: 3);
        }

        _store.Set("other", "x", database: 3);

        Assert.Equal(["", "four", "h[llo", "one", "three", "two"], _store.KeysLike("*"));
        Assert.Equal(["three", "two"], _store.KeysLike("t*"));
        Assert.Equal(["one", "two"], _store.KeysLike("?[nw]?"));
        Assert.Equal(["h[llo"], _store.KeysLike("h\\[*"));
        Assert.Equal(["other"], _store.KeysLike("*ther", database: 3));
        Assert.Equal([""], _store.KeysLike(""));
        Assert.Empty(_store.KeysLike("*", database: 4));
    }

    [Fact]
    public void Neither_SCAN_nor_KEYS_nor_RANDOMKEY_show_a_key_whose_time_has_come()
    {
        Fill(100);
        for (int i = 0; i < 500; i++)
        {
            _store.Set($"mortal{i}", "x", deadline: _store.Now + 1);
        }

        _store.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(100, ScanAll(10).Count);
        Assert.Equal(100, _store.KeysLike("*").Count);
        for (int i = 0; i < 300; i++)
        {
            Assert.StartsWith("k", _store.RandomKey(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void RANDOMKEY_of_an_empty_database_is_none_also_if_all_its_keys_have_expired()
    {
        Assert.Null(_store.RandomKey());
        _store.Set("other", "x", database: 1);
        for (int i = 0; i < 100; i++)
        {
            _store.Set($"mortal{i}", "x", deadline: _store.Now + 1);
        }

        _store.Log();
        _store.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Null(_store.RandomKey());
        Assert.Equal(0, _store.Databases.Size(0));
        Assert.Equal(100, _store.Log().Split('\n').Length);
    }

    [Theory]
    [InlineData(1, 200, false)]
    [InlineData(8, 200, false)]
    [InlineData(4, 3000, false)]
    [InlineData(4, 300, true)]
    public void RANDOMKEY_returns_every_key_equally_often(int shards, int keys, bool sparse)
    {
        using var store = new KeyTestStore(shards);
        for (int i = 0; i < keys * (sparse ? 5 : 1); i++)
        {
            store.Set($"k{i}", "x");
        }

        for (int i = keys; sparse && i < keys * 5; i++)
        {
            store.DeleteOne($"k{i}");
        }

        const int DrawsAKey = 50;
        var counts = new Dictionary<string, int>();
        for (int i = 0; i < keys * DrawsAKey; i++)
        {
            string key = store.RandomKey()!;
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        // Chi square: its mean is the degrees of freedom, its standard deviation the root of twice that. Five of them never happen by chance.
        double chiSquare = counts.Values.Sum(count => Math.Pow(count - DrawsAKey, 2) / DrawsAKey) + ((keys - counts.Count) * DrawsAKey);
        Assert.Equal(keys, counts.Count);
        Assert.True(chiSquare < keys + (5 * Math.Sqrt(2 * keys)), $"chi square {chiSquare} with {keys} keys");
    }

    private List<string> Fill(int keys)
    {
        for (int i = 0; i < keys; i++)
        {
            _store.Set($"k{i}", "x");
        }

        return [.. Enumerable.Range(0, keys).Select(i => $"k{i}").Order(StringComparer.Ordinal)];
    }

    private List<string> ScanAll(long count, string? match = null, ValueKind? kind = null)
    {
        var found = new List<string>();
        ulong cursor = 0;
        do
        {
            cursor = _store.Scan(cursor, found, count, match, kind);
        }
        while (cursor != 0);
        return found;
    }
}
