namespace ElastiCache.Embedded.Keyspace;

/// <summary>What a caller may store with an entry besides its deadline: Memcached's flags, a priority, and what a miss of it costs. The default is none of them, and takes no memory.</summary>
/// <remarks>One word in the record: <c>bits 0-31 flags | 32-47 priority | 48-63 cost - 1</c>.</remarks>
internal readonly record struct EntryMarks
{
    /// <summary>The greatest <see cref="Cost"/>.</summary>
    public const int MostCost = 65_536;

    private const int PriorityShift = 32;
    private const int CostShift = 48;

    private readonly ulong _word;

    public EntryMarks(uint flags, EvictionPriority priority = EvictionPriority.Normal, int cost = 1) =>
        _word = flags | ((ulong)priority << PriorityShift) | ((ulong)(cost - 1) << CostShift);

    private EntryMarks(ulong word) => _word = word;

    /// <summary>32 bits that the cache never reads.</summary>
    public uint Flags => (uint)_word;

    public EvictionPriority Priority => (EvictionPriority)(ushort)(_word >> PriorityShift);

    /// <summary>How many times as dear a miss is as one of another entry, 1 to <see cref="MostCost"/>.</summary>
    public int Cost => (int)(_word >> CostShift) + 1;

    public bool IsDefault => _word == 0;

    /// <summary>As it stands in a record.</summary>
    public ulong Word => _word;

    public static EntryMarks FromWord(ulong word) => new(word);

    /// <summary>The same with other flags.</summary>
    public EntryMarks WithFlags(uint flags) => new(flags, Priority, Cost);

    /// <summary>The same with another priority.</summary>
    public EntryMarks WithPriority(EvictionPriority priority) => new(Flags, priority, Cost);

    /// <summary>The same with another cost.</summary>
    public EntryMarks WithCost(int cost) => new(Flags, Priority, cost);
}
