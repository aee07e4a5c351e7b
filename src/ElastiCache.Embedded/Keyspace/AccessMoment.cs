using System.Runtime.CompilerServices;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>A moment, and what the notes of keys' uses say at it. There are two kinds of notes, both of 24 bits and as Redis has them; a set of cells has notes of one kind.</summary>
/// <remarks>
/// <code>
///   idle time    bits 0..23  the second of the last use, modulo 2^24
///   frequency    bits 0..7   the counter (<see cref="FrequencyScale"/>) after the last use      bits 8..23  the minute of that use, modulo 2^16
/// </code>
/// A note is the colder, the longer ago the last use is, or the lower the counter has sunk by now; among equal counters the one that was used longer ago is colder.
/// <para>
/// Notes may be some moments ahead: of a thread that read the clock a little later. What seems to be nearly as old as a note can be is therefore not old.
/// </para>
/// </remarks>
internal readonly struct AccessMoment
{
    /// <summary>The bits of a note.</summary>
    public const uint NoteMask = 0xFF_FFFF;

    /// <summary>The longest idle time that can be told: some 194 days.</summary>
    public const uint MostIdleSeconds = NoteMask - 3600;

    private const uint MinuteMask = 0xFFFF;
    private const uint MostIdleMinutes = MinuteMask - 60;
    private const int CounterBits = 8;

    private readonly FrequencyScale? _scale;
    private readonly uint _now;     // seconds modulo 2^24, minutes modulo 2^16 if there is a scale

    /// <summary>The present.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="scale">The scale of frequencies; null for idle times.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AccessMoment(CacheClock clock, FrequencyScale? scale)
    {
        uint seconds = clock.CoarseSeconds;
        (_scale, _now) = (scale, scale == null ? seconds & NoteMask : (seconds / 60) & MinuteMask);
    }

    /// <summary>The note of a key that is new now.</summary>
    public uint Fresh => _scale == null ? _now : NoteOf(FrequencyScale.Initial);

    /// <summary>Whether a use leaves a note as it is.</summary>
    public bool IsUpToDate(uint note) => _scale == null ? IdleSecondsOf(note) == 0 : note == NoteOf(FrequencyScale.Most);

    /// <summary>A note after a use at this moment. For a frequency that is a matter of chance.</summary>
    public uint AfterUse(uint note) => _scale == null ? (IdleSecondsOf(note) == 0 ? note : _now) : NoteOf(_scale.Raised(FrequencyOf(note)));

    /// <summary>How cold a note is, 0 to 2^24 − 1.</summary>
    public uint ColdnessOf(uint note) => _scale == null ? IdleSecondsOf(note) : ((FrequencyScale.Most - FrequencyOf(note)) << 16) | IdleMinutesOf(note);

    /// <summary>The warmer of two notes.</summary>
    public uint Warmer(uint? one, uint other) => one is { } note && ColdnessOf(note) <= ColdnessOf(other) ? note : other;

    /// <summary>What a note says.</summary>
    public KnownUse Read(uint note) => _scale == null ? KnownUse.Idle(IdleSecondsOf(note)) : KnownUse.OfFrequency((byte)FrequencyOf(note));

    /// <summary>The note that says what is known of a key's uses; null if that is of the other kind, or nothing.</summary>
    public uint? Write(KnownUse use) =>
        _scale == null ? (use.IdleSeconds is { } seconds ? (_now - seconds) & NoteMask : null)
        : use.Frequency is { } counter ? NoteOf(counter) : null;

    private uint NoteOf(uint counter) => (_now << CounterBits) | counter;

    private uint FrequencyOf(uint note) => _scale!.Decayed(note & FrequencyScale.Most, IdleMinutesOf(note));

    private uint IdleSecondsOf(uint note)
    {
        uint age = (_now - note) & NoteMask;
        return age > MostIdleSeconds ? 0 : age;
    }

    private uint IdleMinutesOf(uint note)
    {
        uint age = (_now - (note >> CounterBits)) & MinuteMask;
        return age > MostIdleMinutes ? 0 : age;
    }
}
