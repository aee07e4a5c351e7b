namespace ElastiCache.Embedded.Keyspace;

/// <summary>Redis's scale of frequencies, for OBJECT FREQ under its LFU policies: a logarithm of how often a key was used, from 0 to 255, which sinks with time. One of a store.</summary>
/// <remarks>
/// A key begins at 5, so that it isn't the coldest of all at once. A use raises a counter c by one with the probability 1 / ((c − 5) × <see cref="LogFactor"/> + 1), up to 5 always: with the
/// factor 10 about 100 uses bring it to 10, a million to 255 (Morris 1978, "Counting large numbers of events in small registers"). For each <see cref="DecayMinutes"/> since the last use it sinks by one.
/// </remarks>
internal sealed class FrequencyScale
{
    /// <summary>Where a new key begins.</summary>
    public const uint Initial = 5;

    /// <summary>Where a counter ends.</summary>
    public const uint Most = byte.MaxValue;

    public const int DefaultLogFactor = 10;
    public const int DefaultDecayMinutes = 1;

    private volatile int _logFactor = DefaultLogFactor;
    private volatile int _decayMinutes = DefaultDecayMinutes;

    /// <summary>The more, the more uses a step takes; 0: every use is one. Redis's <c>lfu-log-factor</c>. May be changed at any time.</summary>
    public int LogFactor
    {
        get => _logFactor;
        set => _logFactor = value;
    }

    /// <summary>After how many minutes without a use a counter sinks by one; 0: never. Redis's <c>lfu-decay-time</c>. May be changed at any time, and then counts for the time since the last use too.</summary>
    public int DecayMinutes
    {
        get => _decayMinutes;
        set => _decayMinutes = value;
    }

    /// <summary>Decides which uses count. The default has a state for each thread; a test that wants to know puts a seeded one here, and uses one thread.</summary>
    public Random Random { get; set; } = Random.Shared;

    /// <summary>What is left of a counter after some minutes.</summary>
    public uint Decayed(uint counter, uint minutes)
    {
        int decayMinutes = _decayMinutes;
        uint steps = minutes == 0 || decayMinutes == 0 ? 0 : minutes / (uint)decayMinutes;
        return steps > counter ? 0 : counter - steps;
    }

    /// <summary>A counter after one more use.</summary>
    public uint Raised(uint counter)
    {
        if (counter == Most)
        {
            return Most;
        }

        long odds = counter <= Initial ? 1 : ((counter - Initial) * (long)_logFactor) + 1;
        return odds == 1 || Random.NextInt64(odds) == 0 ? counter + 1 : counter;
    }
}
