using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence.Rdb;

namespace ElastiCache.Embedded.Persistence;

/// <summary>A store's snapshots, for the rewrite of its log.</summary>
internal sealed class StoreRewriteSource(Store store) : IRewriteSource
{
    public IStoreMoment? TryBegin(Action atMoment)
    {
        if (!store.SnapshotTurn.TryTake())
        {
            return null;
        }

        try
        {
            return new Moment(store, RdbSnapshot.Begin(store, atMoment));
        }
        catch
        {
            store.SnapshotTurn.Give();
            throw;
        }
    }

    private sealed class Moment(Store store, RdbSnapshot snapshot) : IStoreMoment
    {
        public long Write(RdbFileWriter file, CancellationToken cancellationToken)
        {
            try
            {
                return snapshot.Write(file, cancellationToken);
            }
            finally
            {
                store.SnapshotTurn.Give();
            }
        }

        public void Discard()
        {
            try
            {
                snapshot.Discard();
            }
            finally
            {
                store.SnapshotTurn.Give();
            }
        }
    }
}
