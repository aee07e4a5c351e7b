using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Memory;

public sealed unsafe class BlockAllocatorTests
{
    private const long Megabyte = 1 << 20;

    public static TheoryData<long, int> Sizes() => new() { { 64 * Megabyte, 8 }, { 33L << 30, 16 }, { 65L << 30, 32 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_size_gets_a_block_that_holds_it_and_whose_reference_leads_back(long arenaBytes, int granule)
    {
        var arena = new Arena(arenaBytes);
        var allocator = new BlockAllocator(arena);
        var seen = new HashSet<uint>();

        foreach (int bytes in Enumerable.Range(1, 1_200).Concat(Enumerable.Range(16_370, 30)).Append(100_000))
        {
            byte* block = allocator.TryAllocate(bytes, movable: true, long.MaxValue);

            Assert.True(allocator.CapacityOf(block) >= bytes, $"{bytes} bytes");
            Assert.True(arena.At(arena.ReferenceOf(block)) == block, $"{bytes} bytes, granules of {granule}");
            Assert.True(seen.Add(arena.ReferenceOf(block)), $"{bytes} bytes: a reference that is another block's");
        }
    }

    [Fact]
    public void Every_size_to_20000_and_some_large_ones_can_be_filled_to_the_last_byte_and_freed()
    {
        var arena = new Arena(512 * Megabyte);
        var allocator = new BlockAllocator(arena);
        var blocks = new List<(nint Address, int Bytes)>();
        int[] large = [65_535, 65_536, 65_537, 1 << 20, (8 << 20) - 1, (8 << 20) + 1, 32 << 20];

        foreach (int bytes in Enumerable.Range(1, 20_000).Concat(large))
        {
            byte* block = allocator.TryAllocate(bytes, movable: bytes % 2 == 0, long.MaxValue);
            new Span<byte>(block, bytes).Fill((byte)bytes);
            blocks.Add(((nint)block, bytes));
        }

        Assert.All(blocks, block => Assert.True(new Span<byte>((void*)block.Address, block.Bytes).IndexOfAnyExcept((byte)block.Bytes) < 0));
        Assert.Equal(blocks.Sum(block => SizeClasses.RoundedBytes(block.Bytes)), allocator.AllocatedBytes);
        blocks.ForEach(block => allocator.Free((byte*)block.Address));
        AssertEmpty(arena, allocator);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_blocks_keep_their_bytes_and_the_accounts_are_exact(int seed)
    {
        var random = new Random(seed);
        var arena = new Arena(512 * Megabyte);
        var allocator = new BlockAllocator(arena);
        var live = new List<Block>();
        long allocated = 0;

        for (int step = 0; step < 60_000; step++)
        {
            string where = $"seed {seed}, step {step}";
            bool grows = step / 10_000 % 2 == 0;
            if (live.Count == 0 || random.Next(100) < (grows ? 65 : 35))
            {
                int bytes = random.Next(100) switch { 0 => random.Next(16_000, 200_000), < 20 => random.Next(300, 20_000), _ => random.Next(1, 300) };
                byte* address = allocator.TryAllocate(bytes, random.Next(3) != 0, long.MaxValue);
                var block = new Block((nint)address, bytes, (byte)random.Next(1, 256));
                block.Fill();
                live.Add(block);
                allocated += SizeClasses.RoundedBytes(bytes);
            }
            else
            {
                int i = random.Next(live.Count);
                Assert.True(live[i].IsIntact(), where);
                allocator.Free((byte*)live[i].Address);
                allocated -= SizeClasses.RoundedBytes(live[i].Bytes);
                live[i] = live[^1];
                live.RemoveAt(live.Count - 1);
            }

            Assert.True(allocator.AllocatedBytes == allocated, where);
            Assert.True(allocator.HeldBytes == arena.UsedBytes, where);
            Assert.True(allocator.FreeBlockBytes == allocator.HeldBytes - allocator.AllocatedBytes, where);
        }

        Assert.All(live, block => Assert.True(block.IsIntact(), $"seed {seed}"));
        live.ForEach(block => allocator.Free((byte*)block.Address));
        AssertEmpty(arena, allocator);
    }

    [Fact]
    public void At_the_limit_a_slab_is_refused_but_blocks_of_slabs_with_room_are_not()
    {
        var arena = new Arena(64 * Megabyte);
        var allocator = new BlockAllocator(arena);
        const long limit = 8 * Arena.UnitBytes;      // two slabs of 16 KB

        int blocks = 0;
        while (allocator.TryAllocate(100, movable: true, limit) != null)
        {
            blocks++;
        }

        Assert.Equal(2 * (4 * Arena.UnitBytes / 104), blocks);
        Assert.Equal(limit, arena.UsedBytes);
        Assert.True(allocator.TryAllocate(200, movable: true, limit) == null);
        Assert.True(allocator.TryAllocate(100_000, movable: true, limit) == null);
        Assert.True(allocator.AllocateFixed(100) != null, "tables must grow whatever the budget says");
    }

    [Fact]
    public void A_freed_block_begins_with_zero_and_is_the_next_to_be_handed_out()
    {
        var allocator = new BlockAllocator(new Arena(64 * Megabyte));
        byte* first = allocator.TryAllocate(64, movable: true, long.MaxValue);
        byte* second = allocator.TryAllocate(64, movable: true, long.MaxValue);
        new Span<byte>(first, 64).Fill(0xFF);

        allocator.Free(first);

        Assert.Equal(0, *first);
        Assert.True(allocator.TryAllocate(64, movable: true, long.MaxValue) == first);
        allocator.Free(second);
        allocator.Free(first);
        Assert.Equal(0, allocator.HeldBytes);
    }

    [Fact]
    public void Movable_and_fixed_blocks_never_share_a_slab()
    {
        var arena = new Arena(64 * Megabyte);
        var allocator = new BlockAllocator(arena);
        for (int i = 0; i < 500; i++)
        {
            byte* movable = allocator.TryAllocate(48, movable: true, long.MaxValue);
            byte* @fixed = allocator.AllocateFixed(48);

            Assert.True(arena.SlabOf(movable)->Movable);
            Assert.False(arena.SlabOf(@fixed)->Movable);
        }
    }

    [Fact]
    public void The_slab_to_empty_is_sparse_and_its_blocks_find_room_in_others_of_its_class()
    {
        var arena = new Arena(64 * Megabyte);
        var allocator = new BlockAllocator(arena);
        Assert.True(allocator.SparsestMovableSlab() == null);
        var blocks = Enumerable.Range(0, 16 * 4 * 50).Select(_ => (nint)allocator.TryAllocate(1024, movable: true, long.MaxValue)).ToList();
        Assert.True(allocator.SparsestMovableSlab() == null, "all slabs are full");

        // One block in each slab is freed; nothing can be emptied until the holes of others are as many as a slab's blocks.
        var bySlab = blocks.GroupBy(block => (nint)arena.SlabOf((byte*)block)).Select(slab => slab.ToList()).ToList();
        for (int i = 0; i < 15; i++)
        {
            allocator.Free((byte*)bySlab[i][0]);
            Assert.True(allocator.SparsestMovableSlab() == null, $"{i + 1} holes");
        }

        allocator.Free((byte*)bySlab[15][0]);
        Slab* sparsest = allocator.SparsestMovableSlab();
        Assert.True(sparsest != null);
        Assert.Equal(15, sparsest->Live);

        long held = allocator.HeldBytes;
        allocator.Retire(sparsest);
        foreach (nint block in bySlab.Take(16).Single(slab => (nint)arena.SlabOf((byte*)slab[1]) == (nint)sparsest).Skip(1))
        {
            byte* copy = allocator.AllocateMovable(1024);
            Assert.True(arena.SlabOf(copy) != sparsest, "a retired slab gets no new blocks");
            allocator.Free((byte*)block);
        }

        Assert.Equal(held - (4 * Arena.UnitBytes), allocator.HeldBytes);
    }

    [Fact]
    public void A_slab_that_could_not_be_emptied_is_used_again()
    {
        var arena = new Arena(64 * Megabyte);
        var allocator = new BlockAllocator(arena);
        byte* block = allocator.TryAllocate(1024, movable: true, long.MaxValue);
        Slab* slab = arena.SlabOf(block);

        allocator.Retire(slab);
        Assert.True(arena.SlabOf(allocator.AllocateMovable(1024)) != slab);
        allocator.EndRetirement(slab);

        Assert.True(arena.SlabOf(allocator.AllocateMovable(1024)) == slab);
    }

    [Fact]
    public void A_block_is_borrowed_from_a_class_that_wastes_an_eighth_at_most_and_has_one_free()
    {
        var allocator = new BlockAllocator(new Arena(64 * Megabyte));
        Assert.True(allocator.TryBorrow(800) == null, "there is no slab");
        long before = allocator.AllocatedBytes;
        byte* large = allocator.AllocateMovable(912);
        Assert.True(allocator.TryBorrow(800) == null, "928 is more than an eighth above 800");
        byte* fixedBlock = allocator.AllocateFixed(864);
        Assert.True(allocator.TryBorrow(800) == null, "a slab of fixed blocks");
        byte* near = allocator.AllocateMovable(880);

        byte* borrowed = allocator.TryBorrow(800);

        Assert.Equal(896, allocator.CapacityOf(borrowed));
        Assert.True(allocator.TryBorrow(20_000) == null, "a span");
        allocator.Free(borrowed);
        allocator.Free(near);
        allocator.Free(fixedBlock);
        allocator.Free(large);
        Assert.Equal(before, allocator.AllocatedBytes);
        Assert.Equal(0, allocator.HeldBytes);
    }

    [Fact]
    public void A_slab_is_emptied_where_that_can_be_done_and_not_where_most_is_free()
    {
        var arena = new Arena(64 * Megabyte);
        var allocator = new BlockAllocator(arena);

        // The class of 16 KB has most bytes free, three blocks of one slab, whose fourth has no room in the other, which is full; 1 KB has a slab's worth and a half.
        nint[] large = [.. Enumerable.Range(0, 8).Select(_ => (nint)allocator.AllocateMovable(16_384))];
        Array.ForEach(large[..3], block => allocator.Free((byte*)block));
        nint[] small = [.. Enumerable.Range(0, 16 * 3).Select(_ => (nint)allocator.AllocateMovable(1_024))];
        Array.ForEach([.. small.Where((_, i) => i % 2 == 0)], block => allocator.Free((byte*)block));
        Assert.True(3 * 16_384 > 24 * 1_024);

        Slab* slab = allocator.SparsestMovableSlab();

        Assert.True(slab != null);
        Assert.Equal(1_024, SizeClasses.BlockBytes(slab->Class));
    }

    [Fact]
    public void Records_of_a_slab_alone_in_its_class_go_into_slightly_larger_blocks_once_much_is_free()
    {
        var arena = new Arena(64 * Megabyte);
        var allocator = new BlockAllocator(arena);
        byte* alone = allocator.AllocateMovable(1_000);
        nint[] others = [.. Enumerable.Range(0, 30 * 2).Select(_ => (nint)allocator.AllocateMovable(1_088))];
        nint[] full = [.. Enumerable.Range(0, 64 * 4).Select(_ => (nint)allocator.AllocateMovable(256))];
        Assert.True(allocator.SparsestMovableSlab() == null, "an eighth is not free");
        allocator.Free((byte*)others[7]);
        Array.ForEach(full, block => allocator.Free((byte*)block));

        Slab* slab = allocator.SparsestMovableSlab();

        Assert.True(slab == arena.SlabOf(alone));
        allocator.Retire(slab);
        byte* copy = allocator.TryBorrow(1_008);
        Assert.True(copy != null && allocator.CapacityOf(copy) is > 1_008 and <= 1_088);
        long held = allocator.HeldBytes;
        allocator.Free(alone);
        Assert.True(allocator.HeldBytes < held);
    }

    private static void AssertEmpty(Arena arena, BlockAllocator allocator)
    {
        Assert.Equal(0, allocator.AllocatedBytes);
        Assert.Equal(0, allocator.HeldBytes);
        Assert.Equal(0, allocator.FreeBlockBytes);
        Assert.Equal(0, arena.UsedBytes);
    }

    private readonly record struct Block(nint Address, int Bytes, byte Pattern)
    {
        private Span<byte> Content => new((void*)Address, Bytes);

        public void Fill() => Content.Fill(Pattern);

        public bool IsIntact() => Content.IndexOfAnyExcept(Pattern) < 0;
    }
}
