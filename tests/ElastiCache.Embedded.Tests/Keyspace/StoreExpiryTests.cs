using System.Text;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed class StoreExpiryTests
{
    [Fact]
    public void A_value_is_unreadable_at_its_deadline_even_if_the_sweeper_never_ran()
    {
        using var fixture = new StoreFixture();
        fixture.Set("k", "v"u8, deadline: fixture.Now + 1_000);

        fixture.Time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.NotNull(fixture.Get("k"));
        Assert.NotNull(fixture.Find("k"));

        fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, fixture.Store.Count(0));
        Assert.Null(fixture.Get("k"));
        Assert.Null(fixture.Find("k"));
        Assert.Equal(0, fixture.Store.Count(0));
        fixture.VerifyAccounts();
    }

    [Fact]
    public void Memory_of_expired_entries_is_free_within_1200_ms_of_the_deadline()
    {
        using var fixture = new StoreFixture(shards: 4);
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            fixture.Set($"key:{i}", new byte[50], database: i % 3, deadline: fixture.Now + random.Next(1, 60_000));
        }

        for (int second = 0; second < 62; second++)
        {
            fixture.Pass(TimeSpan.FromSeconds(1));
            for (int database = 0; database < 3; database++)
            {
                Assert.Equal(fixture.Store.Count(database), fixture.Keys(database, fixture.Now - 1_200).Count);
            }
        }

        Assert.Equal(0, fixture.Store.Count(0) + fixture.Store.Count(1) + fixture.Store.Count(2));
        Assert.Equal(fixture.FixedBytes, fixture.Store.Arena.UsedBytes);
    }

    [Fact]
    public void Every_entry_is_swept_although_the_wheel_is_being_cleaned_all_the_time()
    {
        // Deleted keys leave nodes behind, so that each write with a deadline cleans some. A clean that ran between the filing
        // of a new key's node and its publication took the node for an orphan, and nobody ever swept the key.
        using var fixture = new StoreFixture();
        var random = new Random(2);
        for (int i = 0; i < 60_000; i++)
        {
            fixture.Set("soon deleted", "v"u8, deadline: fixture.Now + 3_600_000 + (i * 128));
            fixture.Delete("soon deleted");
            fixture.Set($"key:{i}", "v"u8, deadline: fixture.Now + random.Next(1, 2_000));
            if (i % 100 == 0)
            {
                fixture.Pass(TimeSpan.FromMilliseconds(130));
                Assert.Equal(fixture.Store.Count(0), fixture.Keys(0, fixture.Now - 1_000).Count);
            }
        }

        fixture.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(0, fixture.Store.Count(0));
    }

    [Fact]
    public void Refreshing_a_key_a_million_times_keeps_the_wheel_small()
    {
        using var fixture = new StoreFixture();
        fixture.Set("session", "v"u8, deadline: fixture.Now + 20 * 60_000);
        for (int i = 0; i < 1_000_000; i++)
        {
            fixture.SetDeadline("session", fixture.Now + (20 * 60_000));
            if (i % 1_000 == 0)
            {
                fixture.Time.Advance(TimeSpan.FromSeconds(7));
                fixture.Store.Sweep();
            }
        }

        Assert.NotNull(fixture.Get("session"));
        Assert.InRange(fixture.Store.ShardAt(0).WheelBytes, 128, 1_024);
        fixture.Pass(TimeSpan.FromSeconds(20 * 60 + 1.2));
        Assert.Equal(0, fixture.Store.Count(0));
    }

    [Fact]
    public void Moving_a_deadline_to_and_fro_a_million_times_keeps_the_wheel_small()
    {
        using var fixture = new StoreFixture();
        fixture.Set("k", "v"u8, deadline: fixture.Now + 60_000);
        for (int i = 0; i < 1_000_000; i++)
        {
            fixture.SetDeadline("k", fixture.Now + 600_000 - (i % 2 * (1_000 + (i % 500_000))));
        }

        Assert.InRange(fixture.Store.ShardAt(0).WheelBytes, 128, 64 * 1024);
        Assert.NotNull(fixture.Get("k"));
        fixture.Pass(TimeSpan.FromSeconds(602));
        Assert.Equal(0, fixture.Store.Count(0));
        Assert.Equal(fixture.FixedBytes, fixture.Store.Arena.UsedBytes);
    }

    [Fact]
    public void What_flushed_keys_left_in_the_wheel_is_gone_long_before_their_deadlines()
    {
        using var fixture = new StoreFixture();
        for (int i = 0; i < 50_000; i++)
        {
            fixture.Set($"key:{i}", "v"u8, deadline: fixture.Now + 3_600_000 + i);
        }

        fixture.Flush();
        fixture.Pass(TimeSpan.FromSeconds(120));

        Assert.InRange(fixture.Store.ShardAt(0).WheelBytes, 0, 64 * 1024);
    }

    [Fact]
    public void A_clock_that_jumps_back_never_revives_what_had_expired()
    {
        var time = new JumpingTime { UnixMs = 1_767_225_600_000 };
        long start = time.UnixMs;
        using var fixture = new StoreFixture(time);
        fixture.Set("k", "v"u8, deadline: start + 6_000);
        fixture.Set("other", "v"u8, deadline: start + 6_500);
        time.UnixMs = start + 6_000;
        Assert.Null(fixture.Get("k"));
        fixture.Set("k", "v"u8, deadline: start + 6_000);

        time.UnixMs = start;
        fixture.Store.Sweep();

        Assert.Equal(start + 6_000, fixture.Now);
        Assert.Null(fixture.Get("k"));
        Assert.Null(fixture.Find("k"));
        Assert.NotNull(fixture.Get("other"));
        time.UnixMs = start + 6_500;
        Assert.Null(fixture.Get("other"));
    }

    [Fact]
    public void Nothing_expires_by_itself_while_the_log_is_replayed()
    {
        using var fixture = new StoreFixture();
        fixture.Store.IsLoading = true;
        fixture.Set("k", "v"u8, deadline: fixture.Now - 1);
        Assert.NotNull(fixture.Find("k"));

        fixture.Store.IsLoading = false;
        Assert.Null(fixture.Get("k"));
    }

    [Fact]
    public void Persisting_and_expiring_again_counts_what_has_a_deadline()
    {
        using var fixture = new StoreFixture();
        fixture.Set("k", "v"u8, deadline: fixture.Now + 1_000);
        Assert.Equal(1, fixture.Store.ShardAt(0).Expiring(0));
        fixture.SetDeadline("k", long.MaxValue);
        Assert.Equal(0, fixture.Store.ShardAt(0).Expiring(0));
        fixture.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal("v", Encoding.ASCII.GetString(fixture.Get("k")!));
        fixture.SetDeadline("k", fixture.Now + 1_000);
        fixture.Swap(0, 5);
        Assert.Equal((0, 1), (fixture.Store.ShardAt(0).Expiring(0), fixture.Store.ShardAt(0).Expiring(5)));
        fixture.Pass(TimeSpan.FromSeconds(2.2));
        Assert.Equal(0, fixture.Store.Count(5));
        fixture.VerifyAccounts();
    }

    private sealed class JumpingTime : TimeProvider
    {
        public long UnixMs { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(UnixMs);
    }
}
