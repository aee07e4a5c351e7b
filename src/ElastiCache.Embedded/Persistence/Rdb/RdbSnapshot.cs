using System.Buffers;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence.Rdb;

/// <summary>Says whether a key is wanted.</summary>
internal delegate bool KeyFilter(ReadOnlySpan<byte> key);

/// <summary>Writes the whole store, as it is at one moment, into an RDB file, while everybody goes on reading and writing.</summary>
/// <remarks>
/// <code>
///   all shards at once:   the moment                                                     (see <see cref="ISnapshotObserver"/>)
///   shard by shard:       lock, encode some entries, unlock, write them to the file
///   a writer who comes first encodes the old entry into its shard's buffer; large collections follow slice by slice
/// </code>
/// A lock is held for some sixteen kilobytes at a time. What writers hand over waits in memory until the next turn, which comes after every slice.
/// </remarks>
internal sealed class RdbSnapshot : ISnapshotObserver
{
    private const int BytesALock = 16 * 1024;
    private const int ElementsALock = 500;
    private const int BytesThatWait = 256 * 1024;
    private const int NoDatabase = -1;

    private readonly Store _store;
    private readonly KeyFilter? _wants;
    private RdbFileWriter? _file;
    private readonly Part[] _parts;
    private readonly long _now;
    private byte[] _scratch = [];
    private bool _discards;

