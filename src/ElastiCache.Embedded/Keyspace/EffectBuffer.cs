using System.Buffers;
using System.Buffers.Text;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Effects that wait to be written to the log, as RESP commands: <c>*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n</c>.</summary>
/// <remarks>
/// One a shard, guarded by the shard's lock, and one for each block of a write that spans shards. The log takes the filled
/// array away and leaves an empty one (<see cref="Take"/>), so that encoding never waits for the disk.
/// The first command of a taken array is for database <see cref="FirstDatabase"/>; whoever joins arrays in a file writes a
/// SELECT between two where the database differs. Inside an array the buffer writes its own SELECT.
/// </remarks>
internal sealed class EffectBuffer
{
    private const int InitialBytes = 4096;
    private const int MostInitialBytes = 256 * 1024;

    // "$" + 10 digits + CRLF before an argument, CRLF after it.
    private const int ArgumentOverheadBytes = 16;

    // SELECT, flags, name, key, value, PXAT and a deadline around the payload.
    private const int CommandOverheadBytes = 256;

    private byte[] _bytes = [];
    private int _length;
    private int _usualBytes = InitialBytes;
    private int _argumentsLeft;

    /// <summary>Bytes encoded so far.</summary>
    public int Length => _length;

    /// <summary>Bytes of the array that holds them. May be asked without the lock, and is then about right.</summary>
    public int HeldBytes => _bytes.Length;

    /// <summary>Commands encoded so far, SELECT not counted.</summary>
    public int Commands { get; private set; }

    /// <summary>Whether the last command has all its arguments; false only after an argument could not be added for want of memory.</summary>
    public bool IsWhole => _argumentsLeft == 0;

    /// <summary>The database of the first command.</summary>
    public int FirstDatabase { get; private set; }

    /// <summary>The database of the last command.</summary>
    public int LastDatabase { get; private set; }

    /// <summary>The encoded bytes. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Makes room for effects, so that encoding them can't fail once the store has changed.</summary>
    /// <param name="payloadBytes">The bytes of the arguments to come.</param>
    /// <exception cref="InsufficientMemoryException">There is no memory, or the buffer would pass 2 GB. Nothing has changed.</exception>
    public void Reserve(long payloadBytes) => EnsureRoom(payloadBytes + CommandOverheadBytes);

    /// <summary>Takes back what was encoded behind a whole command.</summary>
    public void CutBack(int length, int lastDatabase)
    {
        _length = length;
        _argumentsLeft = 0;
        LastDatabase = lastDatabase;
    }

    /// <summary>Begins a command of <paramref name="argumentCount"/> arguments, its name included.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="argumentCount">How many arguments follow.</param>
    /// <param name="marks">The marks of what it stores; see <see cref="EntryAnnotations"/>.</param>
    public EffectBuffer Begin(int database, int argumentCount, EntryMarks marks = default)
    {
        _argumentsLeft = argumentCount;
        if (_length == 0)
        {
            FirstDatabase = database;
        }
        else if (database != LastDatabase)
        {
            WriteSelect(database);
        }

        LastDatabase = database;
        Commands++;
        if (!marks.IsDefault)
        {
            WriteMarks(marks);
        }

        WriteHeader((byte)'*', argumentCount, 0);
        return this;
    }

    /// <summary>Adds an argument.</summary>
    public EffectBuffer Argument(ReadOnlySpan<byte> argument)
    {
        WriteHeader((byte)'$', argument.Length, argument.Length + 2);
        argument.CopyTo(_bytes.AsSpan(_length));
        _length += argument.Length;
        return EndArgument();
    }

    /// <summary>Adds a key.</summary>
    public EffectBuffer Argument(in KeyProbe key)
    {
        WriteHeader((byte)'$', key.Length, key.Length + 2);
        key.CopyTo(_bytes.AsSpan(_length));
        _length += key.Length;
        return EndArgument();
    }

    /// <summary>Adds an integer argument in decimal.</summary>
    public EffectBuffer Argument(long argument)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(argument, digits, out int written);
        return Argument(digits[..written]);
    }

    /// <summary>Takes the bytes away; the buffer is empty afterwards. Return the array to <see cref="ArrayPool{T}.Shared"/>.</summary>
    public ArraySegment<byte> Take()
    {
        var taken = new ArraySegment<byte>(_bytes, 0, _length);

        // The next array begins as large as this one became, so that a busy buffer does not grow by doubling each time.
        _usualBytes = Math.Clamp(_length, InitialBytes, MostInitialBytes);
        _bytes = [];
        _length = 0;
        Commands = 0;
        return taken;
    }

    private EffectBuffer EndArgument()
    {
        _bytes[_length++] = (byte)'\r';
        _bytes[_length++] = (byte)'\n';
        if (--_argumentsLeft == 0)
        {
            // What comes next is written some time from now, and would wait for these lines with the shard locked. Benchmark: compare, "log-everysecond-caller".
            CacheLines.Prefetch(_bytes.AsSpan(_length));
        }

        return this;
    }

    private void WriteMarks(EntryMarks marks)
    {
        if (marks.Flags != 0)
        {
            WriteAnnotation(EntryAnnotations.Flags, marks.Flags);
        }

        if (marks.Priority != EvictionPriority.Normal)
        {
            WriteAnnotation(EntryAnnotations.Priority, (uint)marks.Priority);
        }

        if (marks.Cost != 1)
        {
            WriteAnnotation(EntryAnnotations.Cost, (uint)marks.Cost);
        }
    }

    private void WriteAnnotation(ReadOnlySpan<byte> start, uint number)
    {
        EnsureRoom(start.Length + ArgumentOverheadBytes);
        start.CopyTo(_bytes.AsSpan(_length));
        _length += start.Length;
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(_length), out int digits);
        _length += digits;
        _bytes[_length++] = (byte)'\r';
        _bytes[_length++] = (byte)'\n';
    }

    private void WriteSelect(int database)
    {
        _argumentsLeft += 2;
        WriteHeader((byte)'*', 2, 0);
        Argument("SELECT"u8);
        Argument(database);
    }

    private void WriteHeader(byte kind, int number, int bytesThatFollow)
    {
        EnsureRoom(ArgumentOverheadBytes + bytesThatFollow);
        Span<byte> free = _bytes.AsSpan(_length);
        free[0] = kind;
        int digits = 1;
        if ((uint)number < 10)
        {
            free[1] = (byte)('0' + number);
        }
        else
        {
            Utf8Formatter.TryFormat(number, free[1..], out digits);
        }

        free[digits + 1] = (byte)'\r';
        free[digits + 2] = (byte)'\n';
        _length += digits + 3;
    }

    private void EnsureRoom(long bytes)
    {
        if (_bytes.Length - _length >= bytes)
        {
            return;
        }

        if (_length + bytes > Array.MaxLength)
        {
            throw new InsufficientMemoryException(
                $"The effects that wait for the log would take {_length + bytes} bytes, and {Array.MaxLength} is the most. Write less at once.");
        }

        int wanted = (int)Math.Min(Array.MaxLength, Math.Max(_usualBytes, Math.Max((long)_length + bytes, 2L * _length)));
        byte[] larger = ArrayPool<byte>.Shared.Rent(wanted);
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
