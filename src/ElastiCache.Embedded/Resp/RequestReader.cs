using System.Buffers;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Resp;

/// <summary>What <see cref="RequestReader.Read"/> found.</summary>
internal enum RequestStatus
{
    /// <summary>The request goes on in the next bytes.</summary>
    Incomplete,

    /// <summary>A request: its places are in <see cref="RequestReader.Places"/>.</summary>
    Complete,

    /// <summary>Bytes that ask for nothing: an empty line, or a request of no arguments.</summary>
    Empty,

    /// <summary>What came is no request: <see cref="RequestReader.Error"/> says why. Nothing can be read any more.</summary>
    Invalid,

    /// <summary>A request that grew beyond <see cref="RequestLimits.RequestBytes"/>. Nothing can be read any more.</summary>
    TooLarge,
}

/// <summary>Cuts a stream of bytes into requests: arrays of bulk strings, or lines as a person types them.</summary>
/// <remarks>
/// <code>
///   *2\r\n$3\r\nGET\r\n$1\r\nk\r\n            places: (8,3) (17,1), into the bytes as they came
///   GET k\r\n                                 the same as a line: words are copied, because quotes change them
/// </code>
/// A request that lies whole in the bytes handed in is not copied. One that doesn't is gathered in a buffer of its own, which grows as bytes arrive and
/// never beyond what the request needs: a client that announces 512 MB and sends nothing costs nothing. Reading goes on where it stopped, so a byte at
/// a time costs no more than all at once.
/// </remarks>
internal sealed class RequestReader
{
    private const int MostKeptPlaces = 1024;

    private const int MostKeptBytes = 64 * 1024;
    private const int NoLength = -1;

    private readonly RequestLimits _limits;
    private (int Start, int Length)[] _places = new (int Start, int Length)[8];
    private int _count;

    private byte[]? _gathered;
    private int _gatheredLength;
    private bool _isDone;

    // Where reading stands in the request, for when more bytes come.
    private int _position;
    private int _remaining;
    private int _length = NoLength;
    private bool _isArray;

    private byte[]? _words;
    private bool _isLine;

    public RequestReader(RequestLimits limits)
    {
        _limits = limits;
    }

    /// <summary>Why the last bytes were <see cref="RequestStatus.Invalid"/>, in Redis's words.</summary>
    public string Error { get; private set; } = "";

    /// <summary>Whether the client has yet to authenticate: then a request may be only small.</summary>
    public bool IsUnauthenticated { get; set; }

    /// <summary>Whether a request has begun to arrive and is not whole.</summary>
    public bool IsReceiving => _gathered != null && !_isDone;

    /// <summary>Bytes of the request that is being received which are not yet a length or a whole argument.</summary>
    public int UnreadBytes => IsReceiving ? _gatheredLength - _position : 0;

    /// <summary>Room behind them.</summary>
    public int FreeBytes => IsReceiving && _gathered is { } gathered ? gathered.Length - _gatheredLength : 0;

    /// <summary>Bytes of the arguments that were read of the last request, whole or not. O(arguments). Another thread may ask, and get a figure that is a moment old.</summary>
    public long ArgumentBytes
    {
        get
        {
            (int Start, int Length)[] places = _places;
            long sum = 0;
            for (int i = 0; i < Math.Min(_count, places.Length); i++)
            {
                sum += places[i].Length;
            }

            return sum;
        }
    }

    /// <summary>Bytes that the reader holds on to.</summary>
    public int HeldBytes => (_gathered?.Length ?? 0) + (_words?.Length ?? 0) + (_places.Length * 8);

    /// <summary>Where the arguments lie in <see cref="Bytes"/>; the first is the command's name.</summary>
    public ReadOnlySpan<(int Start, int Length)> Places => _places.AsSpan(0, _count);

