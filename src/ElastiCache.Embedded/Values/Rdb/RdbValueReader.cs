using System.Buffers.Binary;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Values;

/// <summary>Reads values in the encodings of Redis 2.x to 7.4 and Valkey 8 and 9, from bytes that may be anything.</summary>
/// <remarks>
/// Everything is checked before anything is stored, as Redis does with <c>sanitize-dump-payload yes</c>: bounds, order, that no member or field is there twice,
/// that scores are numbers, that nothing is empty. What passes can be stored and used like any other value. A value costs memory in proportion to its bytes
/// (times 88 where they are compressed), whatever lengths it announces.
/// </remarks>
internal static class RdbValueReader
{
    /// <summary>Reads a value.</summary>
    /// <param name="type">Its encoding.</param>
    /// <param name="reader">Where it begins; behind it afterwards.</param>
    /// <exception cref="RdbDataException">It is damaged, or there is no such encoding.</exception>
    public static RdbValue Read(RdbType type, ref RdbReader reader)
    {
        if (type is RdbType.StreamListPacks or RdbType.StreamListPacks2 or RdbType.StreamListPacks3)
        {
            return new RdbValue(ValueKind.Stream) { Stream = RdbStreamReader.Read(type, ref reader) };
        }

        var value = new RdbValue(KindOf(type));
        try
        {
            if (IsWithDeadlines(type))
            {
                value.FieldDeadlines = RdbFieldDeadlines.ReadHash(type, ref reader, value.Items);
            }
            else
            {
                ReadItems(type, ref reader, value.Items);
            }

            if (type != RdbType.String && value.Items.Count == 0)
            {
                throw new RdbDataException("A collection without elements.");
            }

            if (value.Kind is ValueKind.Hash or ValueKind.Set or ValueKind.SortedSet)
            {
                RequireDistinct(value.Items);
            }

            return value;
        }
        catch
        {
            value.Dispose();
            throw;
        }
    }

    private static ValueKind KindOf(RdbType type) => type switch
    {
        RdbType.String => ValueKind.String,
        RdbType.List or RdbType.ListZipList or RdbType.ListQuickList or RdbType.ListQuickList2 => ValueKind.List,
        RdbType.Set or RdbType.SetIntSet or RdbType.SetListPack => ValueKind.Set,
        RdbType.SortedSet or RdbType.SortedSetText or RdbType.SortedSetZipList or RdbType.SortedSetListPack => ValueKind.SortedSet,
        RdbType.Hash or RdbType.HashZipMap or RdbType.HashZipList or RdbType.HashListPack => ValueKind.Hash,
        _ when IsWithDeadlines(type) => ValueKind.Hash,
        _ => throw new RdbDataException($"There is no value encoding {(int)type}, or this version can't read it."),
    };

    private static bool IsWithDeadlines(RdbType type) => type is >= RdbType.HashDeadlines and <= RdbType.HashDeadlinesListPack;

    private static void ReadItems(RdbType type, ref RdbReader reader, NameBuffer items)
    {
        switch (type)
        {
            case RdbType.String:
                items.Add(reader.ReadString());
                break;
            case RdbType.List or RdbType.Set:
                for (int left = reader.ReadCount(1); left > 0; left--)
                {
                    items.Add(reader.ReadString());
                }

                break;
            case RdbType.Hash:
                ReadHash(ref reader, items);
                break;
            case RdbType.SortedSet or RdbType.SortedSetText:
                ReadSortedSet(ref reader, items, isText: type == RdbType.SortedSetText);
                break;
            case RdbType.SetIntSet:
                ReadIntSet(reader.ReadString(), items);
                break;
            case RdbType.HashZipMap:
                for (var map = new ZipMap(reader.ReadString()); map.MoveNext();)
                {
                    items.Add(map.Field, map.Value);
                }

                break;
            case RdbType.ListZipList or RdbType.ListQuickList:
                for (int left = type == RdbType.ListZipList ? 1 : reader.ReadCount(1); left > 0; left--)
                {
                    ReadZipList(reader.ReadString(), items);
                }

                break;
            case RdbType.HashZipList:
                ReadZipListPairs(reader.ReadString(), items, areScores: false);
                break;
            case RdbType.SortedSetZipList:
                ReadZipListPairs(reader.ReadString(), items, areScores: true);
                break;
            case RdbType.ListQuickList2:
                ReadQuickList(ref reader, items);
                break;
            case RdbType.SetListPack:
                ReadListPack(reader.ReadString(), items);
                break;
            default:
                ReadListPackPairs(reader.ReadString(), items, areScores: type == RdbType.SortedSetListPack);
                break;
        }
    }

    private static void ReadHash(ref RdbReader reader, NameBuffer items)
    {
        // The first string is void when the second is read, so it is put into the buffer at once.
        for (int left = reader.ReadCount(2); left > 0; left--)
        {
            items.Add(reader.ReadString());
            items.AddToLast(reader.ReadString());
        }
    }

