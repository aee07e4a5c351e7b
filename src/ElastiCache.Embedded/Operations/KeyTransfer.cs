using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>Brings an entry under another key or into another database, for RENAME, COPY and MOVE. Both shards are locked.</summary>
/// <remarks>
/// The record is copied as bytes, so this works for every kind; deadline, flags, priority and the mark "edited" come along, and, where the source goes, how it was used. A large collection is more than its
/// record: it changes hands where source and copy lie in one shard and the source goes, and is copied element by element otherwise. A version
/// does not: whoever holds one of either key must see that the entry is another now, so if one of them had a version
/// the copy gets a new one of its shard.
/// <para>
/// Where both keys lie in one shard, two things can happen on the way. Making room may evict: the source is spared, and the
/// entry to be replaced is looked for again. Adding to the table may move entries: the source is looked for again before it is removed.
/// </para>
/// </remarks>
internal readonly ref struct KeyTransfer(Store store, Shard from, int fromDatabase, Shard to, int toDatabase)
{
    /// <summary>Writes the copy and makes it visible. Entries found before are void.</summary>
    /// <param name="source">What to copy.</param>
    /// <param name="replaced">What bears the new key, or none.</param>
    /// <param name="destination">The new key.</param>
    /// <param name="sourceGoes">Whether <see cref="RemoveSource"/> follows.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public void Copy(in Entry source, in Entry replaced, in KeyProbe destination, bool sourceGoes)
    {
        RecordExtras old = source.Extras;
        bool hasVersion = old.Version != 0 || (replaced.Exists && replaced.Version != 0);
        var extras = new RecordExtras
        {
            Deadline = old.Deadline,
            Marks = old.Marks,
            Edited = old.Edited,
            Version = hasVersion ? to.NextVersion() : 0,
        };
        bool oneShard = ReferenceEquals(from, to);
        KnownUse use = sourceGoes ? from.Tracker?.UseOf(fromDatabase, source.Position.Hash) ?? default : default;
        Collection? copy = CopyShell(source, oneShard && sourceGoes, destination);
        PendingRecord pending = to.Prepare(oneShard ? source : replaced, source.Kind, destination, source.ValueLength, extras);
        source.Value.CopyTo(pending.Value);
        if (copy != null)
        {
            CollectionForm.WriteShell(pending.Value, to.Collections.Add(copy));
        }

        Collection? shell = copy ?? (oneShard && sourceGoes ? from.ShellOf(source) : null);
        Entry target = oneShard ? Find(to, toDatabase, destination) : replaced;
        to.PublishOver(toDatabase, target, destination, pending);
        to.Tracker?.Begin(toDatabase, destination.SlotHash, use);
        if (shell != null)
        {
            to.MemberExpiry.ArmAnew(toDatabase, destination.SlotHash, shell);
        }
    }

    /// <summary>Removes what was copied with <c>sourceGoes</c>.</summary>
    public void RemoveSource(in KeyProbe source) =>
        from.Remove(fromDatabase, Find(from, fromDatabase, source), keepsShell: ReferenceEquals(from, to));

    private Collection? CopyShell(in Entry source, bool changesHands, in KeyProbe destination)
    {
        if (changesHands || from.ShellOf(source) is not { } shell)
        {
            return null;
        }

        to.Room.Ensure(shell.NativeBytes, destination, source);
        return shell.CopyTo(to);
    }

    // Not Shard.TryFind: that would remove, and log, an entry whose time came since the operation began.
    private Entry Find(Shard shard, int database, in KeyProbe key) =>
        shard.TableOf(database) is { } table && table.TryFind(key, out SlotPosition position) ? new Entry(store.Arena, position) : default;
}
