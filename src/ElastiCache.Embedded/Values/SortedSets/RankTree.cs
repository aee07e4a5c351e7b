using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Values;

/// <summary>The order of a large sorted set: a B+tree over (score, member) that knows ranks.</summary>
/// <remarks>
/// <code>
///   inner node    n children: reference, elements below, and the first element's score and record
///   leaf          n elements: score, reference of the member's record          leaves are chained both ways
/// </code>
/// Elements are ordered by score, then by the member's bytes, which are looked at only where scores are equal. A rank is the sum of the counts
/// to the left of the path: O(log n), with three levels for a million members. An element costs twelve bytes here, at three quarters to whole fill.
/// Redis uses a skiplist with spans (Pugh 1990) for the same; a node of a B+tree keeps 41 neighbours in eight cache lines instead of one in one or two.
/// <para>The separator of a child is exactly its first element. That costs an update along the path when a first element comes or goes, and in return
/// no separator ever names a record that is gone.</para>
/// </remarks>
internal sealed unsafe class RankTree
{
    private const int MostLevels = 16;

    // Below a quarter a node looks for a neighbour to join, if both together stay below three quarters.
    private const int FewElements = RankNode.LeafSlots / 4;
    private const int FewChildren = RankNode.InnerSlots / 4;

    private readonly Arena _arena;
    private readonly RankNodes _nodes;
    private uint _root;

    public RankTree(Arena arena, BlockAllocator allocator)
    {
        _arena = arena;
        _nodes = new RankNodes(arena, allocator);
    }

    /// <summary>The number of elements.</summary>
    public int Count { get; private set; }

    /// <summary>Native bytes of the nodes.</summary>
    public long NativeBytes => _nodes.NativeBytes;

    /// <summary>Adds an element that isn't there yet. O(log n).</summary>
    public void Insert(double score, uint record)
    {
        if (_root == 0)
        {
            _root = _nodes.New(isLeaf: true);
        }

        Span<PathStep> path = stackalloc PathStep[MostLevels];
        RankNode* leaf = Descend(score, MemberOf(record), path, out int levels);
        int slot = leaf->LowerBound(_arena, score, MemberOf(record), out _);
        if (leaf->Count == RankNode.LeafSlots)
        {
            leaf = SplitLeaf(path, ref levels, leaf, ref slot);
        }

        leaf->InsertElement(slot, score, record);
        Count++;
        ChangeCounts(path[..levels], 1);
        if (slot == 0)
        {
            RenewSeparators(path[..levels], score, record);
        }
    }

    /// <summary>Removes an element that is there; its record still exists. O(log n).</summary>
    public void Remove(double score, uint record)
    {
        Span<PathStep> path = stackalloc PathStep[MostLevels];
        RankNode* leaf = Descend(score, MemberOf(record), path, out int levels);
        int slot = leaf->LowerBound(_arena, score, MemberOf(record), out bool isFound);
        if (!isFound)
        {
            throw new InvalidOperationException("An element that is not in the order was to be removed from it.");
        }

        Remove(path, levels, leaf, slot);
    }

    private void Remove(Span<PathStep> path, int levels, RankNode* leaf, int slot)
    {
        leaf->RemoveElement(slot);
        Count--;
        ChangeCounts(path[..levels], -1);
        if (leaf->Count > 0 && slot == 0)
        {
            RenewSeparators(path[..levels], leaf->Scores[0], leaf->Records[0]);
        }

        if (leaf->Count < FewElements)
        {
            Shrink(path, levels, leaf);
        }
    }

    /// <summary>Gives an element another score. O(log n), and in place if its neighbours allow it.</summary>
    public void Move(double score, uint record, double newScore)
    {
        Span<PathStep> path = stackalloc PathStep[MostLevels];
        RankNode* leaf = Descend(score, MemberOf(record), path, out int levels);
        int slot = leaf->LowerBound(_arena, score, MemberOf(record), out bool isFound);
        if (isFound && slot > 0 && slot < leaf->Count - 1 && newScore > leaf->Scores[slot - 1] && newScore < leaf->Scores[slot + 1])
        {
            leaf->Scores[slot] = newScore;
            return;
        }

        if (!isFound)
        {
            throw new InvalidOperationException("An element that is not in the order was to be moved in it.");
        }

        Remove(path, levels, leaf, slot);
        Insert(newScore, record);
    }

