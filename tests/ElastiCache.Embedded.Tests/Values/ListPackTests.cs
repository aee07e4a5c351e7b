using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Tests.Values;

public sealed class ListPackTests(ITestOutputHelper output)
{
    [Fact]
    public void Its_bytes_are_those_that_redis_writes()
    {
        // The payload of DUMP after RPUSH l a 1 -1 300 with redis-server 7.0.15 and rdbcompression no.
        byte[] buffer = new byte[64];
        ListPack.Create(buffer);
        ListPack.Append(buffer, "a"u8);
        ListPack.Append(buffer, "1"u8);
        ListPack.Append(buffer, "-1"u8);
        int bytes = ListPack.Append(buffer, "300"u8);

        Assert.Equal("12000000040081610201" + "01DFFF02C12C02" + "FF", Convert.ToHexString(buffer.AsSpan(0, bytes)));
    }

    [Theory]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(16380)]
    [InlineData(16385)]
    [InlineData(2097150)]
    public void Strings_of_any_length_are_walked_in_both_directions(int length)
    {
        byte[] value = Encoding.ASCII.GetBytes(new string('x', length));
        byte[] buffer = new byte[(2 * length) + 64];
        ListPack.Create(buffer);
        ListPack.Append(buffer, value);
        ListPack.Append(buffer, "y"u8);
        int bytes = ListPack.Prepend(buffer, value);
        ReadOnlySpan<byte> pack = buffer.AsSpan(0, bytes);

        int last = ListPack.Last(pack);
        int middle = ListPack.Previous(pack, last);

        Assert.Equal(3, ListPack.Count(pack));
        Assert.True(ListPack.IsValid(pack));
        Assert.True(ListPack.Get(pack, last).Equals("y"u8));
        Assert.True(ListPack.Get(pack, middle).Equals(value));
        Assert.Equal(ListPack.First(pack), ListPack.Previous(pack, middle));
        Assert.Equal(middle, ListPack.Next(pack, ListPack.First(pack)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(-1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(-4096)]
    [InlineData(-4097)]
    [InlineData(32767)]
    [InlineData(-32769)]
    [InlineData(8388607)]
    [InlineData(-8388609)]
    [InlineData(2147483647)]
    [InlineData(-2147483649)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Integers_of_any_size_come_back(long number)
    {
        byte[] buffer = new byte[32];
        ListPack.Create(buffer);
        int bytes = ListPack.Append(buffer, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));

        ListPackElement element = ListPack.Get(buffer, ListPack.First(buffer));

        Assert.True(element.IsInteger);
        Assert.Equal(number, element.Integer);
        Assert.Equal(ListPack.EmptyBytes + ListPack.SizeOf(number), bytes);
        Assert.True(ListPack.IsValid(buffer.AsSpan(0, bytes)));
    }

    [Fact]
    public void Random_edits_do_what_a_list_does()
    {
        const int Seed = 5;
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var model = new List<byte[]>();
        byte[] buffer = new byte[1 << 20];
        ListPack.Create(buffer);
        for (int step = 0; step < 20_000; step++)
        {
            byte[] value = random.Next(3) == 0 ? Encoding.ASCII.GetBytes(random.NextInt64(-(1L << random.Next(62)), 1L << 40).ToString(CultureInfo.InvariantCulture)) : new byte[random.Next(200)];
            int index = random.Next(model.Count + 1);
            int position = index == model.Count ? ListPack.TotalBytes(buffer) - 1 : ListPack.Seek(buffer, index);
            switch (random.Next(model.Count > 300 ? 4 : 3))
            {
                case 0 when index < model.Count:
                    ListPack.Replace(buffer, position, value);
                    model[index] = value;
                    break;
                case 1 or 0:
                    ListPack.Insert(buffer, position, value);
                    model.Insert(index, value);
                    break;
                default:
                    int count = Math.Min(random.Next(4), model.Count - index);
                    ListPack.Delete(buffer, position, count);
                    model.RemoveRange(index, count);
                    break;
            }
        }

        ReadOnlySpan<byte> pack = buffer.AsSpan(0, ListPack.TotalBytes(buffer));
        Assert.True(ListPack.IsValid(pack));
        Assert.Equal(model.Count, ListPack.Count(pack));
        int at = ListPack.First(pack);
        foreach (byte[] expected in model)
        {
            Assert.True(ListPack.Get(pack, at).Equals(expected));
            at = ListPack.Next(pack, at);
        }

        Assert.Equal(-1, at);
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_can_be_walked()
    {
        const int Seed = 6;
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        byte[] buffer = new byte[400];
        int accepted = 0;
        for (int round = 0; round < 50_000; round++)
        {
            ListPack.Create(buffer);
            int bytes = 0;
            for (int i = random.Next(1, 8); i > 0; i--)
            {
                bytes = ListPack.Append(buffer, random.Next(2) == 0 ? new byte[random.Next(20)] : Encoding.ASCII.GetBytes("" + random.Next()));
            }

            byte[] pack = buffer[..bytes];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                pack[random.Next(bytes)] = (byte)random.Next(256);
            }

            if (ListPack.IsValid(pack))
            {
                accepted++;
                for (int at = ListPack.First(pack); at >= 0; at = ListPack.Next(pack, at))
                {
                    _ = ListPack.Get(pack, at).Length;
                }
            }
        }

        Assert.InRange(accepted, 1, 45_000);
    }

    [Fact]
    public void An_intset_does_what_a_sorted_set_does()
    {
        const int Seed = 7;
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var model = new SortedSet<long>();
        byte[] buffer = new byte[1 << 16];
        IntSet.Create(buffer);
        for (int step = 0; step < 20_000; step++)
        {
            long member = random.Next(step < 5000 ? 1 : 3) switch { 0 => random.Next(-200, 200), 1 => random.Next(), _ => random.NextInt64() >> random.Next(64) };
            if (random.Next(3) == 0)
            {
                Assert.Equal(model.Remove(member), IntSet.Remove(buffer, member));
            }
            else if (model.Count < 2000)
            {
                Assert.Equal(model.Add(member), IntSet.Add(buffer, member));
            }

            Assert.Equal(model.Contains(member), IntSet.Contains(buffer, member));
        }

        Assert.True(IntSet.IsValid(buffer.AsSpan(0, IntSet.TotalBytes(buffer))));
        Assert.Equal(model, Enumerable.Range(0, IntSet.Count(buffer)).Select(i => IntSet.At(buffer, i)));
    }
}
