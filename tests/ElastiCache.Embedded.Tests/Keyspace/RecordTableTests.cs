using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The table against a dictionary, by random operations; and what readers and SCAN rely on.</summary>
public sealed unsafe class RecordTableTests
{
    /// <summary>How the hashes of a run are drawn.</summary>
    public enum Hashes
    {
        Random,
        FewLowBits,     // 64 homes at most: long overflow paths
        EqualInPairs,
    }

    [Theory]
    [InlineData(1, 3_000, Hashes.Random)]
    [InlineData(2, 20_000, Hashes.Random)]
    [InlineData(3, 60_000, Hashes.Random)]
    [InlineData(4, 800, Hashes.FewLowBits)]
    [InlineData(5, 6_000, Hashes.EqualInPairs)]
    [InlineData(6, 5, Hashes.Random)]
    public void Random_operations_leave_what_a_dictionary_says(int seed, int most, Hashes hashes)
    {
        using var fixture = new TableFixture();
        var random = new Random(seed);
        int nextId = 0;
        int target = most;
        for (int step = 0; step < 60_000 || fixture.Ids.Count > 0; step++)
        {
            if (fixture.Ids.Count == target || step == 60_000)
            {
                target = step >= 60_000 ? 0 : random.Next(most + 1);
            }

            int draw = random.Next(100);
            bool grows = fixture.Ids.Count < target;
            if (fixture.Ids.Count == 0 || draw < (grows ? 70 : step >= 60_000 ? 0 : 15))
            {
                fixture.Add(nextId, Draw(random, hashes, nextId));
                nextId++;
            }
            else if (draw < 80)
            {
                fixture.RemoveAt(random.Next(fixture.Ids.Count));
            }
            else
            {
                fixture.ReplaceRecordOf(fixture.Ids[random.Next(fixture.Ids.Count)]);
            }

            if (random.Next(4) == 0)
            {
                fixture.Table.ShrinkStep(8);
            }

            if (step % 5_000 == 0 || (most < 10 && step % 10 == 0))
            {
                string where = $"seed {seed}, step {step}";
                fixture.Verify(where);
                Assert.False(fixture.TryFind(nextId, Draw(random, hashes, nextId), out _), where);
            }
        }

        AssertShrinksToNothing(fixture);
    }

    [Fact]
    public void Growing_from_one_bucket_to_hundreds_of_chunks_and_back_returns_all_memory()
    {
        using var fixture = new TableFixture();
        var random = new Random(7);
        uint last = 0;
        for (int i = 0; i < 300_000; i++)
        {
            fixture.Add(i, (uint)random.NextInt64());
            if (fixture.Table.Buckets != last && (last <= 2_048 || i % 40_000 == 0))
            {
                last = fixture.Table.Buckets;
                fixture.Verify($"{i + 1} entries");
            }
        }

        Assert.True(fixture.Table.Buckets > 100 * RecordTable.ChunkBuckets);
        while (fixture.Ids.Count > 0)
        {
            fixture.RemoveAt(fixture.Ids.Count - 1);
            fixture.Table.ShrinkStep(8);
            if (fixture.Ids.Count % 40_000 == 0 || fixture.Ids.Count is 1_500 or 700 or 300 or 5)
            {
                fixture.Verify($"{fixture.Ids.Count} entries left");
            }
        }

        AssertShrinksToNothing(fixture);
    }

    [Fact]
    public void No_insertion_splits_more_than_four_buckets_once_the_table_has_several_chunks()
    {
        using var fixture = new TableFixture();
        var random = new Random(8);
        for (int i = 0; i < 100_000; i++)
        {
            uint before = fixture.Table.Buckets;
            fixture.Add(i, (uint)random.NextInt64());

            Assert.True(before < RecordTable.ChunkBuckets || fixture.Table.Buckets - before <= 4);
        }
    }

    [Fact]
    public void A_chunk_that_is_full_to_the_last_slot_makes_the_table_grow_instead_of_searching_for_ever()
    {
        // By chance a chunk holds far more than the average: once in some thousand fills of ten million entries.
        using var fixture = new TableFixture();
        var random = new Random(9);
        for (int i = 0; i < 6_000; i++)
        {
            fixture.Add(i, (uint)random.NextInt64());
        }

        for (int i = 6_000; i < 8_500; i++)
        {
            fixture.Add(i, (uint)random.NextInt64() & ~0x300u);     // all into chunks 0, 4, 8 …
        }

        fixture.Verify("one chunk crowded");
        while (fixture.Ids.Count > 0)
        {
            fixture.RemoveAt(random.Next(fixture.Ids.Count));
            fixture.Table.ShrinkStep(8);
        }

        AssertShrinksToNothing(fixture);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(1_200)]
    public void Entries_that_all_have_the_same_hash_are_found_and_removed(int count)
    {
        using var fixture = new TableFixture();
        for (int i = 0; i < count; i++)
        {
            fixture.Add(i, 0xABCD_1234);
        }

        fixture.Verify("equal hashes");
        while (fixture.Ids.Count > 0)
        {
            fixture.RemoveAt(fixture.Ids.Count / 2);
            fixture.Table.ShrinkStep(8);
        }

        AssertShrinksToNothing(fixture);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(uint.MaxValue)]
    public void A_hash_of_all_zeros_or_all_ones_is_no_special_case(uint hash)
    {
        using var fixture = new TableFixture();
        for (int i = 0; i < 2_000; i++)
        {
            fixture.Add(i, i < 10 ? hash : (uint)i * 0x9E37_79B9);
        }

        fixture.Verify("special hash");
        for (int id = 0; id < 10; id++)
        {
            Assert.True(fixture.TryFind(id, hash, out _));
        }

        Assert.Equal(2_000, fixture.ScanAll().Distinct().Count());
    }

