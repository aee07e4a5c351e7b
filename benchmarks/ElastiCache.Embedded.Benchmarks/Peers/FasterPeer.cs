using System.Numerics;
using System.Text;
using FASTER.core;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>Microsoft FASTER as a store in memory: variable-length keys and values, one session a thread.</summary>
/// <remarks>
/// The log is large enough that every record stays in its mutable part, where it is updated in place; nothing is
/// ever written to a device. The index gets a bucket of seven slots for every five entries or fewer. Keys are narrowed
/// to UTF-8 on the caller's stack, as they must be for any store of bytes.
/// </remarks>
internal sealed class FasterPeer : CacheUnderTest
{
    private readonly FasterKV<SpanByte, SpanByte> _store;

    public FasterPeer(int entries)
    {
        const long BytesPerRecord = 8 + 32 + 104; // header, key and value, each with its length and rounded up to 8
        const double MutableFraction = 0.9;
        long log = (long)BitOperations.RoundUpToPowerOf2((ulong)(entries * BytesPerRecord / MutableFraction) + (64 << 20));
        long buckets = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(entries / 5, 1 << 16));
        _store = new FasterKV<SpanByte, SpanByte>(buckets, new LogSettings
        {
            LogDevice = new NullDevice(),
            MemorySizeBits = BitOperations.Log2((ulong)log),
            PageSizeBits = 22,
            MutableFraction = MutableFraction,
        });
    }

    public override Player NewPlayer()
    {
        var session = _store.For(new SpanByteFunctions<Empty>()).NewSession<SpanByteFunctions<Empty>>();
        return new Player<Session>(new Session(session), session);
    }

    protected override void Close() => _store.Dispose();

    private readonly struct Session(
        ClientSession<SpanByte, SpanByte, SpanByte, SpanByteAndMemory, Empty, SpanByteFunctions<Empty>> session) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            Span<byte> utf8 = stackalloc byte[128];
            utf8 = utf8[..Encoding.UTF8.GetBytes(key, utf8)];
            SpanByte fasterKey = SpanByte.FromFixedSpan(utf8);
            SpanByteAndMemory output;
            unsafe
            {
                fixed (byte* pinned = destination)
                {
                    output = new SpanByteAndMemory(pinned, destination.Length);
                    Status status = session.Read(ref fasterKey, ref output);
                    length = output.Length;
                    return status.Found;
                }
            }
        }

        public void Set(string key, ReadOnlySpan<byte> value)
        {
            Span<byte> utf8 = stackalloc byte[128];
            utf8 = utf8[..Encoding.UTF8.GetBytes(key, utf8)];
            SpanByte fasterKey = SpanByte.FromFixedSpan(utf8);
            unsafe
            {
                fixed (byte* pinned = value)
                {
                    SpanByte fasterValue = SpanByte.FromPointer(pinned, value.Length);
                    session.Upsert(ref fasterKey, ref fasterValue);
                }
            }
        }
    }
}
