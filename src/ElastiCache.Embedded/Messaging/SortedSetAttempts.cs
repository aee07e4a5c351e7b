using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Takes members from the first of some sorted sets that has any: BZPOPMIN, BZPOPMAX, BZMPOP.</summary>
internal sealed class SortedSetPopAttempt(SortedSetOperations sets, int database, byte[][] keys, bool highest, long count) : KeyAttempt
{
    /// <summary>The key that had members.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>The members.</summary>
    public List<(byte[] Member, double Score)> Members { get; } = [];

    public override bool TryRun(int keyIndex, ref JournalTicket ticket)
    {
        KeyProbe.Create(keys[keyIndex], out KeyProbe key);
        var sink = new CollectedScores(Members);
        try
        {
            if (sets.Pop(database, key, highest, count, ref sink, ref ticket) <= 0)
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
