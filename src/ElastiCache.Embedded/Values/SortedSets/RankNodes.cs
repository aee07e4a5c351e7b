using System.Runtime.Intrinsics.X86;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>The memory of a tree's nodes.</summary>
internal sealed unsafe class RankNodes(Arena arena, BlockAllocator allocator)
{
    private Stack<uint>? _toFree;

    /// <summary>Native bytes of all nodes.</summary>
    public long NativeBytes { get; private set; }

    public RankNode* At(uint reference) => (RankNode*)arena.At(reference);

    /// <summary>A node that is about to be searched.</summary>
    /// <remarks>
    /// A search in a node reads three or four of its cache lines one after the other; asked for together they cost one wait for memory. Benchmark: compare,
    /// "collection-zrank-1m", "collection-zadd-1m".
    /// </remarks>
    public RankNode* Fetch(uint reference)
    {
        RankNode* node = At(reference);
        if (Sse.IsSupported)
        {
            for (int line = 0; line < RankNode.Bytes; line += Bucket.Bytes)
            {
                Sse.Prefetch0((byte*)node + line);
            }
        }

        return node;
    }

    public uint New(bool isLeaf)
    {
        byte* block = allocator.AllocateFixed(RankNode.Bytes);
        NativeBytes += allocator.CapacityOf(block);
        ((RankNode*)block)->Clear(isLeaf);
        return arena.ReferenceOf(block);
    }

    public void Free(uint reference)
    {
        byte* block = arena.At(reference);
        NativeBytes -= allocator.CapacityOf(block);
        allocator.Free(block);
    }

    /// <summary>Frees nodes of a tree that is not used any more, about as many as hold so many elements.</summary>
    /// <returns>Whether there is more to free.</returns>
    public bool FreeSlice(uint root, int elements)
    {
        if (_toFree == null)
        {
            _toFree = new Stack<uint>();
            if (root != 0)
            {
                _toFree.Push(root);
            }
        }

        while (elements > 0 && _toFree.TryPop(out uint reference))
        {
            RankNode* node = At(reference);
            for (int i = 0; !node->IsLeaf && i < node->Count; i++)
            {
                _toFree.Push(node->Children[i]);
            }

            elements -= RankNode.LeafSlots;
            Free(reference);
        }

        return _toFree.Count > 0;
    }
}