    private static void ReadSortedSet(ref RdbReader reader, NameBuffer items, bool isText)
    {
        Span<byte> score = stackalloc byte[sizeof(double)];
        for (int left = reader.ReadCount(isText ? 2 : 1 + sizeof(double)); left > 0; left--)
        {
            items.Add(reader.ReadString());
            WriteScore(score, isText ? reader.ReadDoubleText() : reader.ReadDouble());
            items.AddToLast(score);
        }
    }

    private static void ReadIntSet(ReadOnlySpan<byte> set, NameBuffer items)
    {
        if (!IntSet.IsValid(set))
        {
            throw new RdbDataException("An intset is damaged.");
        }

        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (int i = 0; i < IntSet.Count(set); i++)
        {
            items.Add(text[..DecimalNumber.Format(IntSet.At(set, i), text)]);
        }
    }

    private static void ReadQuickList(ref RdbReader reader, NameBuffer items)
    {
        const ulong Plain = 1, Packed = 2;
        for (int left = reader.ReadCount(2); left > 0; left--)
        {
            switch (reader.ReadNumber())
            {
                case Plain:
                    items.Add(reader.ReadString());
                    break;
                case Packed:
                    ReadListPack(reader.ReadString(), items);
                    break;
                default:
                    throw new RdbDataException("A list's node is neither plain nor packed.");
            }
        }
    }

    private static void ReadZipList(ReadOnlySpan<byte> bytes, NameBuffer items)
    {
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (var list = new ZipList(bytes); list.MoveNext();)
        {
            items.Add(list.Current.AsText(text));
        }
    }

    private static void ReadZipListPairs(ReadOnlySpan<byte> bytes, NameBuffer items, bool areScores)
    {
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (var list = new ZipList(bytes); list.MoveNext();)
        {
            items.Add(list.Current.AsText(text));
            if (!list.MoveNext())
            {
                throw new RdbDataException("The last of some pairs has no second half.");
            }

            AddSecond(items, list.Current, areScores);
        }
    }

    private static void ReadListPack(ReadOnlySpan<byte> pack, NameBuffer items)
    {
        RequireListPack(pack);
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (int at = ListPack.First(pack); at >= 0; at = ListPack.Next(pack, at))
        {
            items.Add(ListPack.Get(pack, at).AsText(text));
        }
    }

    private static void ReadListPackPairs(ReadOnlySpan<byte> pack, NameBuffer items, bool areScores)
    {
        RequireListPack(pack);
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        for (int at = ListPack.First(pack); at >= 0; at = ListPack.Next(pack, at))
        {
            items.Add(ListPack.Get(pack, at).AsText(text));
            at = ListPack.Next(pack, at);
            if (at < 0)
            {
                throw new RdbDataException("The last of some pairs has no second half.");
            }

            AddSecond(items, ListPack.Get(pack, at), areScores);
        }
    }

    private static void AddSecond(NameBuffer items, ListPackElement element, bool isScore)
    {
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        if (!isScore)
        {
            items.AddToLast(element.AsText(text));
            return;
        }

        double score = element.Integer;
        if (!element.IsInteger && !DoubleText.TryParse(element.Bytes, out score))
        {
            throw new RdbDataException("A score is no number.");
        }

        WriteScore(text, score);
        items.AddToLast(text[..sizeof(double)]);
    }

    private static void WriteScore(Span<byte> bytes, double score)
    {
        if (double.IsNaN(score))
        {
            throw new RdbDataException("A score is no number.");
        }

        BinaryPrimitives.WriteDoubleLittleEndian(bytes, score);
    }

    /// <summary>Refuses what is no listpack.</summary>
    /// <exception cref="RdbDataException">It is none.</exception>
    public static void RequireListPack(ReadOnlySpan<byte> pack)
    {
        if (!ListPack.IsValid(pack))
        {
            throw new RdbDataException("A listpack is damaged.");
        }
    }

    // Few names are compared with one another: no table to allocate, and most differ in length or in their last bytes. Benchmark: compare, "rdb".
    private const int MostCompared = 24;

    private static void RequireDistinct(NameBuffer items)
    {
        if (items.Count <= MostCompared)
        {
            RequireFewDistinct(items);
            return;
        }

        var seen = new HashSet<ReadOnlyMemory<byte>>(items.Count, NameComparer.Instance);
        for (int i = 0; i < items.Count; i++)
        {
            if (!seen.Add(items.Name(i)))
            {
                throw new RdbDataException("A member or field is there twice.");
            }
        }
    }

    private static void RequireFewDistinct(NameBuffer items)
    {
        for (int i = 1; i < items.Count; i++)
        {
            ReadOnlySpan<byte> name = items.Name(i).Span;
            for (int before = 0; before < i; before++)
            {
                if (items.Name(before).Span.SequenceEqual(name))
                {
                    throw new RdbDataException("A member or field is there twice.");
                }
            }
        }
    }

    private sealed class NameComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> name) => KeyComparer.Instance.GetHashCode(name.Span);
    }
}
