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
///   shard by shard:       lock, copy some entries, unlock, encode them into the file
///   a writer who comes first copies the old entry into its shard's buffer; large collections follow slice by slice
/// </code>
/// A lock is held for some sixteen kilobytes at a time. What writers hand over waits in memory until the next turn, which comes after every slice.
/// </remarks>
internal sealed class RdbSnapshot : ISnapshotObserver
{
    private const int BytesALock = 16 * 1024;
    private const int ElementsALock = 500;
    private const int BytesThatWait = 64 * 1024;
    private const int NoDatabase = -1;

    private readonly Store _store;
    private readonly KeyFilter? _wants;
    private RdbFileWriter? _file;
    private readonly Part[] _parts;
    private readonly long _now;
    private HandedOver _taken = new();
    private int _database = NoDatabase;     // the last that the file names
    private volatile bool _discards;
    private volatile Exception? _failure;

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
    /// <exception cref="InsufficientMemoryException">There was no memory for the old state of an entry that was changed meanwhile. The store is as it was.</exception>
    public long Write(RdbFileWriter file, CancellationToken cancellationToken = default)
    {
        _file = file;
        try
        {
            WriteSizes();
            WriteShards(cancellationToken);
            ThrowIfFailed();
        }
        catch
        {
            file.Dispose();
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
        int shard, int database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ValueKind kind, in RecordExtras extras, CollectionSnapshot? collection, KnownUse use)
    {
        Part part = _parts[shard];
        bool isWanted = extras.Deadline > _now && (_wants == null || _wants(key));
        if (collection != null)
        {
            part.Large.Enqueue(new LargeEntry(database, isWanted ? key.ToArray() : null, extras.Deadline, extras.Marks, use, kind, collection));
        }
        else if (!Skips && isWanted)
        {
            part.Entries.Add(database, key, value, kind, extras, use);
            part.Written++;
        }
    }

    /// <inheritdoc/>
    public void Fail(Exception cause) => _failure ??= cause;

    // Nothing more goes into the file: not of a snapshot that is given up, nor behind the half of an entry that may be among what a failure has left.
    private bool Skips => _discards || _failure != null;

    private void ThrowIfFailed()
    {
        if (!_discards && _failure is { } failure)
        {
            throw new InsufficientMemoryException("There was no memory for the old state of an entry that was changed while the snapshot was taken. It was given up; nothing else is lost.", failure);
        }
    }

    // What a loader makes its tables for. Writers go on, so the numbers are only about right.
    private void WriteSizes()
    {
        for (int database = 0; database < _store.DatabaseCount && _wants == null; database++)
        {
            long entries = _store.Count(database);
            if (entries > 0)
            {
                var writer = new RdbWriter(_file!.Output, compresses: false);
                writer.Byte(RdbOpcode.Database);
                writer.Number((ulong)database);
                writer.Byte(RdbOpcode.Sizes);
                writer.Number((ulong)entries);
                writer.Number((ulong)_store.Expiring(database));
                _database = database;
            }
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
                    ThrowIfFailed();
                    Enter(shard);
                    try
                    {
                        do
                        {
                            position = shard.Snapshot.HandOverSlice(database, position);
                        }
                        while (position != 0 && _parts[i].Entries.Length < BytesALock && _parts[i].Large.Count == 0);
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
            _parts[i].Entries.Clear(frees: true);
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
            if (_parts[i].Entries.Length > BytesThatWait)
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
            Enter(shard);
            (_taken, part.Entries) = (part.Entries, _taken);
            part.Large.TryDequeue(out large);
            shard.Exit();
            Encode(_taken);
            _taken.Clear(frees: false);
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
        try
        {
            if (Skips || entry.Key == null)
            {
                return;
            }

            var value = new RdbCollectionWriter(entry.Kind, entry.Snapshot, _now);
            (ArrayBufferWriter<byte> output, ArrayBufferWriter<byte> body) = (new(), new());
            if (!value.IsGathered)
            {
                WriteHead(output, entry.Database, entry.Key, entry.Deadline, entry.Marks, entry.Use, value.Type);
            }

            while (!value.IsDone)
            {
                Enter(shard);
                try
                {
                    value.WriteSlice(body, ElementsALock);
                    _failure ??= entry.Snapshot.Failure;
                }
                finally
                {
                    shard.Exit();
                }

                if (value.DeadlineBytes >= (value.IsDone ? 1 : RdbNote.MostBytes))
                {
                    RdbNote.Write(output, RdbNote.FieldDeadlines, value.TakeDeadlines());
                }

                if (value.IsGathered && value.IsDone && !value.IsEmpty)
                {
                    WriteHead(output, entry.Database, entry.Key, entry.Deadline, entry.Marks, entry.Use, value.Type);
                }

                Output(output);
                Output(body);
            }

            part.Written += value.IsEmpty ? 0 : 1;
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

    private void Encode(HandedOver entries)
    {
        if (Skips)
        {
            return;
        }

        int position = 0;
        while (entries.TryRead(ref position, out HandedOver.Head head, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value))
        {
            ArrayBufferWriter<byte> output = _file!.Output;
            WriteHead(output, head.Database, key, head.Deadline, head.Marks, head.Use, RdbValueWriter.TypeOf(head.Kind, value));
            RdbValueWriter.Write(new RdbWriter(output, compresses: true), head.Kind, value, shell: null);
            _file.PassIfFull();
        }
    }

    private void WriteHead(ArrayBufferWriter<byte> output, int database, ReadOnlySpan<byte> key, long deadline, EntryMarks marks, KnownUse use, RdbType type)
    {
        RdbNote.WriteMarks(output, marks);
        var writer = new RdbWriter(output, compresses: true);
        if (database != _database)
        {
            writer.Byte(RdbOpcode.Database);
            writer.Number((ulong)database);
            _database = database;
        }

        if (deadline != Record.NoExpiry)
        {
            writer.Byte(RdbOpcode.DeadlineMs);
            writer.Time(deadline);
        }

        if (use.IdleSeconds is { } seconds)
        {
            writer.Byte(RdbOpcode.Idle);
            writer.Number(seconds);
        }
        else if (use.Frequency is { } counter)
        {
            writer.Byte(RdbOpcode.Frequency);
            writer.Byte(counter);
        }

        writer.Byte((byte)type);
        writer.String(key);
    }

    private void Output(ArrayBufferWriter<byte> encoded)
    {
        if (!Skips && encoded.WrittenCount > 0)
        {
            _file!.Write(encoded.WrittenSpan);
        }

        encoded.ResetWrittenCount();
    }

    // Without a key if it is not wanted: its snapshot must be ended all the same.
    private sealed record LargeEntry(int Database, byte[]? Key, long Deadline, EntryMarks Marks, KnownUse Use, ValueKind Kind, CollectionSnapshot Snapshot);

    // What a shard has handed over and is not in the file yet. Guarded by the shard's lock.
    private sealed class Part
    {
        public HandedOver Entries { get; set; } = new();

        public Queue<LargeEntry> Large { get; } = new();

        public long Written { get; set; }
    }
}