    private RdbSnapshot(Store store, KeyFilter? wants)
    {
        _store = store;
        _wants = wants;
        _now = store.Clock.UnixMilliseconds;
        _parts = new Part[store.ShardCount];
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i] = new Part();
        }
    }

    /// <summary>Fixes the moment. One snapshot of a store at a time: see <see cref="Store.SnapshotTurn"/>.</summary>
    /// <param name="store">The store.</param>
    /// <param name="atMoment">Called while all shards are locked.</param>
    /// <param name="wants">Which keys; null for all.</param>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public static RdbSnapshot Begin(Store store, Action? atMoment = null, KeyFilter? wants = null)
    {
        var snapshot = new RdbSnapshot(store, wants);
        store.BeginSnapshot(snapshot, atMoment);
        return snapshot;
    }

    /// <summary>Writes the state of the moment and finishes the file, or gives the snapshot up.</summary>
    /// <returns>The number of entries written.</returns>
    /// <exception cref="IOException">The file can't be written. The store is as it was.</exception>
    public long Write(RdbFileWriter file, CancellationToken cancellationToken = default)
    {
        _file = file;
        try
        {
            WriteShards(cancellationToken);
        }
        catch
        {
            Discard();
            throw;
        }

        file.Finish();
        return _parts.Sum(part => part.Written);
    }

    /// <summary>Gives the snapshot up. O(n): every entry must have been seen, or the next snapshot would miss some.</summary>
    public void Discard()
    {
        _discards = true;
        WriteShards(CancellationToken.None);
    }

    /// <inheritdoc/>
    public void HandOver(
        int shard, int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, CollectionSnapshot? collection)
    {
        Part part = _parts[shard];
        bool isWanted = extras.Deadline > _now && (_wants == null || _wants(key));
        if (collection != null)
        {
            part.Large.Enqueue(new LargeEntry(database, isWanted ? key.ToArray() : null, extras.Deadline, kind, collection));
        }
        else if (!_discards && isWanted)
        {
            if (extras.Flags != 0)
            {
                RdbNote.WriteFlags(part.Entries, extras.Flags);
            }

            WriteHead(part, database, key, extras.Deadline, RdbValueWriter.TypeOf(kind, value));
            RdbValueWriter.Write(new RdbWriter(part.Entries, compresses: true), kind, value, shell: null);
            part.Written++;
        }
    }

    private void WriteShards(CancellationToken cancellationToken)
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            Shard shard = _store.ShardAt(i);
            for (int database = 0; database < _store.DatabaseCount; database++)
            {
                uint position = 0;
                do
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Enter(shard);
                    try
                    {
                        do
                        {
                            position = shard.Snapshot.HandOverSlice(database, position);
                        }
                        while (position != 0 && _parts[i].Entries.WrittenCount < BytesALock && _parts[i].Large.Count == 0);
                    }
                    finally
                    {
                        // Encoding needs memory, and there may be none: whoever gives the snapshot up then takes this lock again.
                        shard.Exit();
                    }

                    Drain(i);
                    DrainFull();
                }
                while (position != 0);
            }

            // From here on writers of this shard hand over nothing more; what they did until now is drained.
            Enter(shard);
            shard.Snapshot.Set(null);
            shard.Exit();
            Drain(i);
        }
    }

    private void Enter(Shard shard)
    {
        shard.Enter();
        if (_store.IsDisposed)
        {
            shard.Exit();
            _store.ThrowIfDisposed();
        }
    }

    // Other shards' writers may be busy: their entries must not pile up until it is their turn.
    private void DrainFull()
    {
        for (int i = 0; i < _parts.Length; i++)
        {
            if (_parts[i].Entries.WrittenCount > BytesThatWait)
            {
                Drain(i);
            }
        }
    }

    private void Drain(int index)
    {
        Part part = _parts[index];
        Shard shard = _store.ShardAt(index);
        while (true)
        {
            LargeEntry? large;
            ReadOnlySpan<byte> entries;
            Enter(shard);
            try
            {
                entries = Take(part);
                part.Large.TryDequeue(out large);
            }
            finally
            {
                shard.Exit();
            }

            Output(entries);
            if (large == null)
            {
                return;
            }

            WriteLarge(part, shard, large);
        }
    }

    // Slices must follow one another in the file, so they are gathered apart from what writers hand over meanwhile.
    private void WriteLarge(Part part, Shard shard, LargeEntry entry)
    {
        bool isWanted = !_discards && entry.Key != null;
        var value = new RdbCollectionWriter(entry.Kind, entry.Snapshot, _now);
        (Part output, Part body) = (new Part(), new Part());
        if (!value.IsGathered)
        {
            WriteHead(output, entry.Database, entry.Key, entry.Deadline, value.Type);
        }

        try
        {
            while (isWanted && !value.IsDone)
            {
                Enter(shard);
                try
                {
                    value.WriteSlice(body.Entries, ElementsALock);
                }
                finally
                {
                    shard.Exit();
                }

                if (value.DeadlineBytes >= (value.IsDone ? 1 : RdbNote.MostBytes))
                {
                    RdbNote.Write(output.Entries, RdbNote.FieldDeadlines, value.TakeDeadlines());
                }

                if (value.IsGathered && value.IsDone && !value.IsEmpty)
                {
                    WriteHead(output, entry.Database, entry.Key, entry.Deadline, value.Type);
                }

                Output(output);
                Output(body);
            }

            part.Written += isWanted && !value.IsEmpty ? 1 : 0;
        }
        finally
        {
            shard.Enter();
            if (!_store.IsDisposed)
            {
                shard.Collections.EndSnapshot(entry.Snapshot.Owner);
            }

            shard.Exit();
        }
    }

    private static void WriteHead(Part part, int database, ReadOnlySpan<byte> key, long deadline, RdbType type)
    {
        var writer = new RdbWriter(part.Entries, compresses: true);
        if (database != part.Database)
        {
            writer.Byte(RdbOpcode.Database);
            writer.Number((ulong)database);
            part.Database = database;
        }

        if (deadline != Record.NoExpiry)
        {
            writer.Byte(RdbOpcode.DeadlineMs);
            writer.Time(deadline);
        }

        writer.Byte((byte)type);
        writer.String(key);
    }

    // A copy, for the file is written without the lock. What is taken may stand behind anything in the file, so it names its database again.
    private ReadOnlySpan<byte> Take(Part part)
    {
        ReadOnlySpan<byte> written = part.Entries.WrittenSpan;
        if (_scratch.Length < written.Length)
        {
            _scratch = new byte[Math.Max(written.Length, 2 * _scratch.Length)];
        }

        written.CopyTo(_scratch);
        int length = written.Length;
        part.Entries.ResetWrittenCount();
        part.Database = NoDatabase;
        return _scratch.AsSpan(0, length);
    }

    private void Output(Part part)
    {
        Output(part.Entries.WrittenSpan);
        part.Entries.ResetWrittenCount();
    }

    private void Output(ReadOnlySpan<byte> entries)
    {
        if (!_discards && entries.Length > 0)
        {
            _file!.Write(entries);
        }
    }

    // Without a key if it is not wanted: its snapshot must be ended all the same.
    private sealed record LargeEntry(int Database, byte[]? Key, long Deadline, ValueKind Kind, CollectionSnapshot Snapshot);

    // What a shard has handed over and is not in the file yet. Guarded by the shard's lock.
    private sealed class Part
    {
        public ArrayBufferWriter<byte> Entries { get; } = new();

        public Queue<LargeEntry> Large { get; } = new();

        public int Database { get; set; } = NoDatabase;

        public long Written { get; set; }
    }
}
