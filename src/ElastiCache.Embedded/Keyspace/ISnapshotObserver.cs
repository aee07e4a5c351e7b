namespace ElastiCache.Embedded.Keyspace;

/// <summary>Receives the entries of a snapshot, each exactly as it was when the snapshot began.</summary>
/// <remarks>
/// A snapshot begins by flipping the parity of every shard (<see cref="Store.BeginSnapshot"/>): records that exist then bear the old
/// parity and belong to it, records written later bear the new one and don't. A walk visits all entries slice by slice; a
/// writer that is about to change, remove or evict an entry with the old parity hands it over first. Either way an
/// entry is handed over once, because its parity is then the new one.
/// </remarks>
internal interface ISnapshotObserver
{
    /// <summary>Takes one entry. The shard is locked: copy it and return.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="database">Its database when the snapshot began.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="kind">What it holds.</param>
    /// <param name="extras">Deadline and so on.</param>
    /// <param name="collection">
    /// The elements, if the value only refers to them: to be read in slices, with the shard locked for each, and given back by
    /// <see cref="CollectionRegistry.EndSnapshot"/>. Null if the value holds all.
    /// </param>
    /// <param name="use">How it was used, where that is tracked and the policy goes by it.</param>
    /// <exception cref="OutOfMemoryException">There is no memory for it. It is not taken, and <see cref="Fail"/> follows.</exception>
    void HandOver(
        int shard, int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, CollectionSnapshot? collection, KnownUse use);

    /// <summary>Says that an entry's old state is lost, for want of memory: the snapshot must not be used. The shard is locked. More may follow.</summary>
    void Fail(Exception cause);
}
