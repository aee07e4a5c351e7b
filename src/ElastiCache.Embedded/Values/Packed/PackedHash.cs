namespace ElastiCache.Embedded.Values;

/// <summary>A small hash: its fields and values, one behind the other, in a listpack.</summary>
/// <remarks>
/// <code>
///   u8 form: 1, bit 4 = reported as a hashtable   |   listpack: field value field value …
/// </code>
/// Reported: Redis calls a hash a hashtable from the moment on at which it passed hash-max-listpack-entries or -value, for as long as it exists.
/// How it lies here is decided by <see cref="MaxFields"/> and <see cref="MaxBytes"/> alone. Fields here have no deadlines.
/// </remarks>
internal static class PackedHash
{
    /// <summary>The form; see <see cref="Keyspace.CollectionForm"/>.</summary>
    public const int Form = 1;

    /// <summary>The form's flag that OBJECT ENCODING answers <c>hashtable</c>.</summary>
    public const byte ReportedAsTable = 0x10;

    /// <summary>The most fields: what a search walks over.</summary>
    public const int MaxFields = 128;

    /// <summary>The most bytes: what an edit moves.</summary>
    public const int MaxBytes = 8 * 1024;

    /// <summary>Bytes of an empty one.</summary>
    public const int EmptyBytes = 1 + ListPack.EmptyBytes;

    /// <summary>Writes an empty hash.</summary>
    public static void Create(Span<byte> hash)
    {
        hash[0] = Form;
        ListPack.Create(hash[1..]);
    }

    public static bool IsReportedAsTable(ReadOnlySpan<byte> hash) => (hash[0] & ReportedAsTable) != 0;

    /// <summary>The number of fields.</summary>
    public static int Count(ReadOnlySpan<byte> hash) => ListPack.Count(hash[1..]) / 2;

    /// <summary>Its bytes.</summary>
    public static int TotalBytes(ReadOnlySpan<byte> hash) => 1 + ListPack.TotalBytes(hash[1..]);

    /// <summary>The most bytes that setting a field adds.</summary>
    public static int BytesFor(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value) => ListPack.SizeOf(field) + ListPack.SizeOf(value);

    /// <summary>The bytes that setting a field adds.</summary>
    public static int BytesFor(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, out bool isNew)
    {
        ReadOnlySpan<byte> pack = hash[1..];
        int position = Find(pack, field);
        isNew = position < 0;
        return isNew ? BytesFor(field, value) : ListPack.SizeOf(value) - ListPack.ElementBytes(pack, ListPack.Next(pack, position));
    }

    public static bool Contains(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> field) => Find(hash[1..], field) >= 0;

    /// <summary>The value of a field.</summary>
    public static bool TryGet(ReadOnlySpan<byte> hash, scoped ReadOnlySpan<byte> field, out ListPackElement value)
    {
        ReadOnlySpan<byte> pack = hash[1..];
        int position = Find(pack, field);
        value = position < 0 ? default : ListPack.Get(pack, ListPack.Next(pack, position));
        return position >= 0;
    }

    /// <summary>Sets a field.</summary>
    /// <returns>Whether it is new.</returns>
    public static bool Set(Span<byte> hash, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        Span<byte> pack = hash[1..];
        int position = Find(pack, field);
        if (position >= 0)
        {
            ListPack.Replace(pack, ListPack.Next(pack, position), value);
            return false;
        }

        ListPack.Append(pack, field);
        ListPack.Append(pack, value);
        return true;
    }

    /// <summary>Removes a field.</summary>
    /// <returns>Whether it was there.</returns>
    public static bool Remove(Span<byte> hash, ReadOnlySpan<byte> field)
    {
        Span<byte> pack = hash[1..];
        int position = Find(pack, field);
        if (position >= 0)
        {
            ListPack.Delete(pack, position, 2);
        }

        return position >= 0;
    }

    /// <summary>Walks over the fields.</summary>
    public static Pairs PairsOf(ReadOnlySpan<byte> hash) => new(hash[1..]);

    private static int Find(ReadOnlySpan<byte> pack, ReadOnlySpan<byte> field) => ListPack.Find(pack, ListPack.First(pack), field, skip: 1);

    /// <summary>A walk over the fields.</summary>
    public ref struct Pairs
    {
        private readonly ReadOnlySpan<byte> _pack;
        private int _next;

        internal Pairs(ReadOnlySpan<byte> pack)
        {
            _pack = pack;
            _next = ListPack.First(pack);
        }

        public ListPackElement Field { get; private set; }

        public ListPackElement Value { get; private set; }

        public bool MoveNext()
        {
            if (_next < 0)
            {
                return false;
            }

            Field = ListPack.Get(_pack, _next);
            int value = ListPack.Next(_pack, _next);
            Value = ListPack.Get(_pack, value);
            _next = ListPack.Next(_pack, value);
            return true;
        }
    }
}
