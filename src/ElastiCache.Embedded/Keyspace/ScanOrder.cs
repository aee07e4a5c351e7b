using System.Buffers.Binary;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>The order of a scan: that of the slot hashes read backwards.</summary>
internal static class ScanOrder
{
    /// <summary>A number's bits in the opposite order.</summary>
    public static uint Reverse(uint value)
    {
        value = ((value >> 1) & 0x5555_5555) | ((value & 0x5555_5555) << 1);
        value = ((value >> 2) & 0x3333_3333) | ((value & 0x3333_3333) << 2);
        value = ((value >> 4) & 0x0F0F_0F0F) | ((value & 0x0F0F_0F0F) << 4);
        return BinaryPrimitives.ReverseEndianness(value);
    }
}

/// <summary>Takes the slots of a walk.</summary>
internal interface ISlotVisitor
{
    void Visit(in SlotPosition position);
}

/// <summary>What of a slot a visitor is shown.</summary>
internal interface IShown<TVisitor>
    where TVisitor : allows ref struct
{
    static abstract void Show(Memory.Arena arena, in SlotPosition position, ref TVisitor visitor);
}

/// <summary>The record.</summary>
internal readonly unsafe struct ShowsRecord<TVisitor> : IShown<TVisitor>
    where TVisitor : struct, IRecordVisitor, allows ref struct
{
    public static void Show(Memory.Arena arena, in SlotPosition position, ref TVisitor visitor) => visitor.Visit(arena.At(position.Reference));
}

/// <summary>The slot itself.</summary>
internal readonly struct ShowsSlot<TVisitor> : IShown<TVisitor>
    where TVisitor : struct, ISlotVisitor, allows ref struct
{
    public static void Show(Memory.Arena arena, in SlotPosition position, ref TVisitor visitor) => visitor.Visit(position);
}
