using System.Collections.Concurrent;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>What everybody writes first: a ConcurrentDictionary of arrays, copied in and copied out.</summary>
/// <remarks>The copies are the fair part: a cache that hands out its own array can't let anyone change it.</remarks>
internal sealed class DictionaryPeer : CacheUnderTest
{
    private readonly ConcurrentDictionary<string, byte[]> _dictionary = new();

    public override SpanSet SetSpan => (key, value) => _dictionary[key.ToString()] = value.ToArray();

    /// <summary>A dictionary has no batches: sixteen look-ups in a row, for the yardstick's own test.</summary>
    public override BatchGet GetMany => (keys, destination, lengths) =>
    {
        int written = 0, found = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            lengths[i] = -1;
            if (_dictionary.TryGetValue(keys[i], out byte[]? value))
            {
                value.CopyTo(destination[written..]);
                written += lengths[i] = value.Length;
                found++;
            }
        }

        return found;
    };

    public override Player NewPlayer() => new Player<Session>(new Session(_dictionary));

    private readonly struct Session(ConcurrentDictionary<string, byte[]> dictionary) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            if (dictionary.TryGetValue(key, out byte[]? value))
            {
                value.CopyTo(destination);
                length = value.Length;
                return true;
            }

            length = 0;
            return false;
        }

        public void Set(string key, ReadOnlySpan<byte> value) => dictionary[key] = value.ToArray();
    }
}
