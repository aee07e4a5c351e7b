namespace ElastiCache.Embedded.Keyspace;

/// <summary>What is known of how a key was used, as RESTORE and RDB files tell it: for how long not, or how often; or nothing, the default.</summary>
internal readonly record struct KnownUse
{
    private readonly uint _value;
    private readonly Kind _kind;

    private KnownUse(Kind kind, uint value) => (_kind, _value) = (kind, value);

    private enum Kind : byte
    {
        Nothing,
        Idle,
        Frequency,
    }

    public bool IsNothing => _kind == Kind.Nothing;

    /// <summary>Seconds since the last use; null if that is not what is known.</summary>
    public uint? IdleSeconds => _kind == Kind.Idle ? _value : null;

    /// <summary>The counter of <see cref="FrequencyScale"/>; null if that is not what is known.</summary>
    public byte? Frequency => _kind == Kind.Frequency ? (byte)_value : null;

    /// <summary>So many seconds, 0 or more, without a use; more than 194 days are as many.</summary>
    public static KnownUse Idle(long seconds) => new(Kind.Idle, (uint)Math.Min(seconds, AccessMoment.MostIdleSeconds));

    public static KnownUse OfFrequency(byte counter) => new(Kind.Frequency, counter);
}
