using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>Any <see cref="IDistributedCache"/>, used through that interface: arrays out, arrays in, 20 minutes to live.</summary>
/// <remarks>
/// Its own array is what a caller of <c>Get</c> wants, so nothing is copied on top here; with
/// <paramref name="buffered"/> reads and writes go through <see cref="IBufferDistributedCache"/> instead.
/// </remarks>
internal sealed class DistributedCachePeer(IDistributedCache cache, bool buffered = false, IDisposable? owned = null)
    : CacheUnderTest
{
    private static readonly DistributedCacheEntryOptions TwentyMinutes = new()
    {
        AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(20),
    };

    public override Player NewPlayer() => buffered
        ? new Player<BufferedSession>(new BufferedSession((IBufferDistributedCache)cache))
        : new Player<Session>(new Session(cache));

    protected override void Close()
    {
        (cache as IDisposable)?.Dispose();
        owned?.Dispose();
    }

    private readonly struct Session(IDistributedCache cache) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            if (cache.Get(key) is { } value)
            {
                value.AsSpan(0, sizeof(int)).CopyTo(destination); // the stamp, which checks look at
                destination[value.Length - 1] = value[^1];
                length = value.Length;
                return true;
            }

            length = 0;
            return false;
        }

        public void Set(string key, ReadOnlySpan<byte> value) => cache.Set(key, value.ToArray(), TwentyMinutes);
    }

    private readonly struct BufferedSession(IBufferDistributedCache cache) : ISession
    {
        private readonly ArrayBufferWriter<byte> _writer = new(256);

        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            _writer.ResetWrittenCount();
            if (!cache.TryGet(key, _writer))
            {
                length = 0;
                return false;
            }

            _writer.WrittenSpan.CopyTo(destination);
            length = _writer.WrittenCount;
            return true;
        }

        public void Set(string key, ReadOnlySpan<byte> value)
        {
            _writer.ResetWrittenCount();
            _writer.Write(value);
            cache.Set(key, new ReadOnlySequence<byte>(_writer.WrittenMemory), TwentyMinutes);
        }
    }
}
