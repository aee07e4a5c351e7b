using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>Picks a slot among those with an equal hash.</summary>
internal interface ISlotFilter
{
    bool Accepts(in SlotPosition position);
}

/// <summary>The slot that refers to a certain record.</summary>
internal readonly struct RefersTo(uint reference) : ISlotFilter
{
    public bool Accepts(in SlotPosition position) => position.Reference == reference;
}

/// <summary>The slot whose entry is in an evictor's queues with a certain tag.</summary>
internal readonly struct BearsTag(uint tag) : ISlotFilter
{
    public bool Accepts(in SlotPosition position) => EntryAccess.TagOf(position) == tag;
}

/// <summary>The slot whose record is accepted.</summary>
internal readonly unsafe ref struct RecordPasses<TFilter> : ISlotFilter
    where TFilter : struct, IRecordFilter
{
    private readonly Arena _arena;
    private readonly ref TFilter _filter;

    public RecordPasses(Arena arena, ref TFilter filter)
    {
        _arena = arena;
        _filter = ref filter;
    }

    public bool Accepts(in SlotPosition position) => _filter.Accepts(_arena.At(position.Reference));
}
