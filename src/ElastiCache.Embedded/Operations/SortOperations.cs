using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What a SORT asks for.</summary>
internal sealed class SortQuery
{
    /// <summary>BY: a pattern of keys, or fields of hashes, that hold what is compared; null to compare the elements.</summary>
    public byte[]? By { get; set; }

    /// <summary>GET: patterns of what is answered for each element; <c>#</c> is the element itself.</summary>
    public List<byte[]> Gets { get; } = [];

    public bool IsDescending { get; set; }

    /// <summary>ALPHA: compares bytes and not numbers.</summary>
    public bool IsAlphabetic { get; set; }

    /// <summary>LIMIT: elements to pass over.</summary>
    public long Offset { get; set; }

    /// <summary>LIMIT: the most elements; negative for all.</summary>
    public long Count { get; set; } = -1;

    /// <summary>Whether nothing is sorted: BY without a star.</summary>
    public bool IsUnsorted => By != null && !By.AsSpan().Contains((byte)'*');
}

/// <summary>SORT and SORT_RO: the elements of a list, set or sorted set in another order, or what other keys hold for them.</summary>
/// <remarks>All shards are locked, because the patterns of BY and GET may name any key. O(n log n).</remarks>
internal sealed class SortOperations
{
    private readonly Store _store;

    public SortOperations(Store store)
    {
        _store = store;
    }

    /// <summary>Sorts.</summary>
    /// <returns>The answers; null where GET found nothing.</returns>
    /// <exception cref="WrongTypeException">The key holds a string, hash or stream.</exception>
    /// <exception cref="FormatException">Something to be compared is no number.</exception>
    public List<byte[]?> Sort(int database, in KeyProbe key, SortQuery query)
    {
        using var read = new MultiKeyRead(_store, ShardSet.AllOf(_store));
        return Run(database, key, query, isStored: false);
    }

    /// <summary>SORT … STORE: sorts and stores the answers as a list, in the place of whatever has the key. What GET did not find is stored as nothing.</summary>
    /// <returns>How many there are; with none the destination is deleted.</returns>
    /// <inheritdoc cref="Sort"/>
    public long SortAndStore(int database, in KeyProbe key, SortQuery query, in KeyProbe destination, ref JournalTicket ticket)
    {
        using var write = new MultiKeyWrite(_store, ShardSet.AllOf(_store), ref ticket);
        List<byte[]?> answers = Run(database, key, query, isStored: true);
        Shard shard = write.ShardOf(destination);
        bool existed = shard.TryFind(database, destination, out Entry old);
        KnownUse use = shard.Tracker?.UseOf(database, destination.SlotHash) ?? default;
        if (existed)
        {
            shard.Remove(database, old, reason: answers.Count == 0 ? RemovalReasons.Removed : RemovalReasons.Replaced);
            write.Effect(database, 2, changes: answers.Count == 0 ? 1 : 0)?.Argument("DEL"u8).Argument(destination);
        }

        if (answers.Count == 0)
        {
            if (existed)
            {
                write.Notify(KeyEventClass.Generic, "del"u8, database, destination);
            }

            return 0;
        }

        var elements = new Answers(answers);
        new ListEdit(_store, shard, database).Push(default, destination, elements, atHead: false);
        shard.Tracker?.Begin(database, destination.SlotHash, use);
        EffectBuffer? effect = write.Effect(database, 2 + answers.Count, changes: answers.Count)?.Argument("RPUSH"u8).Argument(destination);
        for (int i = 0; effect != null && i < answers.Count; i++)
        {
            effect.Argument(elements.Name(i));
        }

        write.Notify(KeyEventClass.List, "sortstore"u8, database, destination);
        return answers.Count;
    }

    private List<byte[]?> Run(int database, in KeyProbe key, SortQuery query, bool isStored)
    {
        List<byte[]> elements = ReadElements(database, key, query, out bool isSet);

        // A set has no order that a replica, or the log, would have too.
        bool sortsAnyway = query.IsUnsorted && isSet && isStored;
        if (sortsAnyway || !query.IsUnsorted)
        {
            elements = Sorted(database, elements, query, sortsAnyway);
        }

        long start = Math.Min(Math.Max(query.Offset, 0), elements.Count);
        long count = query.Count < 0 ? elements.Count - start : Math.Min(query.Count, elements.Count - start);
        var answers = new List<byte[]?>();
        for (long i = start; i < start + count; i++)
        {
            byte[] element = elements[(int)i];
            if (query.Gets.Count == 0)
            {
                answers.Add(element);
            }

            foreach (byte[] get in query.Gets)
            {
                answers.Add(Look(database, get, element));
            }
        }

        return answers;
    }