    [Fact]
    public void A_bucket_that_comes_back_after_a_merge_bears_another_version()
    {
        // A reader that saw the bucket between merge and split must not take "not here" for "not there".
        using var fixture = new TableFixture();
        var random = new Random(10);
        int next = 0;
        while (fixture.Table.Buckets < 700)
        {
            fixture.Add(next++, (uint)random.NextInt64());
        }

        while (fixture.Table.Buckets > 600)
        {
            fixture.RemoveAt(random.Next(fixture.Ids.Count));
            fixture.Table.ShrinkStep(1);
        }

        uint[] versions = new uint[768];
        for (uint i = 600; i < 700; i++)
        {
            versions[i] = fixture.Table.BucketAt(i)->Version;
        }

        while (fixture.Table.Buckets < 700)
        {
            fixture.Add(next++, (uint)random.NextInt64());
        }

        for (uint i = 600; i < 700; i++)
        {
            Assert.NotEqual(versions[i], fixture.Table.BucketAt(i)->Version);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 100)]
    [InlineData(4, 5_000)]
    [InlineData(5, 40_000)]
    public void A_scan_of_a_table_at_rest_returns_every_entry_once(int seed, int count)
    {
        using var fixture = new TableFixture();
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            fixture.Add(i, (uint)random.NextInt64());
        }

        List<int> found = fixture.ScanAll();

        Assert.Equal(count, found.Count);
        Assert.Equal(count, found.Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void A_scan_returns_what_was_there_all_the_time_while_the_table_grows_and_shrinks(int seed)
    {
        using var fixture = new TableFixture();
        var random = new Random(seed);
        int lasting = seed % 2 == 0 ? 40 : 4_000;
        for (int i = 0; i < lasting; i++)
        {
            fixture.Add(i, (uint)random.NextInt64());
        }

        int nextId = lasting;
        int ceiling = lasting * (seed < 3 ? 3 : 12);
        bool grows = true;
        int turns = 0;
        List<int> found = fixture.ScanAll(() =>
        {
            for (int i = 0; i < (lasting / 20) + random.Next(300); i++)
            {
                if (grows)
                {
                    fixture.Add(nextId++, (uint)random.NextInt64());
                }
                else if (fixture.Ids.Count > lasting)
                {
                    fixture.RemoveAt(lasting + random.Next(fixture.Ids.Count - lasting));
                    fixture.Table.ShrinkStep(8);
                }

                if (fixture.Ids.Count >= ceiling || fixture.Ids.Count == lasting)
                {
                    grows = !grows;
                    turns++;
                }
            }
        });

        Assert.True(turns >= 2, $"seed {seed}: the table did not grow and shrink during the scan");
        Assert.Empty(Enumerable.Range(0, lasting).Except(found));
    }

    [Fact]
    public void Swapped_tables_have_each_others_entries()
    {
        using var first = new TableFixture();
        var random = new Random(3);
        TableWord word = default;
        var second = new RecordTable(first.Arena, first.Allocator, &word);
        for (int i = 0; i < 3_000; i++)
        {
            first.Add(i, (uint)random.NextInt64());
        }

        first.Table.Swap(second);
        Assert.Equal((0, 3_000), (first.Table.Count, second.Count));
        first.Table.Swap(second);

        first.Verify("after two swaps");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(1_000)]
    [InlineData(30_000)]
    public void A_detached_table_gives_all_memory_back_in_slices(int count)
    {
        using var fixture = new TableFixture();
        var random = new Random(count);
        for (int i = 0; i < count; i++)
        {
            fixture.Add(i, (uint)random.NextInt64());
        }

        DetachedTable detached = fixture.Table.Detach();
        Assert.Equal((0, 0u), (fixture.Table.Count, fixture.Table.Buckets));
        fixture.Table.Add(1, fixture.Arena.ReferenceOf(fixture.Allocator.AllocateMovable(16)), 0);
        int slices = 1;
        while (detached.FreeSlice(16))
        {
            slices++;
        }

        Assert.True(slices >= count / 7 / 16);
        Assert.Equal(16 + fixture.Table.Bytes, fixture.Allocator.AllocatedBytes);
    }

    private static uint Draw(Random random, Hashes hashes, int id) => hashes switch
    {
        Hashes.FewLowBits => (uint)random.NextInt64() << 6,
        Hashes.EqualInPairs => (uint)(id / 2) * 0x9E37_79B9,
        _ => (uint)random.NextInt64(),
    };

    private static void AssertShrinksToNothing(TableFixture fixture)
    {
        while (fixture.Table.ShrinkStep(64))
        {
        }

        fixture.Verify("empty");
        Assert.Equal(0u, fixture.Table.Buckets);
        Assert.Equal(0, fixture.Allocator.AllocatedBytes);
        Assert.Equal(0, fixture.Arena.UsedBytes);
    }
}
