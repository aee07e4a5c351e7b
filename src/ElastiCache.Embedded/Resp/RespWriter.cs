using System.Buffers;
using System.Buffers.Text;
using System.Text;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Resp;

/// <summary>Encodes replies in RESP2 or RESP3 into a buffer of its own, which the connection sends and clears.</summary>
/// <remarks>
/// A command writes its reply in the terms of RESP3, and RESP2 gets the form that Redis gives it there:
/// <code>
///                 RESP3                  RESP2
///   null          _                      $-1 (bulk), *-1 (array)
///   double        ,3.5                   $3 3.5
///   boolean       #t                     :1
///   map of n      %n                     *2n
///   set of n      ~n                     *n
///   push of n     &gt;n                     *n
///   verbatim      =15 txt:Some string    $11 Some string
/// </code>
/// A length that isn't known beforehand is left open with <see cref="BeginAggregate"/> and filled in by the matching End.
/// Not thread-safe.
/// </remarks>
internal sealed class RespWriter
{
    /// <summary>How large a buffer <see cref="Clear"/> keeps.</summary>
    public const int MostKeptBytes = 64 * 1024;

    private const int InitialBytes = 1024;
    private const int HeaderBytes = 32;

    // "*" + ten digits + CRLF: room left open for a length; what isn't needed is closed by moving the elements up.
    private const int OpenHeaderBytes = 13;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _length;

    /// <summary>2 or 3.</summary>
    public int Protocol { get; set; } = 2;

    /// <summary>Whether replies are thrown away, as when a log is replayed.</summary>
    public bool Discards { get; init; }

    /// <summary>Bytes that the writer holds on to.</summary>
    public int HeldBytes => _bytes.Length;

    /// <summary>Bytes written and not cleared.</summary>
    public int Length => _length;

    /// <summary>What was written. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>As <see cref="Written"/>.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, _length);

    private bool IsResp3 => Protocol >= 3;

