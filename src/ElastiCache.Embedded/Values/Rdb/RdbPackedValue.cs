using System.Buffers.Binary;
using System.Numerics;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>Reads small collections from an RDB encoding into the bytes that their records will hold, without taking them apart.</summary>
/// <remarks>
/// Most collections are small, and a file holds those as the listpacks and intsets that this library stores as well:
/// <code>
///   file     type   string: listpack                 record   form   listpack
/// </code>
/// So they are checked where they lie and copied once. Reading them element by element and storing them as if they had been written so took ten times as long (compare, "rdb-load-mixed").
/// What is larger, of another encoding, or not in its one form (<see cref="StrictListPack"/>) is left to <see cref="RdbValueReader"/>, which also says what is wrong with damaged ones.
/// How a collection is reported afterwards depends on Redis's settings as they are when it is read.
/// </remarks>
internal sealed class RdbPackedValue(EncodingLimits limits)
{
    private readonly ulong[] _seen = new ulong[Math.Max(PackedHash.MaxFields, PackedSet.MaxMembers)];
    private byte[] _bytes = new byte[1 + PackedHash.MaxBytes];
    private int _length;

    public ValueKind Kind { get; private set; }

    /// <summary>What a record of the kind holds. Valid until the next is read.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Reads a value. Where this is false the reader stands where it stood.</summary>
    public bool TryRead(RdbType type, ref RdbReader reader)
    {
        int start = reader.Position;
        bool isRead = type switch
        {
            RdbType.HashListPack => TryHash(reader.ReadString()),
            RdbType.SortedSetListPack => TrySortedSet(reader.ReadString()),
            RdbType.ListQuickList2 => TryList(ref reader),
            RdbType.SetIntSet => TryIntSet(reader.ReadString()),
            RdbType.SetListPack => TrySet(reader.ReadString()),
            RdbType.Set => TryMembers(ref reader),
            _ => false,
        };
        if (!isRead)
        {
            reader.Position = start;
        }

        return isRead;
    }

    private bool TryHash(ReadOnlySpan<byte> pack)
    {
        if (1 + pack.Length > PackedHash.MaxBytes)
        {
            return false;
        }

        int longest = limits.HashMaxListpackValue;
        bool passes = false;
        var walk = new StrictListPack(pack);
        while (walk.MoveNext())
        {
            bool isField = (walk.Count & 1) != 0;
            if (isField && !IsNew(walk.Bytes, walk.Count / 2))
            {
                return false;
            }

            passes |= IsLonger(walk, longest);
        }

        int fields = walk.Count / 2;
        passes |= fields > limits.HashMaxListpackEntries;
        return walk.IsWhole && fields > 0 && (walk.Count & 1) == 0 && Take(ValueKind.Hash, (byte)(PackedHash.Form | (passes ? PackedHash.ReportedAsTable : 0)), pack);
    }

    private bool TrySortedSet(ReadOnlySpan<byte> pack)
    {
        double last = double.NegativeInfinity;
        ListPackElement lastMember = default;
        var walk = new StrictListPack(pack);
        while (walk.MoveNext())
        {
            ListPackElement member = walk.Current;
            if (!IsNew(walk.Bytes, walk.Count / 2) || IsLonger(walk, limits.SortedSetMaxListpackValue) || !walk.MoveNext() || !TryScore(walk.Current, out double score))
            {
                return false;
            }

            bool isFirst = walk.Count == 2;
            if (!isFirst && (score < last || (score == last && !IsBefore(lastMember, member))))
            {
                return false;
            }

            last = score;
            lastMember = member;
        }

        int members = walk.Count / 2;
        return walk.IsWhole && members > 0 && members <= limits.SortedSetMaxListpackEntries && Take(ValueKind.SortedSet, PackedSortedSet.Form, pack);
    }

    private bool TryList(ref RdbReader reader)
    {
        const ulong Packed = 2;
        if (reader.ReadNumber() != 1 || reader.ReadNumber() != Packed)
        {
            return false;
        }

        ReadOnlySpan<byte> pack = reader.ReadString();
        if (1 + pack.Length > PackedList.MaxBytes)
        {
            return false;
        }

        var walk = new StrictListPack(pack);
        while (walk.MoveNext())
        {
            // Only checked.
        }

        return walk.IsWhole && walk.Count > 0 && Take(ValueKind.List, PackedList.Form, pack);
    }