    /// <summary>How many elements stand before this one. O(log n).</summary>
    public int RankOf(double score, ReadOnlySpan<byte> member)
    {
        if (_root == 0)
        {
            return 0;
        }

        Span<PathStep> path = stackalloc PathStep[MostLevels];
        RankNode* leaf = Descend(score, member, path, out int levels);
        return RankAt(path[..levels]) + leaf->LowerBound(_arena, score, member, out _);
    }

    /// <summary>How many elements have a lower score, or with <paramref name="orEqual"/> at most this one. O(log n).</summary>
    public int CountBelow(double score, bool orEqual)
    {
        int rank = 0;
        uint reference = _root;
        while (reference != 0)
        {
            RankNode* node = _nodes.Fetch(reference);
            if (node->IsLeaf)
            {
                return rank + node->CountBelow(node->Scores, score, orEqual);
            }

            // The last child whose first element is below may have elements on both sides.
            int child = Math.Max(0, node->CountBelow(node->ChildScores, score, orEqual) - 1);
            rank += node->CountBefore(child);
            reference = node->Children[child];
        }

        return rank;
    }

    /// <summary>How many elements have a lower member, or with <paramref name="orEqual"/> at most this one; all scores are equal. O(log n).</summary>
    public int CountBelow(ReadOnlySpan<byte> member, bool orEqual)
    {
        int rank = 0;
        uint reference = _root;
        while (reference != 0)
        {
            RankNode* node = NodeAt(reference);
            int below = node->CountBelow(_arena, member, orEqual);
            if (node->IsLeaf)
            {
                return rank + below;
            }

            int child = Math.Max(0, below - 1);
            rank += node->CountBefore(child);
            reference = node->Children[child];
        }

        return rank;
    }

    /// <summary>The place of the element with a rank. O(log n).</summary>
    public RankPlace At(int rank)
    {
        uint reference = _root;
        while (true)
        {
            RankNode* node = _nodes.Fetch(reference);
            if (node->IsLeaf)
            {
                return new RankPlace(reference, rank);
            }

            int child = 0;
            while (rank >= (int)node->Counts[child])
            {
                rank -= (int)node->Counts[child++];
            }

            reference = node->Children[child];
        }
    }

    /// <summary>The element at a place.</summary>
    public void Get(RankPlace place, out double score, out uint record)
    {
        RankNode* leaf = NodeAt(place.Leaf);
        score = leaf->Scores[place.Slot];
        record = leaf->Records[place.Slot];
    }

    /// <summary>Moves to the next element.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Next(ref RankPlace place)
    {
        RankNode* leaf = NodeAt(place.Leaf);
        place = place.Slot + 1 < leaf->Count ? new RankPlace(place.Leaf, place.Slot + 1) : new RankPlace(leaf->Next, 0);
        return place.Leaf != 0;
    }

    /// <summary>Moves to the element before.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Previous(ref RankPlace place)
    {
        if (place.Slot > 0)
        {
            place = new RankPlace(place.Leaf, place.Slot - 1);
            return true;
        }

        uint previous = NodeAt(place.Leaf)->Previous;
        place = new RankPlace(previous, previous == 0 ? 0 : NodeAt(previous)->Count - 1);
        return previous != 0;
    }

    /// <summary>Frees nodes, about as many as hold so many elements. The tree is not used any more.</summary>
    /// <returns>Whether there is more to free.</returns>
    public bool FreeSlice(int elements) => _nodes.FreeSlice(_root, elements);

    /// <summary>Asks the processor for the record of the element at a place, for a walk that will come there.</summary>
    public void PrefetchRecord(RankPlace place)
    {
        if (System.Runtime.Intrinsics.X86.Sse.IsSupported)
        {
            System.Runtime.Intrinsics.X86.Sse.Prefetch0(_arena.At(NodeAt(place.Leaf)->Records[place.Slot]));
        }
    }

