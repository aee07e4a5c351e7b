using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>A walk over a listpack from outside, checked element by element: does it say what it says in the very bytes that this library writes?</summary>
/// <remarks>
/// Redis and this library write an element in one way only: the shortest header, a string that is an integer as that integer. Of such elements two are equal if their bytes
/// are. What passes may be stored as it is; what does not may still be a listpack (<see cref="ListPack.IsValid"/>), to be read element by element.
/// </remarks>
internal ref struct StrictListPack
{
    private readonly ReadOnlySpan<byte> _pack;
    private int _next = ListPack.HeaderBytes;

    public StrictListPack(ReadOnlySpan<byte> pack)
    {
        _pack = pack.Length >= ListPack.EmptyBytes && ListPack.TotalBytes(pack) == pack.Length && ListPack.IsEnd(pack[^1]) ? pack : default;
    }

    /// <summary>Header and data of the element, without its backward length.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Elements so far.</summary>
    public int Count { get; private set; }

    /// <summary>Once <see cref="MoveNext"/> is false: whether everything was there and in its one form.</summary>
    public readonly bool IsWhole => _next == _pack.Length - 1 && BinaryPrimitives.ReadUInt16LittleEndian(_pack[4..]) == Count;

    /// <summary>The element.</summary>
    public readonly ListPackElement Current => ListPack.Get(_pack, _next - Bytes.Length - ListPack.BackwardBytes(Bytes.Length));

    /// <summary>The length of the element as text.</summary>
    public readonly int TextLength => Bytes[0] switch
    {
        >= 0x80 and < 0xC0 => Bytes.Length - 1,
        >= 0xE0 and <= 0xF0 => Current.Bytes.Length,
        _ => DecimalNumber.TextBytes(Current.Integer),
    };

    public bool MoveNext()
    {
        int left = _pack.Length - 1 - _next;
        if (left <= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = _pack.Slice(_next, left);
        int length = rest[0] switch
        {
            < 0x80 => 1,
            < 0xC0 => ShortString(rest),
            _ => Other(rest),
        };
        if (length <= 0 || length >= left || !ListPack.IsBackward(rest[length..], length, out int backwardBytes))
        {
            _next = 0;      // never whole
            return false;
        }

        Bytes = rest[..length];
        _next += length + backwardBytes;
        Count++;
        return true;
    }

    // Bytes of the element, 0 if this is not its only form.
    private static int ShortString(ReadOnlySpan<byte> rest)
    {
        int length = rest[0] & 0x3F;
        bool mayBeInteger = length is > 0 and <= DecimalNumber.MaxTextBytes && length < rest.Length && rest[1] is (byte)'-' or (>= (byte)'0' and <= (byte)'9');
        return mayBeInteger && DecimalNumber.IsCanonical(rest.Slice(1, length)) ? 0 : 1 + length;
    }

    private static int Other(ReadOnlySpan<byte> rest)
    {
        long length = ListPack.CheckedEncodedBytes(rest);
        if (length <= 0)
        {
            return 0;
        }

        // The first bytes of integers are C0 to DF and F1 to F4, of long strings E0 to F0.
        ListPackElement element = ListPack.Get(rest, 0);
        long least = element.IsInteger ? ListPack.EncodedBytes(element.Integer) : ListPack.StringHeaderBytes(element.Bytes.Length) + (long)element.Bytes.Length;
        return length == least ? (int)length : 0;
    }
}