    /// <summary>Forgets what was written. A buffer that a large reply made large is given back.</summary>
    public void Clear()
    {
        _length = 0;
        if (_bytes.Length > MostKeptBytes)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = ArrayPool<byte>.Shared.Rent(InitialBytes);
        }
    }

    /// <summary>Takes back what was written behind a point, such as the half of a reply that failed.</summary>
    public void CutBack(int length) => _length = Math.Min(length, _length);

    /// <summary><c>+OK</c></summary>
    public void Ok() => Raw("+OK\r\n"u8);

    /// <summary>A status line; no line breaks.</summary>
    public void Simple(ReadOnlySpan<byte> text) => Line((byte)'+', text);

    /// <summary>An error: <c>-CODE text</c>. Line breaks become spaces.</summary>
    public void Error(string codeAndText)
    {
        Span<byte> line = Reserve(Encoding.UTF8.GetMaxByteCount(codeAndText.Length) + 3);
        line[0] = (byte)'-';
        int length = Encoding.UTF8.GetBytes(codeAndText, line[1..]);
        Span<byte> text = line.Slice(1, length);
        text.Replace((byte)'\r', (byte)' ');
        text.Replace((byte)'\n', (byte)' ');
        "\r\n"u8.CopyTo(line[(length + 1)..]);
        Advance(length + 3);
    }

    /// <summary>An integer.</summary>
    public void Integer(long number) => Header((byte)':', number);

    /// <summary>A string of bytes.</summary>
    public void Bulk(ReadOnlySpan<byte> value)
    {
        Header((byte)'$', value.Length);
        Span<byte> target = Reserve(value.Length + 2);
        value.CopyTo(target);
        "\r\n"u8.CopyTo(target[value.Length..]);
        Advance(value.Length + 2);
    }

    /// <summary>A string in UTF-8.</summary>
    public void Bulk(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        Header((byte)'$', length);
        Span<byte> target = Reserve(length + 2);
        Encoding.UTF8.GetBytes(value, target);
        "\r\n"u8.CopyTo(target[length..]);
        Advance(length + 2);
    }

    /// <summary>An integer as a string of its decimal digits.</summary>
    public void BulkInteger(long number)
    {
        Span<byte> text = stackalloc byte[DecimalNumber.MaxTextBytes];
        Bulk(text[..DecimalNumber.Format(number, text)]);
    }

    /// <summary>No value, where a value would be a string or a number.</summary>
    public void Null() => Raw(IsResp3 ? "_\r\n"u8 : "$-1\r\n"u8);

    /// <summary>No value, where a value would be an array.</summary>
    public void NullArray() => Raw(IsResp3 ? "_\r\n"u8 : "*-1\r\n"u8);

    /// <summary>A floating-point number with 17 significant digits; in RESP2 a string.</summary>
    public void Double(double number)
    {
        Span<byte> text = stackalloc byte[DoubleText.MaxTextBytes];
        text = text[..DoubleText.Format(number, text)];
        if (IsResp3)
        {
            Line((byte)',', text);
        }
        else
        {
            Bulk(text);
        }
    }

    /// <summary>True or false; in RESP2 1 or 0.</summary>
    public void Boolean(bool value) => Raw(IsResp3 ? (value ? "#t\r\n"u8 : "#f\r\n"u8) : (value ? ":1\r\n"u8 : ":0\r\n"u8));

    /// <summary>An integer of any size, by its digits; in RESP2 a string.</summary>
    public void BigNumber(ReadOnlySpan<byte> digits)
    {
        if (IsResp3)
        {
            Line((byte)'(', digits);
        }
        else
        {
            Bulk(digits);
        }
    }

    /// <summary>Text for people, with a format of three letters (<c>txt</c>); in RESP2 a string.</summary>
    public void Verbatim(ReadOnlySpan<byte> format, ReadOnlySpan<byte> text)
    {
        if (!IsResp3)
        {
            Bulk(text);
            return;
        }

        int length = format.Length + 1 + text.Length;
        Header((byte)'=', length);
        Span<byte> target = Reserve(length + 2);
        format.CopyTo(target);
        target[format.Length] = (byte)':';
        text.CopyTo(target[(format.Length + 1)..]);
        "\r\n"u8.CopyTo(target[length..]);
        Advance(length + 2);
    }

    /// <summary>An array follows, of so many replies.</summary>
    public void Array(int count) => Header((byte)'*', count);

    /// <summary>A map follows, of so many pairs.</summary>
    public void Map(int pairs) => Header(IsResp3 ? (byte)'%' : (byte)'*', IsResp3 ? pairs : 2L * pairs);

    /// <summary>A set follows, of so many members.</summary>
    public void Set(int count) => Header(IsResp3 ? (byte)'~' : (byte)'*', count);

    /// <summary>A message follows that answers no request, of so many replies.</summary>
    public void Push(int count) => Header(IsResp3 ? (byte)'>' : (byte)'*', count);

    /// <summary>Leaves the length of an array, map or set open.</summary>
    /// <returns>What the matching End takes.</returns>
    public int BeginAggregate()
    {
        Reserve(OpenHeaderBytes);
        Advance(OpenHeaderBytes);
        return _length;
    }

    /// <summary>Ends an array that was begun with <see cref="BeginAggregate"/>.</summary>
    public void EndArray(int mark, int count) => Close(mark, (byte)'*', count);

    /// <summary>Ends a map that was begun with <see cref="BeginAggregate"/>.</summary>
    public void EndMap(int mark, int pairs) => Close(mark, IsResp3 ? (byte)'%' : (byte)'*', IsResp3 ? pairs : 2L * pairs);

    /// <summary>Ends a set that was begun with <see cref="BeginAggregate"/>.</summary>
    public void EndSet(int mark, int count) => Close(mark, IsResp3 ? (byte)'~' : (byte)'*', count);

    /// <summary>Bytes that are a whole reply already.</summary>
    public void Raw(ReadOnlySpan<byte> encoded)
    {
        encoded.CopyTo(Reserve(encoded.Length));
        Advance(encoded.Length);
    }

    /// <summary>Room for a string of at most so many bytes, to be written in place; <see cref="EndBulk"/> says how many it became.</summary>
    public Span<byte> BeginBulk(int mostBytes)
    {
        Span<byte> room = Reserve(HeaderBytes + mostBytes + 2);
        return room.Slice(HeaderBytes, mostBytes);
    }

    /// <summary>Ends a string that was begun with <see cref="BeginBulk"/>.</summary>
    public void EndBulk(int bytes)
    {
        int start = _length + HeaderBytes;
        Header((byte)'$', bytes);
        _bytes.AsSpan(start, bytes).CopyTo(_bytes.AsSpan(_length));
        Advance(bytes);
        Raw("\r\n"u8);
    }

    private void Line(byte type, ReadOnlySpan<byte> text)
    {
        Span<byte> target = Reserve(text.Length + 3);
        target[0] = type;
        text.CopyTo(target[1..]);
        "\r\n"u8.CopyTo(target[(text.Length + 1)..]);
        Advance(text.Length + 3);
    }

    private void Header(byte type, long number)
    {
        Span<byte> target = Reserve(HeaderBytes);
        target[0] = type;
        Utf8Formatter.TryFormat(number, target[1..], out int digits);
        target[digits + 1] = (byte)'\r';
        target[digits + 2] = (byte)'\n';
        Advance(digits + 3);
    }

    private void Close(int mark, byte type, long number)
    {
        if (Discards)
        {
            return;
        }

        Span<byte> header = stackalloc byte[OpenHeaderBytes + HeaderBytes];
        header[0] = type;
        Utf8Formatter.TryFormat(number, header[1..], out int digits);
        "\r\n"u8.CopyTo(header[(digits + 1)..]);
        int headerBytes = digits + 3;
        int start = mark - OpenHeaderBytes;
        header[..headerBytes].CopyTo(_bytes.AsSpan(start));
        _bytes.AsSpan(mark, _length - mark).CopyTo(_bytes.AsSpan(start + headerBytes));
        _length -= OpenHeaderBytes - headerBytes;
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_bytes.Length - _length < bytes)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(System.Array.MaxLength, Math.Max((long)_length + bytes, 2L * _bytes.Length)));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        return _bytes.AsSpan(_length);
    }

    private void Advance(int bytes) => _length += Discards ? 0 : bytes;
}
