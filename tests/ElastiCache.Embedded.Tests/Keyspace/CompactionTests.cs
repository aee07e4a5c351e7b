namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>What is left of many entries comes closer together, so that the memory between goes back.</summary>
public sealed class CompactionTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(8, 0)]
    [InlineData(8, 256 << 20)]
    public void After_nine_in_ten_keys_were_deleted_the_sweep_leaves_a_quarter_of_free_blocks_at_most_and_every_value_as_it_was(int shards, long budget)
    {
        using var fixture = new StoreFixture(shards, budget);
        for (int i = 0; i < 100_000; i++)
        {
            fixture.Set($"key:{i}", Value(i));
        }

        for (int i = 0; i < 100_000; i++)
        {
            if (i % 10 != 0)
            {
                fixture.Delete($"key:{i}");
            }
        }

        long before = fixture.Store.Arena.UsedBytes;
        Assert.True(Free(fixture) > before / 2, "most slabs have live blocks in them");

        fixture.Store.Sweep();

        Assert.InRange(Free(fixture), 0, (fixture.Store.Arena.UsedBytes / 4) + (shards * 64 * 1024));
        Assert.True(fixture.Store.Arena.UsedBytes < before / 2);
        Assert.All(Enumerable.Range(0, 10_000), i => Assert.Equal(Value(i * 10), fixture.Get($"key:{i * 10}")));
        fixture.VerifyAccounts("compacted");
    }

    [Fact]
    public void Sizes_that_share_no_slab_are_left_alone_and_the_sweep_ends()
    {
        using var fixture = new StoreFixture();
        for (int length = 20; length < 16_000; length *= 2)
        {
            fixture.Set($"key:{length}", new byte[length]);
        }

        long used = fixture.Store.Arena.UsedBytes;
        fixture.Store.Sweep();

        Assert.Equal(used, fixture.Store.Arena.UsedBytes);
        fixture.VerifyAccounts("sizes that share no slab");
    }

    [Fact]
    public void Readers_and_writers_go_on_meanwhile()
    {
        using var fixture = new StoreFixture(shards: 2);
        for (int i = 0; i < 60_000; i++)
        {
            fixture.Set($"key:{i}", Value(i));
        }

        bool stop = false;
        using (var reader = new Background(() =>
        {
            for (int i = 0; !Volatile.Read(ref stop); i = (i + 7) % 60_000)
            {
                if (fixture.Get($"key:{i}") is { } value)
                {
                    Assert.Equal(Value(i), value);
                }
            }
        }))
        {
            for (int round = 1; round < 6; round++)
            {
                for (int i = round; i < 60_000; i += 6)
                {
                    fixture.Delete($"key:{i}");
                }

                fixture.Store.Sweep();
                fixture.VerifyAccounts($"round {round}");
            }

            Volatile.Write(ref stop, true);
        }
    }

    private static byte[] Value(int i) => [.. Enumerable.Range(0, 100 + (i % 50)).Select(at => (byte)(i + at))];

    private static long Free(StoreFixture fixture) => Enumerable.Range(0, fixture.Store.ShardCount).Sum(i => fixture.Store.ShardAt(i).Allocator.FreeBlockBytes);
}
