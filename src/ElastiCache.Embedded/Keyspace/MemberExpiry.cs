namespace ElastiCache.Embedded.Keyspace;

/// <summary>Removes from one shard's collections the elements whose time has come: the fields of hashes. Guarded by the shard's lock.</summary>
/// <remarks>
/// <code>
///   wheel: node (slot hash of the key, database, mark)  ──►  entry  ──►  shell: ArmedFor, ArmedMark
///                                                                         └──►  its own order of deadlines: NextDue, TryFindDue
/// </code>
/// A collection has one node, for its first deadline, by the same rules as an entry has in <see cref="ShardExpiry"/>; the mark is kept in the
/// shell. What a node finds is removed in slices of <see cref="RemovedAVisit"/>, and the node is armed again for what is left.
/// Readers don't rely on any of it: to them an element is gone at its deadline.
/// </remarks>
internal sealed unsafe class MemberExpiry(Shard shard, Store store)
{
    /// <summary>The most elements that one visit removes: some 0.2 ms.</summary>
    public const int RemovedAVisit = 1024;

    private const int NodesASweep = 64;
    private const int NodesOverdue = 1024;
    private const int NodesCleaned = 64;

    private ExpiryWheel<ShardExpiry.WheelMemory>? _wheel;

    /// <summary>Native bytes of the wheel.</summary>
    public long WheelBytes => _wheel?.Bytes ?? 0;

    /// <summary>Schedules a collection whose first deadline may have become sooner.</summary>
    public void Arm(int database, uint keyHash, Collection shell)
    {
        long due = shell.NextDue;
        if (due == Record.NoExpiry)
        {
            return;
        }

        _wheel ??= new ExpiryWheel<ShardExpiry.WheelMemory>(new ShardExpiry.WheelMemory(shard.Arena, shard.Allocator), store.Clock.UnixMilliseconds);
        if (shell.ArmedFor == Record.NoExpiry || _wheel.IsSooner(due, shell.ArmedFor))
        {
            shard.Collections.SetArmed(shell, due, _wheel.Add(keyHash, database, due));
            Tidy();
        }
    }

    /// <summary>Schedules a collection that has come under another key or into another database.</summary>
    public void ArmAnew(int database, uint keyHash, Collection shell)
    {
        shard.Collections.SetArmed(shell, Record.NoExpiry);
        Arm(database, keyHash, shell);
    }

    /// <summary>Removes elements of an entry whose time has come, with an HDEL each in the log; the entry itself with the last of them.</summary>
    /// <param name="database">The entry's database.</param>
    /// <param name="entry">The entry, which has a shell.</param>
    /// <param name="most">How many at most.</param>
    /// <returns>Whether the entry is still there.</returns>
    public bool RemoveDue(int database, in Entry entry, int most = RemovedAVisit)
    {
        long now = store.Clock.UnixMilliseconds;
        Collection shell = shard.ShellOf(entry)!;
        if (store.IsLoading || !shell.TryFindDue(now, out Member due))
        {
            return true;
        }

        shard.BeginChange(database, entry);
        do
        {
            shard.Effects?.Begin(database, 3).Argument("HDEL"u8).Argument(entry.Key).Argument(due.Name);
            shell.RemoveDue(due);
        }
        while (--most > 0 && shell.TryFindDue(now, out due));

        if (shard.Block == null && shard.Effects != null)
        {
            store.Journal!.Complete(shard.Index);
        }

        Raise(KeyEventClass.Hash, "hexpired"u8, database, entry);
        if (shell.Count > 0)
        {
            return true;
        }

        Raise(KeyEventClass.Generic, "del"u8, database, entry);
        shard.Remove(database, entry);
        return false;
    }

    /// <summary>Removes what is due, in bounded work.</summary>
    /// <returns>Whether more is waiting.</returns>
    public bool Sweep(long now)
    {
        if (_wheel == null)
        {
            return false;
        }

        var sink = new DueCollections(this, shard);
        bool more = _wheel.Advance(now, NodesASweep, ref sink);
        Tidy();
        return more;
    }

    /// <summary>Exchanges two databases.</summary>
    public void SwapDatabases(int a, int b) => _wheel?.SwapDatabases(a, b);

    /// <summary>Forgets everything; the arena is being discarded.</summary>
    public void Reset() => _wheel = null;

    private void Raise(KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, in Entry entry)
    {
        if (store.Events is { } events && (events.Classes & eventClass) != 0)
        {
            events.Raise(eventClass, name, database, entry.Key);
        }
    }

    private void Tidy()
    {
        if (_wheel!.Nodes > (2 * shard.Collections.Armed) + NodesOverdue)
        {
            var cleaner = new KeepsArmed(shard);
            _wheel.Clean(NodesCleaned, ref cleaner);
        }
    }

    private static bool TryFind(Shard shard, uint hash, int database, byte mark, out Entry entry)
    {
        var armed = new BearsMark(shard, mark);
        if (shard.TableOf(database) is { } table && table.TryFind(hash, ref armed, out SlotPosition position))
        {
            entry = new Entry(shard.Arena, position);
            return true;
        }

        entry = default;
        return false;
    }

    private readonly struct DueCollections(MemberExpiry expiry, Shard shard) : IExpirySink
    {
        public void Due(uint hash, int database, byte mark)
        {
            if (!TryFind(shard, hash, database, mark, out Entry entry))
            {
                return;
            }

            Collection shell = shard.ShellOf(entry)!;
            shard.Collections.SetArmed(shell, Record.NoExpiry);
            if (expiry.RemoveDue(database, entry))
            {
                expiry.Arm(database, hash, shell);
            }
        }
    }

    private readonly struct KeepsArmed(Shard shard) : IExpiryCleaner
    {
        public bool Keep(uint hash, int database, byte mark) => TryFind(shard, hash, database, mark, out _);
    }

    private readonly struct BearsMark(Shard shard, byte mark) : IRecordFilter
    {
        public bool Accepts(byte* record)
        {
            ulong header = Record.HeaderOf(record);
            if (Record.KindOf(header) != ValueKind.Hash)
            {
                return false;
            }

            Record.Measure(record, header, out byte* key, out int keyLength, out int valueLength);
            var value = new ReadOnlySpan<byte>(key + keyLength, valueLength);
            return CollectionForm.IsShell(ValueKind.Hash, value) &&
                shard.Collections[CollectionForm.NumberOf(value)] is { ArmedFor: not Record.NoExpiry } shell && shell.ArmedMark == mark;
        }
    }
}
