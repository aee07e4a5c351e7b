namespace ElastiCache.Embedded.Values;

/// <summary>A small set: integers in an intset, or any members in a listpack.</summary>
/// <remarks>
/// <code>
///   u8 form: 1 = intset, 2 = listpack; bit 4 = reported as a hashtable   |   intset or listpack: member member …
/// </code>
/// Redis calls a set an intset as long as its members have always been integers and never more than set-max-intset-entries; else a hashtable,
/// for as long as it exists. How it lies here is decided by <see cref="MaxIntegers"/>, <see cref="MaxMembers"/> and <see cref="MaxBytes"/>.
/// </remarks>
internal static class PackedSet
{
    /// <summary>The form of integers; see <see cref="Keyspace.CollectionForm"/>.</summary>
    public const int IntegersForm = 1;

    /// <summary>The form of members of any kind.</summary>
    public const int ListForm = 2;

    /// <summary>The form's flag that OBJECT ENCODING answers <c>hashtable</c>. A listpack always bears it.</summary>
    public const byte ReportedAsTable = 0x10;

    /// <summary>The most integers: what an edit moves is 8 KB.</summary>
    public const int MaxIntegers = 1024;

    /// <summary>The most members of a listpack: what a search walks over.</summary>
    public const int MaxMembers = 128;

    /// <summary>The most bytes of a listpack: what an edit moves.</summary>
    public const int MaxBytes = 8 * 1024;

    private const int FormMask = 0xF;

    public static bool IsReportedAsTable(ReadOnlySpan<byte> set) => (set[0] & ReportedAsTable) != 0;

    /// <summary>Whether it is an intset.</summary>
    public static bool HasIntegers(ReadOnlySpan<byte> set) => (set[0] & FormMask) == IntegersForm;

    /// <summary>Writes an empty set of integers.</summary>
    public static void CreateIntegers(Span<byte> set)
    {
        set[0] = IntegersForm;
        IntSet.Create(set[1..]);
    }

    /// <summary>Writes an empty set of any members.</summary>
    public static void CreateList(Span<byte> set)
    {
        set[0] = ListForm | ReportedAsTable;
        ListPack.Create(set[1..]);
    }

    /// <summary>The number of members.</summary>
    public static int Count(ReadOnlySpan<byte> set) => HasIntegers(set) ? IntSet.Count(set[1..]) : ListPack.Count(set[1..]);

    /// <summary>Its bytes.</summary>
    public static int TotalBytes(ReadOnlySpan<byte> set) => 1 + (HasIntegers(set) ? IntSet.TotalBytes(set[1..]) : ListPack.TotalBytes(set[1..]));

    public static bool Contains(ReadOnlySpan<byte> set, ReadOnlySpan<byte> member) => HasIntegers(set)
        ? DecimalNumber.TryParse(member, out long number) && IntSet.Contains(set[1..], number)
        : ListPack.Find(set[1..], ListPack.First(set[1..]), member) >= 0;

    /// <summary>Adds a member, which is an integer if the set has only such.</summary>
    /// <returns>Whether it is new.</returns>
    public static bool Add(Span<byte> set, ReadOnlySpan<byte> member)
    {
        if (HasIntegers(set))
        {
            return DecimalNumber.TryParse(member, out long number)
                ? IntSet.Add(set[1..], number)
                : throw new ArgumentException("Only an integer can be added to an intset.", nameof(member));
        }

        if (Contains(set, member))
        {
            return false;
        }

        ListPack.Append(set[1..], member);
        return true;
    }

    /// <summary>Removes a member.</summary>
    /// <returns>Whether it was there.</returns>
    public static bool Remove(Span<byte> set, ReadOnlySpan<byte> member)
    {
        if (HasIntegers(set))
        {
            return DecimalNumber.TryParse(member, out long number) && IntSet.Remove(set[1..], number);
        }

        int position = ListPack.Find(set[1..], ListPack.First(set[1..]), member);
        if (position >= 0)
        {
            ListPack.Delete(set[1..], position);
        }

        return position >= 0;
    }

    /// <summary>The member with an index.</summary>
    public static ListPackElement At(ReadOnlySpan<byte> set, int index) => HasIntegers(set)
        ? new ListPackElement(IntSet.At(set[1..], index))
        : ListPack.Get(set[1..], ListPack.Seek(set[1..], index));

    /// <summary>Removes the member with an index.</summary>
    public static void RemoveAt(Span<byte> set, int index)
    {
        if (HasIntegers(set))
        {
            IntSet.Remove(set[1..], IntSet.At(set[1..], index));
        }
        else
        {
            ListPack.Delete(set[1..], ListPack.Seek(set[1..], index));
        }
    }

    /// <summary>The bytes of a listpack with the same members.</summary>
    public static int BytesAsList(ReadOnlySpan<byte> set)
    {
        if (!HasIntegers(set))
        {
            return TotalBytes(set);
        }

        int bytes = 1 + ListPack.EmptyBytes;
        for (int i = 0; i < IntSet.Count(set[1..]); i++)
        {
            bytes += ListPack.SizeOf(IntSet.At(set[1..], i));
        }

        return bytes;
    }

    /// <summary>Makes a listpack of an intset, in place; there is room for <see cref="BytesAsList"/>, and there are at most <see cref="MaxMembers"/> members.</summary>
    public static void BecomeList(Span<byte> set)
    {
        Span<long> members = stackalloc long[MaxMembers];
        members = members[..IntSet.Count(set[1..])];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = IntSet.At(set[1..], i);
        }

        CreateList(set);
        foreach (long member in members)
        {
            ListPack.Append(set[1..], member);
        }
    }

    /// <summary>Walks over the members.</summary>
    public static Members MembersOf(ReadOnlySpan<byte> set) => new(set);

    /// <summary>A walk over the members.</summary>
    public ref struct Members
    {
        private readonly ReadOnlySpan<byte> _pack;
        private readonly bool _hasIntegers;
        private int _next;      // an index, or a position in the listpack

        internal Members(ReadOnlySpan<byte> set)
        {
            _hasIntegers = HasIntegers(set);
            _pack = set[1..];
            _next = _hasIntegers ? 0 : ListPack.First(_pack);
        }

        public ListPackElement Current { get; private set; }

        public bool MoveNext()
        {
            if (_hasIntegers)
            {
                if (_next == IntSet.Count(_pack))
                {
                    return false;
                }

                Current = new ListPackElement(IntSet.At(_pack, _next++));
                return true;
            }

            if (_next < 0)
            {
                return false;
            }

            Current = ListPack.Get(_pack, _next);
            _next = ListPack.Next(_pack, _next);
            return true;
        }
    }
}