    private List<byte[]> ReadElements(int database, in KeyProbe key, SortQuery query, out bool isSet)
    {
        var elements = new List<byte[]>();
        var collect = new Collected(elements);
        Shard shard = _store.ShardOf(key);
        isSet = false;
        if (!shard.TryFind(database, key, out Entry entry))
        {
            return elements;
        }

        switch (entry.Kind)
        {
            case ValueKind.List:
                var list = new ListView(shard, entry);
                list.Visit(0, list.Count, backward: false, ref collect);
                break;
            case ValueKind.Set:
                isSet = true;
                new SetView(shard, entry).Visit(ref collect);
                break;
            case ValueKind.SortedSet:
                var sorted = new SortedSetView(shard, entry);
                bool backward = query.IsUnsorted && query.IsDescending;
                sorted.Visit(backward ? sorted.Count - 1 : 0, sorted.Count, backward, ref collect);
                break;
            default:
                throw new WrongTypeException(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(ValueKind.List));
        }

        return elements;
    }

    private List<byte[]> Sorted(int database, List<byte[]> elements, SortQuery query, bool byElements)
    {
        bool isAlphabetic = query.IsAlphabetic || byElements;
        byte[]? by = byElements ? null : query.By;
        var compared = new List<(byte[] Element, byte[]? Text, double Number)>(elements.Count);
        foreach (byte[] element in elements)
        {
            byte[]? text = by == null ? element : Look(database, by, element);
            double number = 0;
            if (!isAlphabetic && text != null && (!DoubleText.TryParseBound(text, out number) || double.IsInfinity(number) != IsInfinite(text)))
            {
                throw new FormatException("An element, or what BY found for it, is not a number. Sort alphabetically, or leave it out. Nothing was changed.")
                    .Says("ERR One or more scores can't be converted into double");
            }

            compared.Add((element, text, number));
        }

        int sign = query.IsDescending ? -1 : 1;
        Comparison<(byte[] Element, byte[]? Text, double Number)> compare = isAlphabetic
            ? (a, b) => sign * CompareTexts(a.Text, b.Text)
            : (a, b) => sign * (a.Number != b.Number ? a.Number.CompareTo(b.Number) : a.Element.AsSpan().SequenceCompareTo(b.Element));

        // Stable: elements that compare as equal keep their order.
        return [.. compared.Order(Comparer<(byte[] Element, byte[]? Text, double Number)>.Create(compare)).Select(item => item.Element)];
    }

    // What a pattern finds for an element: a string, or a hash's field behind "->". The shards are locked.
    private byte[]? Look(int database, byte[] pattern, byte[] element)
    {
        if (pattern.AsSpan().SequenceEqual("#"u8))
        {
            return element;
        }

        int star = pattern.AsSpan().IndexOf((byte)'*');
        if (star < 0)
        {
            return null;
        }

        int arrow = pattern.AsSpan(star + 1).IndexOf("->"u8);
        int fieldAt = arrow >= 0 && star + 1 + arrow + 2 < pattern.Length ? star + 1 + arrow : -1;
        byte[] name = [.. pattern.AsSpan(0, star), .. element, .. pattern.AsSpan(star + 1, (fieldAt < 0 ? pattern.Length : fieldAt) - star - 1)];
        KeyProbe.Create(name, out KeyProbe key);
        Shard shard = _store.ShardOf(key);
        if (!shard.TryFind(database, key, out Entry entry))
        {
            return null;
        }

        if (fieldAt < 0)
        {
            return entry.Kind == ValueKind.String ? entry.Value.ToArray() : null;
        }

        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        return entry.Kind == ValueKind.Hash &&
            new HashView(shard, entry, _store.Clock.UnixMilliseconds).TryGet(pattern.AsSpan(fieldAt + 2), scratch, out ReadOnlySpan<byte> value)
            ? value.ToArray()
            : null;
    }

    private static int CompareTexts(byte[]? a, byte[]? b) =>
        a == null || b == null ? (a == null ? 0 : 1) - (b == null ? 0 : 1) : a.AsSpan().SequenceCompareTo(b);

    private static bool IsInfinite(byte[] text) => text.AsSpan().IndexOfAny("iI"u8) >= 0;

    private readonly struct Collected(List<byte[]> elements) : IElementSink, IFieldSink, IScoredSink
    {
        public void Take(scoped ReadOnlySpan<byte> element) => elements.Add(element.ToArray());

        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => elements.Add(name.ToArray());

        public void Take(scoped ReadOnlySpan<byte> member, double score) => elements.Add(member.ToArray());
    }

    private readonly struct Answers(List<byte[]?> answers) : INameList
    {
        public int Count => answers.Count;

        public ReadOnlySpan<byte> Name(int index) => answers[index];
    }
}
