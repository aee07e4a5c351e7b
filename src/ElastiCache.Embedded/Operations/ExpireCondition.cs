namespace ElastiCache.Embedded;

/// <summary>When a key takes a new deadline. <see cref="IfAny"/> goes together with <see cref="IfLater"/> or <see cref="IfSooner"/>, nothing else does.</summary>
[Flags]
public enum ExpireCondition
{
    /// <summary>Whatever deadline the key has.</summary>
    Always = 0,

    /// <summary>Only if the key has none. Redis: NX.</summary>
    IfNone = 1,

    /// <summary>Only if the key has one. Redis: XX.</summary>
    IfAny = 2,

    /// <summary>Only if the new deadline is later; a key without one never expires, and nothing is later than that. Redis: GT.</summary>
    IfLater = 4,

    /// <summary>Only if the new deadline is sooner; anything is sooner than none. Redis: LT.</summary>
    IfSooner = 8,
}