    private RankNode* Descend(double score, ReadOnlySpan<byte> member, Span<PathStep> path, out int levels)
    {
        levels = 0;
        uint reference = _root;
        while (true)
        {
            RankNode* node = _nodes.Fetch(reference);
            if (node->IsLeaf)
            {
                return node;
            }

            int child = node->ChildFor(_arena, score, member);
            path[levels++] = new PathStep { Node = reference, Child = child };
            reference = node->Children[child];
        }
    }

    private int RankAt(ReadOnlySpan<PathStep> path)
    {
        int rank = 0;
        foreach (PathStep step in path)
        {
            rank += NodeAt(step.Node)->CountBefore(step.Child);
        }

        return rank;
    }

    private void ChangeCounts(ReadOnlySpan<PathStep> path, int change)
    {
        foreach (PathStep step in path)
        {
            NodeAt(step.Node)->Counts[step.Child] = (uint)(NodeAt(step.Node)->Counts[step.Child] + change);
        }
    }

    // A new first element of a leaf is the separator of every node on the path up to the first that is not the leftmost child.
    private void RenewSeparators(ReadOnlySpan<PathStep> path, double score, uint record)
    {
        for (int level = path.Length - 1; level >= 0; level--)
        {
            RankNode* node = NodeAt(path[level].Node);
            node->ChildScores[path[level].Child] = score;
            node->ChildRecords[path[level].Child] = record;
            if (path[level].Child != 0)
            {
                return;
            }
        }
    }

    // Splits a full leaf in the middle, or, for an element that goes to the very end, into a full one and an empty one: members that come in order fill
    // their leaves. Path and slot then lead to where the element goes.
    private RankNode* SplitLeaf(Span<PathStep> path, ref int levels, RankNode* leaf, ref int slot)
    {
        bool isLast = slot == leaf->Count && leaf->Next == 0;
        int kept = isLast ? leaf->Count : leaf->Count / 2;
        uint leafReference = _arena.ReferenceOf((byte*)leaf);
        uint newReference = _nodes.New(isLeaf: true);
        RankNode* added = NodeAt(newReference);
        added->TakeElements(leaf, kept);
        added->Next = leaf->Next;
        added->Previous = leafReference;
        if (leaf->Next != 0)
        {
            NodeAt(leaf->Next)->Previous = newReference;
        }

        leaf->Next = newReference;
        bool goesRight = slot >= kept && (isLast || slot > kept);
        slot -= goesRight ? kept : 0;

        // An empty new leaf has no first element yet; the one that is about to come becomes its separator.
        AddChild(path, ref levels, leafReference, newReference, goesRight);
        for (int level = levels - 1; level >= 0; level--)
        {
            RankNode* parent = NodeAt(path[level].Node);
            parent->Counts[path[level].Child] = NodeAt(parent->Children[path[level].Child])->Elements();
        }

        return goesRight ? added : leaf;
    }

    // Puts a new node behind its left sibling into their parent, and lets the path lead to one of both.
    private void AddChild(Span<PathStep> path, ref int levels, uint left, uint right, bool goesRight)
    {
        int level = levels - 1;
        if (level < 0)
        {
            uint root = _nodes.New(isLeaf: false);
            NodeAt(root)->InsertChild(0, left, NodeAt(left));
            for (int i = levels; i > 0; i--)
            {
                path[i] = path[i - 1];
            }

            path[0] = new PathStep { Node = root, Child = 0 };
            levels++;
            _root = root;
            level = 0;
        }

        AddChildAt(path, ref levels, level, left, right, goesRight);
    }

    private void AddChildAt(Span<PathStep> path, ref int levels, int level, uint left, uint right, bool goesRight)
    {
        RankNode* parent = NodeAt(path[level].Node);
        int child = path[level].Child;
        parent->Counts[child] = NodeAt(left)->Elements();
        if (parent->Count == RankNode.InnerSlots)
        {
            SplitInner(path, ref levels, ref level);
            parent = NodeAt(path[level].Node);
            child = path[level].Child;
        }

        parent->InsertChild(child + 1, right, NodeAt(right));
        path[level] = new PathStep { Node = path[level].Node, Child = goesRight ? child + 1 : child };
    }