    /// <summary>What <see cref="Places"/> refer to.</summary>
    /// <param name="input">The bytes that <see cref="Read"/> was given.</param>
    public ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> input) => _isLine ? _words : _gathered ?? input;

    /// <summary>Reads the next request.</summary>
    /// <param name="input">What has arrived and was not consumed.</param>
    /// <param name="consumed">How many of those bytes the reader is done with. They must stay as they are while the request is used.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RequestStatus Read(ReadOnlySpan<byte> input, out int consumed)
    {
        if (_gathered != null)
        {
            return ReadGathered(input, out consumed);
        }

        Begin();
        RequestStatus status = Parse(input);
        if (status == RequestStatus.Incomplete)
        {
            return Gather(input, out consumed);
        }

        consumed = _position;
        return status;
    }

    /// <summary>Gives back what a large request made large, unless one is being received. The last request is void then.</summary>
    public void Trim()
    {
        if (HeldBytes > MostKeptBytes && (_gathered == null || _isDone))
        {
            Release();
        }
    }

    /// <summary>Forgets the last request and gives its memory back.</summary>
    public void Release()
    {
        if (_gathered != null)
        {
            ArrayPool<byte>.Shared.Return(_gathered);
            _gathered = null;
            _gatheredLength = 0;
        }

        if (_words != null)
        {
            ArrayPool<byte>.Shared.Return(_words);
            _words = null;
        }

        if (_places.Length > MostKeptPlaces)
        {
            _places = new (int Start, int Length)[8];
        }

        _isDone = false;
        Begin();
    }

    private void Begin()
    {
        _position = 0;
        _count = 0;
        _remaining = 0;
        _length = NoLength;
        _isArray = false;
        _isLine = false;
    }

    // The request began in earlier bytes. Of the new ones just those are taken over that belong to it, piece by piece.
    private RequestStatus ReadGathered(ReadOnlySpan<byte> input, out int consumed)
    {
        if (_isDone)
        {
            Release();
            return Read(input, out consumed);
        }

        consumed = 0;
        while (consumed < input.Length)
        {
            ReadOnlySpan<byte> rest = input[consumed..];
            int piece = PieceLength(rest);
            if (!TryAppend(rest[..piece]))
            {
                return RequestStatus.TooLarge;
            }

            consumed += piece;
            RequestStatus status = Parse(_gathered.AsSpan(0, _gatheredLength));
            if (status != RequestStatus.Incomplete)
            {
                _isDone = true;
                return status;
            }
        }

        return RequestStatus.Incomplete;
    }

    private RequestStatus Gather(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = input.Length;
        return input.IsEmpty || TryAppend(input) ? RequestStatus.Incomplete : RequestStatus.TooLarge;
    }

    private int PieceLength(ReadOnlySpan<byte> rest)
    {
        if (_length != NoLength)
        {
            return (int)Math.Min(rest.Length, (long)_position + _length + 2 - _gatheredLength);
        }

        int end = rest.IndexOf((byte)'\n');
        return end < 0 ? rest.Length : end + 1;
    }

    private bool TryAppend(ReadOnlySpan<byte> piece)
    {
        long needed = (long)_gatheredLength + piece.Length;
        if (needed > _limits.RequestBytes)
        {
            return false;
        }

        if (_gathered == null || _gathered.Length < needed)
        {
            // Doubling, but no more than the argument that is being received needs.
            long whole = _length == NoLength ? long.MaxValue : (long)_position + _length + 2;
            long capacity = Math.Max(needed, Math.Min(Math.Max(2 * needed, 512), whole));
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(capacity, Array.MaxLength));
            if (_gathered != null)
            {
                _gathered.AsSpan(0, _gatheredLength).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_gathered);
            }

            _gathered = larger;
        }

        piece.CopyTo(_gathered.AsSpan(_gatheredLength));
        _gatheredLength += piece.Length;
        return true;
    }

    // Reads on from _position. The bytes begin where the request does.
    private RequestStatus Parse(ReadOnlySpan<byte> bytes)
    {
        if (!_isArray)
        {
            if (bytes.IsEmpty)
            {
                return RequestStatus.Incomplete;
            }

            if (bytes[0] != '*')
            {
                return ParseLine(bytes);
            }

            RequestStatus status = ParseCount(bytes);
            if (!_isArray)
            {
                return status;
            }
        }

        while (_remaining > 0)
        {
            if (_length == NoLength)
            {
                RequestStatus status = ParseLength(bytes);
                if (status != RequestStatus.Complete)
                {
                    return status;
                }
            }

            if (bytes.Length - _position < (long)_length + 2)
            {
                return RequestStatus.Incomplete;
            }

            if (_count == _places.Length)
            {
                Array.Resize(ref _places, 2 * _count);
            }

            // Two bytes follow it, whatever they are; Redis doesn't look at them either.
            _places[_count++] = (_position, _length);
            _position += _length + 2;
            _length = NoLength;
            _remaining--;
        }

        return RequestStatus.Complete;
    }

    private RequestStatus ParseCount(ReadOnlySpan<byte> bytes)
    {
        long count;
        if (bytes.Length >= 4 && bytes[2] == '\r' && (uint)bytes[1] - '1' < 9)
        {
            count = bytes[1] - '0';
            _position = 4;
        }
        else if (!TryReadLine(bytes, 1, out ReadOnlySpan<byte> text))
        {
            return bytes.Length > RequestLimits.LineBytes ? Fail("too big mbulk count string") : RequestStatus.Incomplete;
        }
        else if (!DecimalNumber.TryParse(text, out count) || count > int.MaxValue)
        {
            return Fail("invalid multibulk length");
        }

        if (count <= 0)
        {
            return RequestStatus.Empty;
        }

        if (IsUnauthenticated && count > RequestLimits.UnauthenticatedArguments)
        {
            return Fail("unauthenticated multibulk length");
        }

        _isArray = true;
        _remaining = (int)count;
        return RequestStatus.Complete;
    }

    private RequestStatus ParseLength(ReadOnlySpan<byte> bytes)
    {
        int start = _position;
        ReadOnlySpan<byte> header = bytes[start..];
        long length;
        if (header.Length >= 4 && header[0] == '$' && header[2] == '\r' && (uint)header[1] - '0' < 10)
        {
            length = header[1] - '0';
            _position += 4;
        }
        else if (header.Length >= 5 && header[0] == '$' && header[3] == '\r' && (uint)header[1] - '1' < 9 && (uint)header[2] - '0' < 10)
        {
            length = (10 * (header[1] - '0')) + header[2] - '0';
            _position += 5;
        }
        else if (!TryReadLine(bytes, start + 1, out ReadOnlySpan<byte> text))
        {
            return header.Length > RequestLimits.LineBytes ? Fail("too big bulk count string") : RequestStatus.Incomplete;
        }
        else if (header[0] != '$')
        {
            // An error is one line.
            char got = header[0] is (byte)'\r' or (byte)'\n' ? ' ' : (char)header[0];
            return Fail($"expected '$', got '{got}'");
        }
        else if (!DecimalNumber.TryParse(text, out length) || length < 0 || length > _limits.ArgumentBytes)
        {
            return Fail("invalid bulk length");
        }

        if (IsUnauthenticated && length > RequestLimits.UnauthenticatedArgumentBytes)
        {
            return Fail("unauthenticated bulk length");
        }

        _length = (int)length;
        return RequestStatus.Complete;
    }

    // A count ends at \r, and one byte more; a zero byte hides what follows it, as from the C function that Redis looks with.
    private bool TryReadLine(ReadOnlySpan<byte> bytes, int from, out ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = bytes.Length > from ? bytes[from..] : default;

        // "*1\r\n\r\n": where the type should stand is the end of the line already.
        int behind = 0;
        if (from > 0 && bytes.Length > from && bytes[from - 1] == '\r')
        {
            rest = bytes[(from - 1)..];
            behind = -1;
        }

        int end = rest.IndexOfAny((byte)'\r', (byte)0);
        if (end < 0 || rest[end] == 0 || end + 1 >= rest.Length)
        {
            text = default;
            return false;
        }

        text = rest[..end];
        _position = from + behind + end + 2;
        return true;
    }

    private RequestStatus ParseLine(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOfAny((byte)'\n', (byte)0);
        if (end < 0 || bytes[end] == 0)
        {
            return bytes.Length > RequestLimits.LineBytes ? Fail("too big inline request") : RequestStatus.Incomplete;
        }

        _position = end + 1;
        ReadOnlySpan<byte> line = bytes[..end];
        line = line is [.., (byte)'\r'] ? line[..^1] : line;
        if (_words == null || _words.Length < line.Length)
        {
            if (_words != null)
            {
                ArrayPool<byte>.Shared.Return(_words);
            }

            _words = ArrayPool<byte>.Shared.Rent(Math.Max(line.Length, 128));
        }

        _count = QuotedWords.Split(line, _words, ref _places);
        if (_count < 0)
        {
            _count = 0;
            return Fail("unbalanced quotes in request");
        }

        _isLine = true;
        return _count == 0 ? RequestStatus.Empty : RequestStatus.Complete;
    }

    private RequestStatus Fail(string what)
    {
        Error = $"ERR Protocol error: {what}";
        return RequestStatus.Invalid;
    }
}
