using System.Runtime.InteropServices;
using ElastiCache.Embedded.Keyspace;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed unsafe class RecordTests
{
    private const int Megabyte8 = 8 * 1024 * 1024;

    public static TheoryData<int, int> Lengths()
    {
        var data = new TheoryData<int, int>();
        foreach (int key in (int[])[0, 1, 3, 4, 7, 8, 15, 16, 17, 32, 33, 254, 255, 256, 257, 70_000])
        {
            foreach (int value in (int[])[0, 1, 100, 65_535, 65_536])
            {
                data.Add(key, value);
            }
        }

        data.Add(23, Megabyte8 - 1);
        data.Add(23, Megabyte8);
        data.Add(255, Megabyte8 - 1);
        data.Add(256, Megabyte8 + 1);
        return data;
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Every_combination_of_extras_is_read_back_as_it_was_written(int keyLength, int valueLength)
    {
        int step = valueLength > 1_000_000 ? 5 : 1;
        for (int combination = 0; combination < 32; combination += step)
        {
            var extras = new RecordExtras
            {
                Deadline = (combination & 1) != 0 ? 0x0123_4567_89AB_CDEF : Record.NoExpiry,
                Version = (combination & 2) != 0 ? 0xFEDC_BA98_7654_3210 : 0,
                Marks = (combination & 4) != 0 ? new EntryMarks(0xDEAD_BEEF, EvictionPriority.NeverRemove) : default,
                Edited = (combination & 8) != 0,
                Mark = (byte)((combination & 1) != 0 ? 0xA5 : 0),
            };
            AssertRoundTrip(keyLength, valueLength, extras, parity: (combination & 16) != 0);
        }
    }

    [Fact]
    public void A_23_byte_key_with_100_bytes_of_value_fills_128_bytes() => Assert.Equal(128, Record.BytesFor(23, 100, default));

    [Fact]
    public void Deadline_version_mark_and_parity_change_in_place_and_leave_the_rest_alone()
    {
        var extras = new RecordExtras { Deadline = 1000, Version = 5, Marks = new EntryMarks(9), Mark = 3 };
        using var block = new Block(Record.BytesFor(20, 50, extras));
        byte[] key = Bytes(20, 1);
        byte[] value = Bytes(50, 2);
        Write(block.Address, key, value, extras);

        Record.SetDeadline(block.Address, 2000);
        Record.SetVersion(block.Address, 6);
        Record.SetMark(block.Address, 4);
        Record.SetParity(block.Address, true);
        Record.MarkEdited(block.Address);

        RecordExtras read = Record.ExtrasOf(block.Address);
        Assert.Equal((2000L, 6UL, new EntryMarks(9), (byte)4, true), (read.Deadline, read.Version, read.Marks, read.Mark, read.Edited));
        Assert.True(Record.Parity(Record.HeaderOf(block.Address)));
        AssertHolds(block.Address, key, value);
        Record.SetParity(block.Address, false);
        Assert.False(Record.Parity(Record.HeaderOf(block.Address)));
        AssertHolds(block.Address, key, value);
    }

    [Theory]
    [InlineData(20, false)]
    [InlineData(20, true)]
    [InlineData(300, false)]
    [InlineData(300, true)]
    public void The_value_length_changes_in_place_in_both_layouts(int keyLength, bool withExtras)
    {
        var extras = withExtras ? new RecordExtras { Deadline = 1000, Version = 7, Marks = new EntryMarks(8) } : default;
        using var block = new Block(Record.BytesFor(keyLength, 3000, extras));
        byte[] key = Bytes(keyLength, 1);
        byte[] value = Bytes(3000, 2);
        Write(block.Address, key, value.AsSpan(0, 2500), extras);
        value.CopyTo(new Span<byte>(block.Address + (Record.BytesFor(keyLength, 3000, extras) - 3000), 3000));

        Record.SetValueLength(block.Address, 3000);

        AssertHolds(block.Address, key, value);
        RecordExtras read = Record.ExtrasOf(block.Address);
        Assert.Equal((extras.Deadline, extras.Version, extras.Marks), (read.Deadline, read.Version, read.Marks));
    }

    [Fact]
    public void A_plain_record_can_not_take_8_MB_in_place_and_a_long_one_can()
    {
        using var plain = new Block(64);
        Write(plain.Address, Bytes(5, 1), Bytes(5, 2), default);
        Assert.True(Record.FitsLayout(Record.HeaderOf(plain.Address), Megabyte8 - 1));
        Assert.False(Record.FitsLayout(Record.HeaderOf(plain.Address), Megabyte8));

        using var withLongKey = new Block(400);
        Write(withLongKey.Address, Bytes(300, 1), Bytes(5, 2), default);
        Assert.True(Record.FitsLayout(Record.HeaderOf(withLongKey.Address), Record.MaxLength));
    }

    [Theory]
    [InlineData(ValueKind.String)]
    [InlineData(ValueKind.List)]
    [InlineData(ValueKind.Stream)]
    public void The_kind_is_kept_and_no_live_record_begins_with_zero(ValueKind kind)
    {
        using var block = new Block(16);
        KeyProbe.Create(default(ReadOnlySpan<byte>), out KeyProbe key);

        Record.Write(block.Address, kind, key, 0, default, parity: false);

        Assert.Equal(kind, Record.KindOf(Record.HeaderOf(block.Address)));
        Assert.NotEqual(0, *block.Address);
    }

    private static void AssertRoundTrip(int keyLength, int valueLength, in RecordExtras extras, bool parity)
    {
        string what = $"key {keyLength}, value {valueLength}, deadline {extras.Deadline}, version {extras.Version}, marks {extras.Marks}";
        long bytes = Record.BytesFor(keyLength, valueLength, extras);
        using var block = new Block(bytes);
        byte[] key = Bytes(keyLength, 3);
        byte[] value = Bytes(valueLength, 4);

        Write(block.Address, key, value, extras, parity);

        ulong header = Record.HeaderOf(block.Address);
        AssertHolds(block.Address, key, value);
        Assert.True(block.IsIntactBehind(bytes), what);
        Assert.Equal(extras.Deadline != Record.NoExpiry, Record.HasExpiry(header));
        Assert.Equal(extras.Deadline, Record.DeadlineOf(block.Address, header));
        Assert.Equal(extras.Version, Record.VersionOf(block.Address, header));
        Assert.Equal(extras.Marks, Record.MarksOf(block.Address, header));
        Assert.Equal(extras.Edited, Record.IsEdited(header));
        Assert.Equal(parity, Record.Parity(header));
        Assert.Equal(extras.Mark, Record.ExtrasOf(block.Address).Mark);
    }

    private static void AssertHolds(byte* record, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Record.Measure(record, Record.HeaderOf(record), out byte* start, out int keyLength, out int valueLength);
        Assert.True(key.SequenceEqual(new ReadOnlySpan<byte>(start, keyLength)));
        Assert.True(value.SequenceEqual(new ReadOnlySpan<byte>(start + keyLength, valueLength)));
    }

    private static void Write(byte* record, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in RecordExtras extras, bool parity = false)
    {
        KeyProbe.Create(key, out KeyProbe probe);
        byte* destination = Record.Write(record, ValueKind.String, probe, value.Length, extras, parity);
        value.CopyTo(new Span<byte>(destination, value.Length));
    }

    private static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A block with a guard behind it; the least block is 16 bytes, as an arena's is.</summary>
    private sealed class Block : IDisposable
    {
        private const byte Guard = 0xC7;
        private readonly long _bytes;

        public Block(long bytes)
        {
            _bytes = Math.Max(16, bytes) + 64;
            Address = (byte*)NativeMemory.Alloc((nuint)_bytes);
            new Span<byte>(Address, (int)_bytes).Fill(Guard);
        }

        public byte* Address { get; }

        public bool IsIntactBehind(long bytes)
        {
            int from = (int)Math.Max(8, bytes);
            return new Span<byte>(Address + from, (int)_bytes - from).IndexOfAnyExcept(Guard) < 0;
        }

        public void Dispose() => NativeMemory.Free(Address);
    }
}
