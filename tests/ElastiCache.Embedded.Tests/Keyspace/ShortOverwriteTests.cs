using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed class ShortOverwriteTests
{
    private const string Key = "session:0123456789abcde";

    [Fact]
    public void A_value_of_the_same_block_size_stays_in_its_block()
    {
        using var fixture = new StoreFixture();
        Set(fixture, new byte[100]);
        uint block = BlockOf(fixture);

        foreach (int length in (int[])[100, 93, 97, 100])
        {
            Set(fixture, Filled(length));

            Assert.Equal(block, BlockOf(fixture));
            Assert.Equal(Filled(length), fixture.Get(Key));
        }

        fixture.VerifyAccounts();
    }

    [Theory]
    [InlineData(92)]
    [InlineData(101)]
    [InlineData(ShortOverwrite.MostBytes + 1)]
    public void A_value_of_another_block_size_gets_another_block(int length)
    {
        using var fixture = new StoreFixture();
        Set(fixture, new byte[100]);
        uint block = BlockOf(fixture);

        Set(fixture, Filled(length));

        Assert.NotEqual(block, BlockOf(fixture));
        Assert.Equal(Filled(length), fixture.Get(Key));
        fixture.VerifyAccounts();
    }

    [Fact]
    public void Values_of_any_lengths_one_after_the_other_are_read_as_they_were_written()
    {
        using var fixture = new StoreFixture();
        var random = new Random(11);

        for (int i = 0; i < 20_000; i++)
        {
            int length = random.Next(4) == 0 ? random.Next(700) : random.Next(90, 110);
            Set(fixture, Filled(length, (byte)i));

            Assert.Equal(Filled(length, (byte)i), fixture.Get(Key));
        }

        fixture.VerifyAccounts();
    }

    [Fact]
    public void What_the_entry_had_besides_its_value_is_gone_but_for_a_version_which_moves_on()
    {
        using var fixture = new StoreFixture();
        fixture.Set(Key, new byte[100], deadline: fixture.Now + 1000, flags: 7);
        Set(fixture, Filled(100));
        Assert.Equal((long.MaxValue, 0u, 0ul), ExtrasOf(fixture));

        fixture.Set(Key, new byte[100], version: 5);
        Set(fixture, Filled(100));
        Assert.True(fixture.Find(Key)!.Value.Extras.Version > 5);

        fixture.Delete(Key);
        fixture.Edit(Key, 0, Filled(100));
        Assert.True(fixture.Find(Key)!.Value.Extras.Edited);
        Set(fixture, Filled(100));
        Assert.False(fixture.Find(Key)!.Value.Extras.Edited);
        Assert.Equal(Filled(100), fixture.Get(Key));
    }

    private static (long Deadline, uint Flags, ulong Version) ExtrasOf(StoreFixture fixture)
    {
        RecordExtras extras = fixture.Find(Key)!.Value.Extras;
        return (extras.Deadline, extras.Marks.Flags, extras.Version);
    }

    private static byte[] Filled(int length, byte first = 1) => [.. Enumerable.Range(first, length).Select(i => (byte)i)];

    private static void Set(StoreFixture fixture, byte[] value)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(Key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        new StringOperations(fixture.Store).Set(0, probe, value, ref ticket);
    }

    private static uint BlockOf(StoreFixture fixture)
    {
        var scratch = default(KeyScratch);
        KeyProbe.Create(Key, ref scratch, out KeyProbe probe);
        Assert.True(fixture.Store.ShardOf(probe).TableOf(0)!.TryFind(probe, out SlotPosition position));
        return position.Reference;
    }
}
