namespace ElastiCache.Embedded.Values;

/// <summary>One element of a listpack: an integer, or bytes that lie in it.</summary>
internal readonly ref struct ListPackElement
{
    public ListPackElement(long integer)
    {
        Integer = integer;
        IsInteger = true;
    }

    public ListPackElement(ReadOnlySpan<byte> bytes)
    {
        Bytes = bytes;
    }

    public bool IsInteger { get; }

    /// <summary>The integer, if <see cref="IsInteger"/>.</summary>
    public long Integer { get; }

    /// <summary>The bytes, if not.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>The length of the element as text.</summary>
    public int Length
    {
        get
        {
            Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
            return IsInteger ? DecimalNumber.Format(Integer, scratch) : Bytes.Length;
        }
    }

    /// <summary>The element as text, an integer in the scratch of at least <see cref="DecimalNumber.MaxTextBytes"/> bytes.</summary>
    public ReadOnlySpan<byte> AsText(Span<byte> scratch) => IsInteger ? scratch[..DecimalNumber.Format(Integer, scratch)] : Bytes;

    /// <summary>Whether the element is this value.</summary>
    public bool Equals(ReadOnlySpan<byte> value)
    {
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        return AsText(scratch).SequenceEqual(value);
    }

    /// <summary>Reads the element as an integer.</summary>
    public bool TryGetInteger(out long integer)
    {
        integer = Integer;
        return IsInteger || DecimalNumber.TryParse(Bytes, out integer);
    }
}
