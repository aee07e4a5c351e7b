using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Takes elements from the first of some lists that has any: BLPOP, BRPOP, BLMPOP.</summary>
internal sealed class ListPopAttempt(ListOperations lists, int database, byte[][] keys, bool fromHead, long count) : KeyAttempt
{
    /// <summary>The key that had elements.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>The elements.</summary>
    public List<byte[]> Elements { get; } = [];

    public override bool TryRun(int keyIndex, ref JournalTicket ticket)
    {
        KeyProbe.Create(keys[keyIndex], out KeyProbe key);
        var sink = new CollectedElements(Elements);
        try
        {
            if (lists.Pop(database, key, fromHead, count, ref sink, ref ticket) <= 0)
            {
                return false;
            }
        }
        catch (WrongTypeException) when (IsRetry)
        {
            return false;
        }

        Key = keys[keyIndex];
        return true;
    }
}

/// <summary>Moves an element from one list to another as soon as there is one: BLMOVE, BRPOPLPUSH.</summary>
internal sealed class ListMoveAttempt(ListOperations lists, int database, byte[] source, byte[] destination, bool fromHead, bool toHead) : KeyAttempt
{
    private readonly List<byte[]> _elements = [];

    /// <summary>The element.</summary>
    public byte[] Element => _elements[0];

    public override bool TryRun(int keyIndex, ref JournalTicket ticket)
    {
        KeyProbe.Create(source, out KeyProbe from);
        KeyProbe.Create(destination, out KeyProbe to);
        var sink = new CollectedElements(_elements);
        try
        {
            return lists.Move(database, from, to, fromHead, toHead, ref sink, ref ticket);
        }
        catch (WrongTypeException e) when (IsRetry && e.ActualType != "list" && !IsDestination(e))
        {
            return false;
        }
    }

    private bool IsDestination(WrongTypeException e) => e.Key == Errors.KeyText.Of(destination);
}

/// <summary>Keeps copies of elements.</summary>
internal readonly struct CollectedElements(List<byte[]> elements) : IElementSink
{
    public void Take(scoped ReadOnlySpan<byte> element) => elements.Add(element.ToArray());
}
