namespace ElastiCache.Embedded;

/// <summary>When a SET takes place.</summary>
public enum SetCondition
{
    /// <summary>Whether the key exists or not.</summary>
    Always = 0,

    /// <summary>Only if the key does not exist. Redis: NX.</summary>
    IfAbsent = 1,

    /// <summary>Only if the key exists. Redis: XX.</summary>
    IfPresent = 2,
}
