namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>Knows every key and has one value: what it costs is what the loop, the key and the copy cost all others.</summary>
internal sealed class NothingPeer : CacheUnderTest
{
    private readonly byte[] _value = new byte[Data.TestValues.Length];

    public override Player NewPlayer() => new Player<Session>(new Session(_value));

    private readonly struct Session(byte[] value) : ISession
    {
        public bool TryGet(string key, Span<byte> destination, out int length)
        {
            value.CopyTo(destination);
            length = value.Length;
            return key[^1] != '\0'; // the key's memory must be read, as any cache would
        }

        public void Set(string key, ReadOnlySpan<byte> newValue)
        {
            if (key[^1] != '\0')
            {
                newValue.CopyTo(value);
            }
        }
    }
}