    private bool TryIntSet(ReadOnlySpan<byte> set)
    {
        if (!IntSet.IsValid(set) || IntSet.Count(set) is 0 or > PackedSet.MaxIntegers)
        {
            return false;
        }

        bool isTable = IntSet.Count(set) > limits.SetMaxIntsetEntries;
        return Take(ValueKind.Set, (byte)(PackedSet.IntegersForm | (isTable ? PackedSet.ReportedAsTable : 0)), set);
    }

    private bool TrySet(ReadOnlySpan<byte> pack)
    {
        if (1 + pack.Length > PackedSet.MaxBytes)
        {
            return false;
        }

        bool hasText = false;
        var walk = new StrictListPack(pack);
        while (walk.MoveNext())
        {
            if (!IsNew(walk.Bytes, walk.Count - 1))
            {
                return false;
            }

            hasText |= !walk.Current.IsInteger;
        }

        return walk.IsWhole && hasText && Take(ValueKind.Set, PackedSet.ListForm | PackedSet.ReportedAsTable, pack);
    }

    // Redis 7.0 has no listpack for a set with text: its members stand in the file one by one.
    private bool TryMembers(ref RdbReader reader)
    {
        int members = reader.ReadCount(1);
        if (members is 0 or > PackedSet.MaxMembers)
        {
            return false;
        }

        PackedSet.CreateList(_bytes);
        Span<byte> pack = _bytes.AsSpan(1);
        bool hasText = false;
        for (int i = 0; i < members; i++)
        {
            ReadOnlySpan<byte> member = reader.ReadString();
            if (1 + ListPack.TotalBytes(pack) + ListPack.SizeOf(member) > PackedSet.MaxBytes || !IsNew(member, i))
            {
                return false;
            }

            ListPack.Append(pack, member);
            hasText |= !DecimalNumber.IsCanonical(member);
        }

        (Kind, _length) = (ValueKind.Set, PackedSet.TotalBytes(_bytes));
        return hasText;
    }

    private bool Take(ValueKind kind, byte form, ReadOnlySpan<byte> packed)
    {
        if (_bytes.Length < 1 + packed.Length)
        {
            _bytes = new byte[1 + packed.Length];
        }

        _bytes[0] = form;
        packed.CopyTo(_bytes.AsSpan(1));
        (Kind, _length) = (kind, 1 + packed.Length);
        return true;
    }

    // Whether none of the names before is equal. Two that only look alike are called equal too, which costs time and no more: the other reader looks closely.
    private bool IsNew(ReadOnlySpan<byte> name, int before)
    {
        if (before == _seen.Length)
        {
            return false;
        }

        ulong print = name.Length >= sizeof(ulong)
            ? (BinaryPrimitives.ReadUInt64LittleEndian(name) * 0x9E3779B97F4A7C15) + BitOperations.RotateLeft(BinaryPrimitives.ReadUInt64LittleEndian(name[^sizeof(ulong)..]), 24) + (uint)name.Length
            : ShortPrint(name);
        _seen[before] = print;
        return !_seen.AsSpan(0, before).Contains(print);
    }

    private static ulong ShortPrint(ReadOnlySpan<byte> name)
    {
        ulong print = (ulong)name.Length;
        foreach (byte next in name)
        {
            print = (print << 8) | next;
        }

        return print;
    }

    private static bool IsLonger(in StrictListPack walk, int longest) =>
        (walk.Bytes.Length > longest || longest < DecimalNumber.MaxTextBytes) && walk.TextLength > longest;

    private static bool TryScore(ListPackElement element, out double score)
    {
        score = element.Integer;

        // Zero as text is -0, for which a record has the integer.
        return element.IsInteger || (element.Bytes.Length <= DoubleText.MaxTextBytes && DoubleText.TryParse(element.Bytes, out score) && score != 0);
    }

    private static bool IsBefore(ListPackElement one, ListPackElement other)
    {
        Span<byte> first = stackalloc byte[DecimalNumber.MaxTextBytes], second = stackalloc byte[DecimalNumber.MaxTextBytes];
        return one.AsText(first).SequenceCompareTo(other.AsText(second)) < 0;
    }
}
