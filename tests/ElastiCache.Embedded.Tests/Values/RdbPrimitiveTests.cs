using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using CsCheck;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>Checksum, compression and the encodings of Redis before 7.0, built here by hand.</summary>
public class RdbPrimitiveTests
{
    [Fact]
    public void The_checksum_is_that_of_the_published_check_value()
    {
        Assert.Equal(0xE9C6D914C4B8D9CAUL, Crc64.Append(0, "123456789"u8));
        Assert.Equal(0UL, Crc64.Append(0, default));
    }

    [Fact]
    public void A_checksum_of_parts_is_that_of_the_whole() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 300]).Sample((bytes, cut) =>
        {
            cut = Math.Min(cut, bytes.Length);
            Assert.Equal(Crc64.Append(0, bytes), Crc64.Append(Crc64.Append(0, bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
        });

    [Fact]
    public void What_was_compressed_decompresses() =>
        Gen.Select(Gen.Byte[0, 3].Array[0, 2_000], Gen.Int[1, 40]).Sample((alphabet, repeats) =>
        {
            byte[] bytes = [.. Enumerable.Repeat(alphabet, repeats).SelectMany(part => part)];
            byte[] compressed = new byte[bytes.Length + 200];

            int length = Lzf.Compress(bytes, compressed);

            byte[] back = new byte[bytes.Length];
            Assert.True(Lzf.TryDecompress(compressed.AsSpan(0, length), back));
            Assert.Equal(bytes, back);
            Assert.True(back.Length <= Lzf.MostDecompressed(length));
        }, iter: 300);

    [Fact]
    public void What_does_not_fit_is_not_compressed() =>
        Assert.Equal(0, Lzf.Compress("abcdefghijklmnopqrstuvwxyz"u8, new byte[22]));

    [Fact]
    public void Damaged_compressed_bytes_are_refused_or_fill_the_destination() =>
        Gen.Select(Gen.Byte.Array[0, 60], Gen.Int[0, 200]).Sample((bytes, length) => { Lzf.TryDecompress(bytes, new byte[length]); });

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("127")]
    [InlineData("-32768")]
    [InlineData("2147483647")]
    [InlineData("2147483648")]
    [InlineData("007")]
    [InlineData("-0")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void A_string_comes_back_whatever_its_shortest_form_is(string text)
    {
        var output = new ArrayBufferWriter<byte>();
        new RdbWriter(output, compresses: true).String(Encoding.ASCII.GetBytes(text));

        var reader = new RdbReader(output.WrittenSpan);
        Assert.Equal(text, Encoding.ASCII.GetString(reader.ReadString()));
        Assert.Equal(0, reader.Left);
        reader.Dispose();
    }

    [Fact]
    public void A_number_comes_back() => Gen.ULong.Sample(number =>
    {
        number >>= (int)(number & 63);
        var output = new ArrayBufferWriter<byte>();
        new RdbWriter(output, compresses: true).Number(number);

        Assert.Equal(number, new RdbReader(output.WrittenSpan).ReadNumber());
    });

    [Fact]
    public void A_list_as_strings_as_a_ziplist_and_as_several()
    {
        byte[] ziplist = ZipListOf("a", "7", "300", "-70000", "9223372036854775807", "-3", "8388607", new string('x', 70));

        Assert.Equal("x,1,yy", Read(RdbType.List, [3, .. Text("x"), 0xC0, 1, .. Text("yy")]));
        Assert.Equal($"a,7,300,-70000,9223372036854775807,-3,8388607,{new string('x', 70)}", Read(RdbType.ListZipList, Text(ziplist)));
        Assert.Equal("a,b,c", Read(RdbType.ListQuickList, [2, .. Text(ZipListOf("a", "b")), .. Text(ZipListOf("c"))]));
    }

    [Fact]
    public void A_hash_as_strings_as_a_zipmap_and_as_a_ziplist()
    {
        Assert.Equal("f=1,g=22", Read(RdbType.Hash, [2, .. Text("f"), .. Text("1"), .. Text("g"), .. Text("22")]));
        Assert.Equal("f=1,g=22", Read(RdbType.HashZipMap, Text([2, 1, (byte)'f', 1, 0, (byte)'1', 1, (byte)'g', 2, 3, (byte)'2', (byte)'2', 0, 0, 0, 0xFF])));
        Assert.Equal("f=1,g=22", Read(RdbType.HashZipList, Text(ZipListOf("f", "1", "g", "22"))));
    }

    [Fact]
    public void A_sorted_set_with_scores_as_text_and_as_a_ziplist()
    {
        Assert.Equal("a=1.5,b=Infinity,c=-Infinity", Read(RdbType.SortedSetText, [3, .. Text("a"), 3, .. "1.5"u8, .. Text("b"), 254, .. Text("c"), 255]));
        Assert.Equal("a=1.5,b=2", Read(RdbType.SortedSetZipList, Text(ZipListOf("a", "1.5", "b", "2"))));
    }

    [Fact]
    public void A_set_as_strings_and_as_an_intset()
    {
        Assert.Equal("a,b", Read(RdbType.Set, [2, .. Text("a"), .. Text("b")]));
        Assert.Equal("-5,7", Read(RdbType.SetIntSet, Text([2, 0, 0, 0, 2, 0, 0, 0, 0xFB, 0xFF, 7, 0])));
    }

    [Theory]
    [InlineData((byte)RdbType.Set, new byte[] { 2, 1, 97, 1, 97 })]                                   // a member twice
    [InlineData((byte)RdbType.Hash, new byte[] { 2, 1, 97, 1, 98, 1, 97, 1, 98 })]                    // a field twice
    [InlineData((byte)RdbType.List, new byte[] { 0 })]                                                // nothing
    [InlineData((byte)RdbType.List, new byte[] { 0x81, 0x7F, 255, 255, 255, 255, 255, 255, 255, 1 })] // 2^63 elements announced
    [InlineData((byte)RdbType.String, new byte[] { 0x80, 0x7F, 255, 255, 255, 1 })]                   // 2 GB announced
    [InlineData((byte)RdbType.String, new byte[] { 0xC3, 1, 0x80, 0x1F, 255, 255, 255, 1 })]          // 500 MB out of one byte
    [InlineData((byte)RdbType.SortedSetText, new byte[] { 1, 1, 97, 253 })]                           // not a number
    [InlineData((byte)RdbType.SortedSet, new byte[] { 1, 1, 97, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F })]      // not a number
    [InlineData((byte)RdbType.SetIntSet, new byte[] { 12, 2, 0, 0, 0, 2, 0, 0, 0, 7, 0, 5, 0 })]      // out of order
    [InlineData((byte)8, new byte[] { 0 })]
    [InlineData((byte)200, new byte[] { 0 })]
    public void What_no_Redis_would_write_is_refused(byte type, byte[] bytes) => Assert.Throws<RdbDataException>(() => Read((RdbType)type, bytes));

    // "Deep" damage: every byte of each old form changed in every bit.
    [Fact]
    public void A_damaged_ziplist_or_zipmap_is_refused_or_read_to_its_end()
    {
        byte[] ziplist = ZipListOf("a", "7", "300", "-70000", "9223372036854775807", new string('x', 70), "b", "2");
        byte[] zipmap = [2, 1, (byte)'f', 1, 0, (byte)'1', 1, (byte)'g', 2, 3, (byte)'2', (byte)'2', 0, 0, 0, 0xFF];
        foreach ((RdbType type, byte[] bytes) in ((RdbType, byte[])[])[(RdbType.ListZipList, ziplist), (RdbType.HashZipList, ziplist), (RdbType.HashZipMap, zipmap)])
        {
            for (int bit = 0; bit < bytes.Length * 8; bit++)
            {
                byte[] damaged = [.. bytes];
                damaged[bit / 8] ^= (byte)(1 << (bit % 8));
                try
                {
                    Read(type, Text(damaged));
                }
                catch (RdbDataException)
                {
                    // Refused, which is as good.
                }
            }
        }
    }

    private static string Read(RdbType type, byte[] bytes)
    {
        var reader = new RdbReader(bytes);
        try
        {
            using RdbValue value = RdbValueReader.Read(type, ref reader);
            Assert.Equal(0, reader.Left);
            return string.Join(',', Enumerable.Range(0, value.Items.Count).Select(i => value.Kind switch
            {
                ValueKind.SortedSet => FormattableString.Invariant($"{Encoding.ASCII.GetString(value.Items.Name(i).Span)}={value.Score(i)}"),
                ValueKind.Hash => $"{Encoding.ASCII.GetString(value.Items.Name(i).Span)}={Encoding.ASCII.GetString(value.Items.Value(i).Span)}",
                _ => Encoding.ASCII.GetString(value.Items.Name(i).Span),
            }));
        }
        finally
        {
            reader.Dispose();
        }
    }

    private static byte[] Text(string text) => Text(Encoding.ASCII.GetBytes(text));

    private static byte[] Text(byte[] bytes)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RdbWriter(output, compresses: false);
        writer.Number((ulong)bytes.Length);
        writer.Raw(bytes);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] ZipListOf(params string[] entries)
    {
        var bytes = new List<byte>(new byte[10]);
        int before = 0, last = 10;
        foreach (string entry in entries)
        {
            last = bytes.Count;
            bytes.Add((byte)before);
            bytes.AddRange(ZipListData(entry));
            before = bytes.Count - last;
        }

        bytes.Add(0xFF);
        byte[] list = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(list, list.Length);
        BinaryPrimitives.WriteInt32LittleEndian(list.AsSpan(4), last);
        BinaryPrimitives.WriteInt16LittleEndian(list.AsSpan(8), (short)entries.Length);
        return list;
    }

    private static byte[] ZipListData(string entry)
    {
        if (!long.TryParse(entry, out long number))
        {
            byte[] text = Encoding.ASCII.GetBytes(entry);
            return text.Length < 64 ? [(byte)text.Length, .. text] : [(byte)(0x40 | (text.Length >> 8)), (byte)text.Length, .. text];
        }

        return number switch
        {
            >= 0 and <= 12 => [(byte)(0xF1 + number)],
            >= sbyte.MinValue and <= sbyte.MaxValue => [0xFE, (byte)number],
            >= short.MinValue and <= short.MaxValue => [0xC0, .. BitConverter.GetBytes((short)number)],
            >= -(1 << 23) and < 1 << 23 => [0xF0, .. BitConverter.GetBytes((int)number)[..3]],
            >= int.MinValue and <= int.MaxValue => [0xD0, .. BitConverter.GetBytes((int)number)],
            _ => [0xE0, .. BitConverter.GetBytes(number)],
        };
    }
}
