using System.Buffers;
using System.Text;
using CsCheck;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>A small collection that is taken from a file as it is must be what it would have become element by element.</summary>
public sealed class RdbPackedValueTests(ITestOutputHelper output)
{
    private static readonly RdbType[] Types =
        [RdbType.HashListPack, RdbType.SortedSetListPack, RdbType.ListQuickList2, RdbType.SetIntSet, RdbType.SetListPack, RdbType.Set];

    private static readonly Gen<string> Name = Gen.OneOf(
        Gen.Int[-5, 20].Select(i => $"{i}"), Gen.Long.Select(i => $"{i}"), Gen.Int[0, 40].Select(i => $"name {i}"), Gen.Char['a', 'c'].Array[0, 80].Select(text => new string(text)));

    [Fact]
    public void What_is_taken_as_it_is_is_what_it_would_have_become_element_by_element()
    {
        int taken = 0, refused = 0;
        Gen.Select(Gen.Int[0, 5].Select(i => Types[i]), Name.List[1, 24], Gen.Bool, Gen.Int[-1, 400], Gen.Int[0, 7]).Sample((type, names, sorts, damagedByte, bit) =>
        {
            byte[] value = Encode(type, sorts ? [.. names.Distinct()] : names, sorts);
            if (damagedByte >= 0 && damagedByte < value.Length && damagedByte % 3 == 0)
            {
                value[damagedByte] ^= (byte)(1 << bit);
            }

            if (Compare(type, value))
            {
                Interlocked.Increment(ref taken);
            }
            else
            {
                Interlocked.Increment(ref refused);
            }
        }, iter: 5_000);

        output.WriteLine($"{taken} taken, {refused} refused");
        Assert.True(taken > 500 && refused > 500, "The generator makes one kind only.");
    }

    [Fact]
    public void Every_flipped_bit_of_each_form_is_refused_or_means_the_same_both_ways()
    {
        foreach (RdbType type in Types)
        {
            byte[] value = Encode(type, type == RdbType.SetIntSet ? ["1", "5", "70000"] : ["a", "7", "-1", "4500", "bcdefghijk"], sorts: true);
            Assert.True(Compare(type, value), $"{type} is not taken at all.");
            for (int i = 0; i < value.Length * 8; i++)
            {
                byte[] damaged = [.. value];
                damaged[i / 8] ^= (byte)(1 << (i % 8));
                Compare(type, damaged);
            }
        }
    }

    [Theory]
    [InlineData(nameof(RdbType.SetListPack), 128, true)]
    [InlineData(nameof(RdbType.SetListPack), 129, false)]
    [InlineData(nameof(RdbType.Set), 128, true)]
    [InlineData(nameof(RdbType.Set), 129, false)]
    [InlineData(nameof(RdbType.HashListPack), 128, true)]
    [InlineData(nameof(RdbType.HashListPack), 129, false)]
    [InlineData(nameof(RdbType.SortedSetListPack), 128, true)]
    [InlineData(nameof(RdbType.SortedSetListPack), 129, false)]
    [InlineData(nameof(RdbType.SetIntSet), 513, true)]
    public void At_the_limits_of_the_packed_forms_both_ways_agree(string encoding, int members, bool isTaken)
    {
        RdbType type = Enum.Parse<RdbType>(encoding);
        byte[] value = Encode(type, [.. Enumerable.Range(0, members).Select(i => type == RdbType.SetIntSet ? $"{i}" : $"m{i:D3}")], sorts: true);

        Assert.Equal(isTaken, Compare(type, value));
    }

