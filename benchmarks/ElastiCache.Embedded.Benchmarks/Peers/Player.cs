using ElastiCache.Embedded.Benchmarks.Data;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>The two operations that all caches have in common, by one thread. Implemented by structs.</summary>
internal interface ISession
{
    /// <summary>Copies the value into <paramref name="destination"/>, which is always long enough.</summary>
    bool TryGet(string key, Span<byte> destination, out int length);

    /// <summary>Stores a copy of <paramref name="value"/>.</summary>
    void Set(string key, ReadOnlySpan<byte> value);
}

/// <summary>Plays a slice of an operation stream on a cache; returns how many reads found their key.</summary>
/// <remarks>
/// The loops are compiled anew for each session struct, so that no cache pays for a virtual call an operation.
/// Slices are played in pieces of 256: a method called thousands of times reaches the JIT's last tier, with its
/// profile, where one long loop would stay in the code that replaced it half-way.
/// </remarks>
internal abstract class Player : IDisposable
{
    private const int Piece = 256;

    private readonly Memory<byte> _buffer = TestValues.NewBuffer();

    /// <summary>Depends on every value read, so that no compiler may drop the copies.</summary>
    public ulong Checksum { get; private set; }

    protected Span<byte> Buffer => _buffer.Span;

    public long Get(OperationStream.Slice slice) => Play(slice, Work.Get);

    public long Set(OperationStream.Slice slice) => Play(slice, Work.Set);

    /// <summary>Reads, and writes where the stream says so.</summary>
    public long Mixed(OperationStream.Slice slice) => Play(slice, Work.Mixed);

    /// <summary>How many of the keys are there with the whole value that belongs to them.</summary>
    public abstract long CountCorrect(OperationStream.Slice slice);

    public virtual void Dispose() => GC.SuppressFinalize(this);

    protected abstract long GetPiece(ReadOnlySpan<string> keys, ref ulong checksum);

    protected abstract void SetPiece(ReadOnlySpan<string> keys, ReadOnlySpan<int> indices);

    protected abstract long MixedPiece(ReadOnlySpan<string> keys, ReadOnlySpan<int> indices, ref ulong checksum);

    private long Play(OperationStream.Slice slice, Work work)
    {
        ReadOnlySpan<string> keys = slice.Keys.Span;
        ReadOnlySpan<int> indices = slice.Indices.Span;
        long hits = 0;
        ulong checksum = 0;
        for (int begin = 0; begin < keys.Length; begin += Piece)
        {
            int count = Math.Min(Piece, keys.Length - begin);
            ReadOnlySpan<string> someKeys = keys.Slice(begin, count);
            switch (work)
            {
                case Work.Get:
                    hits += GetPiece(someKeys, ref checksum);
                    break;
                case Work.Set:
                    SetPiece(someKeys, indices.Slice(begin, count));
                    break;
                default:
                    hits += MixedPiece(someKeys, indices.Slice(begin, count), ref checksum);
                    break;
            }
        }

        Checksum += checksum;
        return hits;
    }

    private enum Work
    {
        Get,
        Set,
        Mixed,
    }
}

internal sealed class Player<TSession>(TSession session, IDisposable? owned = null) : Player
    where TSession : struct, ISession
{
    private TSession _session = session;
    private uint _serial;

    public override void Dispose()
    {
        owned?.Dispose();
        base.Dispose();
    }

    public override long CountCorrect(OperationStream.Slice slice)
    {
        ReadOnlySpan<int> indices = slice.Indices.Span;
        long correct = 0;
        for (int i = 0; i < slice.Length; i++)
        {
            int expected = indices[i] < 0 ? ~indices[i] : indices[i];
            TestValues.Stamp(Buffer, -1);
            if (_session.TryGet(slice.Keys.Span[i], Buffer, out int length)
                && length == TestValues.Length && TestValues.ReadStamp(Buffer) == expected)
            {
                correct++;
            }
        }

        return correct;
    }

    protected override long GetPiece(ReadOnlySpan<string> keys, ref ulong checksum)
    {
        Span<byte> buffer = Buffer;
        long hits = 0;
        ulong sum = 0;
        foreach (string key in keys)
        {
            if (_session.TryGet(key, buffer, out int length))
            {
                hits++;
                sum += buffer[0] + (ulong)buffer[length - 1];
            }
        }

        checksum += sum;
        return hits;
    }

    protected override void SetPiece(ReadOnlySpan<string> keys, ReadOnlySpan<int> indices)
    {
        Span<byte> value = Buffer;
        uint serial = _serial;
        for (int i = 0; i < keys.Length; i++)
        {
            TestValues.Stamp(value, indices[i], serial++);
            _session.Set(keys[i], value);
        }

        _serial = serial;
    }

    protected override long MixedPiece(ReadOnlySpan<string> keys, ReadOnlySpan<int> indices, ref ulong checksum)
    {
        Span<byte> buffer = Buffer;
        uint serial = _serial;
        long hits = 0;
        ulong sum = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            int index = indices[i];
            if (index < 0)
            {
                TestValues.Stamp(buffer, ~index, serial++);
                _session.Set(keys[i], buffer);
            }
            else if (_session.TryGet(keys[i], buffer, out int length))
            {
                hits++;
                sum += buffer[0] + (ulong)buffer[length - 1];
            }
        }

        _serial = serial;
        checksum += sum;
        return hits;
    }
}