    // Splits a full inner node; the path leads to the part in which its child is.
    private void SplitInner(Span<PathStep> path, ref int levels, ref int level)
    {
        int child = path[level].Child;
        uint nodeReference = path[level].Node;
        RankNode* node = NodeAt(nodeReference);
        int kept = child == node->Count - 1 ? node->Count - 1 : node->Count / 2;
        uint newReference = _nodes.New(isLeaf: false);
        RankNode* added = NodeAt(newReference);
        added->TakeChildren(node, kept);
        bool isRight = child >= kept;
        if (level == 0)
        {
            uint root = _nodes.New(isLeaf: false);
            NodeAt(root)->InsertChild(0, nodeReference, node);
            for (int i = levels; i > 0; i--)
            {
                path[i] = path[i - 1];
            }

            path[0] = new PathStep { Node = root, Child = 0 };
            levels++;
            level++;
            _root = root;
        }

        int before = levels;
        int above = level - 1;
        AddChildAt(path, ref levels, above, nodeReference, newReference, isRight);
        level += levels - before;
        path[level] = new PathStep { Node = isRight ? newReference : nodeReference, Child = isRight ? child - kept : child };
    }

    private void Shrink(Span<PathStep> path, int levels, RankNode* node)
    {
        uint reference = _arena.ReferenceOf((byte*)node);
        for (int level = levels - 1; level >= 0; level--)
        {
            RankNode* parent = NodeAt(path[level].Node);
            int child = path[level].Child;
            if (NodeAt(reference)->Count == 0)
            {
                Unchain(reference);
                parent->RemoveChild(child);
                _nodes.Free(reference);
                if (child == 0 && parent->Count > 0)
                {
                    RenewSeparators(path[..level], parent->ChildScores[0], parent->ChildRecords[0]);
                }
            }
            else
            {
                Join(parent, child);
            }

            reference = path[level].Node;
            if (parent->Count >= FewChildren)
            {
                return;
            }
        }

        // A root with one child, or none, is one level too many.
        while (!NodeAt(_root)->IsLeaf && NodeAt(_root)->Count == 1)
        {
            uint old = _root;
            _root = NodeAt(old)->Children[0];
            _nodes.Free(old);
        }

        if (NodeAt(_root)->Count == 0)
        {
            _nodes.Free(_root);
            _root = 0;
        }
    }

    // Joins a child with a neighbour if both fit well into one node.
    private void Join(RankNode* parent, int child)
    {
        int left = child > 0 ? child - 1 : child;
        if (left + 1 >= parent->Count)
        {
            return;
        }

        RankNode* first = NodeAt(parent->Children[left]);
        RankNode* second = NodeAt(parent->Children[left + 1]);
        int slots = first->IsLeaf ? RankNode.LeafSlots : RankNode.InnerSlots;
        if (first->Count + second->Count > slots * 3 / 4)
        {
            return;
        }

        uint secondReference = parent->Children[left + 1];
        first->Append(second);
        Unchain(secondReference);
        parent->Counts[left] += parent->Counts[left + 1];
        parent->RemoveChild(left + 1);
        _nodes.Free(secondReference);
    }

    private void Unchain(uint reference)
    {
        RankNode* node = NodeAt(reference);
        if (!node->IsLeaf)
        {
            return;
        }

        if (node->Previous != 0)
        {
            NodeAt(node->Previous)->Next = node->Next;
        }

        if (node->Next != 0)
        {
            NodeAt(node->Next)->Previous = node->Previous;
        }
    }

    private ReadOnlySpan<byte> MemberOf(uint record) => RankNode.MemberOf(_arena, record);

    private RankNode* NodeAt(uint reference) => _nodes.At(reference);

    private struct PathStep
    {
        public uint Node;
        public int Child;
    }
}