    // Whether it is taken; if so, that the other way leads to the same.
    private static bool Compare(RdbType type, byte[] value)
    {
        var packed = new RdbPackedValue(new EncodingLimits());
        var reader = new RdbReader(value);
        try
        {
            if (!packed.TryRead(type, ref reader))
            {
                Assert.Equal(0, reader.Position);
                return false;
            }
        }
        catch (RdbDataException)
        {
            return false;
        }
        finally
        {
            reader.Dispose();
        }

        int end = reader.Position;
        using var cache = new EmbeddedCache();
        var other = new RdbReader(value);
        KeyProbe.Create("k"u8, out KeyProbe key);
        JournalTicket ticket = default;
        using (RdbValue read = RdbValueReader.Read(type, ref other))
        {
            Assert.Equal(end, other.Position);
            cache.Operations.Imports.Store(0, key, read, Record.NoExpiry, marks: default, use: default, replaces: true, ref ticket);
        }

        other.Dispose();
        string expected = Describe(cache, key);
        using (var write = new KeyWrite(cache.Store, 0, key, ref ticket))
        {
            cache.Operations.Imports.Store(write, 0, key, packed.Kind, packed.Bytes, Record.NoExpiry, marks: default, use: default, replaces: true);
        }

        Assert.Equal(expected, Describe(cache, key));
        return true;
    }

    private static string Describe(EmbeddedCache cache, in KeyProbe key)
    {
        byte form;
        byte[] payload;
        using (var read = new KeyRead(cache.Store, 0, key))
        {
            Assert.True(read.TryFind(key, out Entry entry));
            form = entry.Value[0];
            payload = DumpOperations.PayloadOf(read.Shard, entry).ToArray();
        }

        using RdbValue value = DumpOperations.Read(payload);
        return $"{value.Kind} in form {form}: " + string.Join(',', Enumerable.Range(0, value.Items.Count).Select(i =>
            Encoding.Latin1.GetString(value.Items.Name(i).Span) + "=" + (value.Kind == ValueKind.SortedSet
                ? FormattableString.Invariant($"{value.Score(i):R}")
                : Encoding.Latin1.GetString(value.Items.Value(i).Span))));
    }

    private static byte[] Encode(RdbType type, List<string> names, bool sorts)
    {
        var written = new ArrayBufferWriter<byte>();
        var writer = new RdbWriter(written, compresses: false);
        switch (type)
        {
            case RdbType.Set:
                writer.Number((ulong)names.Count);
                names.ForEach(name => writer.String(Encoding.ASCII.GetBytes(name)));
                break;
            case RdbType.SetIntSet:
                writer.String(IntSetOf(names));
                break;
            case RdbType.ListQuickList2:
                writer.Number(1);
                writer.Number(2);
                writer.String(PackOf(names));
                break;
            case RdbType.HashListPack:
                writer.String(PackOf([.. names.SelectMany(name => (string[])[name, $"{name.Length}"])]));
                break;
            case RdbType.SortedSetListPack:
                writer.String(SortedSetOf(names, sorts));
                break;
            default:
                writer.String(PackOf(names));
                break;
        }

        return written.WrittenSpan.ToArray();
    }

    private static byte[] PackOf(List<string> elements)
    {
        byte[] pack = new byte[16 * 1024];
        ListPack.Create(pack);
        elements.ForEach(element => ListPack.Append(pack, Encoding.ASCII.GetBytes(element)));
        return pack[..ListPack.TotalBytes(pack)];
    }

    private static byte[] IntSetOf(List<string> names)
    {
        byte[] set = new byte[16 * 1024];
        IntSet.Create(set);
        foreach (string name in names)
        {
            IntSet.Add(set, long.TryParse(name, out long number) ? number : name.Length);
        }

        return set[..IntSet.TotalBytes(set)];
    }

    private static byte[] SortedSetOf(List<string> names, bool sorts)
    {
        byte[] pack = new byte[16 * 1024];
        ListPack.Create(pack);
        foreach (string name in names)
        {
            byte[] member = Encoding.ASCII.GetBytes(name);
            double score = name.Length % 3 / 2.0;
            if (sorts)
            {
                PackedSortedSet.Add(pack, member, score);
            }
            else
            {
                ListPack.Append(pack, member);
                ListPack.Append(pack, Encoding.ASCII.GetBytes(FormattableString.Invariant($"{score}")));
            }
        }

        return pack[..ListPack.TotalBytes(pack)];
    }
}
