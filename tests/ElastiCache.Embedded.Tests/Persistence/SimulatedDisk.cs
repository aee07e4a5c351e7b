using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Tests.Persistence;

internal enum DiskFault
{
    /// <summary>EIO. A failed sync of a file drops what it was to write, and later syncs succeed over the loss, as on Linux. (Names go
    /// through the file system's journal; a failure there stops the file system, it doesn't forget.)</summary>
    InputOutput,

    /// <summary>ENOSPC, nothing of the call done.</summary>
    NoSpace,

    /// <summary>ENOSPC after a part of the bytes was written.</summary>
    ShortWrite,

    /// <summary>EFBIG.</summary>
    FileTooLarge,

    /// <summary>EROFS, as after the file system found itself damaged.</summary>
    ReadOnly,

    /// <summary>The power goes during the call. Every later call fails until <see cref="SimulatedDisk.Crash"/>.</summary>
    PowerCut,
}

/// <summary>A disk that keeps what is durable apart from what is only cached, and after a crash shows any state that POSIX allows.</summary>
/// <remarks>
/// <code>
///   per file        durable bytes   + changes since the last sync   = the bytes that readers see
///   per directory   durable names   + changes since the last sync   = the names that readers see
/// </code>
/// A crash keeps, of the changes, any subset: writes in units of 512-byte sectors, truncations and renames as a whole, in any
/// order relative to each other. This is harsher than ext4 or XFS, which keep some orders; code that survives it needs no favours.
/// </remarks>
internal sealed class SimulatedDisk : IStorage
{
    private const int SectorBytes = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Names> _directories = [];
    private DiskFault _fault;
    private int _faultAt = int.MaxValue;
    private int _generation;
    private bool _isOff;
    private bool _isClaimed;

    /// <summary>Calls so far.</summary>
    public int Calls { get; private set; }

    /// <summary>Successful file syncs so far.</summary>
    public int Syncs { get; private set; }

    /// <summary>Whether the planned fault has struck.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Called at the start of each file sync, outside the disk's own lock: a test holds the disk up here.</summary>
    public Action? OnSync { get; set; }

    /// <summary>Plans one fault for the call after <paramref name="calls"/> more.</summary>
    public void FailAfter(int calls, DiskFault fault)
    {
        (_faultAt, _fault, HasFailed) = (Calls + calls, fault, false);
    }

    /// <summary>The power goes: what remains is one of the possible states, chosen by <paramref name="random"/>.</summary>
    public void Crash(Random random)
    {
        // Sometimes nearly all of it had reached the disk, sometimes nearly nothing.
        double kept = random.Next(4) switch { 0 => 0.02, 1 => 0.5, 2 => 0.95, _ => random.NextDouble() };
        foreach (string directory in _directories.Where(pair => !pair.Value.IsDurable && random.NextDouble() >= kept).Select(pair => pair.Key).ToList())
        {
            _directories.Remove(directory);
        }

        foreach (Names names in _directories.Values)
        {
            names.Crash(random, kept);
        }

        Kill();
    }

    /// <summary>The process dies, the machine lives: what was written stays as it is, durable or not.</summary>
    public void Kill()
    {
        (_faultAt, _isOff, _isClaimed) = (int.MaxValue, false, false);
        _generation++;
    }

    public byte[] this[string name]
    {
        get => Find(name).Bytes.ToArray();
        set
        {
            var inode = new Inode();
            inode.Bytes.Write(0, value);
            inode.Durable.Write(0, value);
            Names names = DirectoryOf(name);
            names.Current[NameIn(name)] = names.Durable[NameIn(name)] = inode;
        }
    }

    public bool Exists(string name) => _directories.TryGetValue(FolderIn(name), out Names? names) && names.Current.ContainsKey(NameIn(name));

    public void Remove(string name)
    {
        Names names = DirectoryOf(name);
        names.Current.Remove(NameIn(name));
        names.Durable.Remove(NameIn(name));
    }

    public void MakeDirectory(string name) => _directories.TryAdd(name, new Names { IsDurable = true });

    public string PathOf(string name) => $"disk/{name}";

    public void CreateDirectory(string name) => Call(() =>
    {
        if (!_directories.TryGetValue(name, out Names? names))
        {
            _directories.Add(name, names = new Names());
        }

        return () => names.IsDurable = true;
    });

    public IDisposable Lock()
    {
        lock (_lock)
        {
            if (_isClaimed)
            {
                throw new FolderInUseException("disk", Environment.ProcessId);
            }

            _isClaimed = true;
            return new Claim(this, _generation);
        }
    }

    public IReadOnlyList<string> List(string directory)
    {
        string[] found = [];
        Call(() =>
        {
            found = _directories.TryGetValue(directory, out Names? names) ? [.. names.Current.Keys] : [];
            return null;
        });
        return found;
    }

    public IStorageFile Open(string name, StorageOpen how)
    {
        Inode? inode = null;
        Call(() =>
        {
            Names names = DirectoryOf(name);
            if (!names.Current.TryGetValue(NameIn(name), out inode))
            {
                if (how == StorageOpen.Existing)
                {
                    throw new FileNotFoundException(null, name);
                }

                inode = new Inode();
                names.Change((NameIn(name), inode));
            }
            else if (how == StorageOpen.Create)
            {
                inode.Change(new Change(0, null));
            }

            return null;
        });
        return new OpenFile(this, inode!, _generation);
    }

    public void Rename(string from, string to) => Call(() =>
    {
        Names names = DirectoryOf(from);
        names.Change((NameIn(from), null), (NameIn(to), names.Current[NameIn(from)]));
        return null;
    });

    public void Delete(string name) => Call(() =>
    {
        DirectoryOf(name).Change((NameIn(name), null));
        return null;
    });

    public void SyncDirectory(string name) => Call(() =>
    {
        Names names = _directories[name];
        return () => names.Sync();
    });

    private static string FolderIn(string name) => name.LastIndexOf('/') is var slash and >= 0 ? name[..slash] : "";

    private static string NameIn(string name) => name[(name.LastIndexOf('/') + 1)..];

    private Names DirectoryOf(string name) =>
        _directories.TryGetValue(FolderIn(name), out Names? names) ? names : throw new DirectoryNotFoundException(name);

    private Inode Find(string name) => DirectoryOf(name).Current[NameIn(name)];

    // A call first changes what readers see; what it returns makes that durable. A power cut may come between.
    private void Call(Func<Action?> change, Action? onFault = null)
    {
        lock (_lock)
        {
            if (_isOff)
            {
                throw new IOException("The power is off.");
            }

            bool fails = Calls++ == _faultAt;
            if (!fails)
            {
                change()?.Invoke();
                return;
            }

            HasFailed = true;
            if (_fault == DiskFault.PowerCut)
            {
                _isOff = true;
                change();
                throw new IOException("The power went.");
            }

            onFault?.Invoke();
            throw new IOException($"Simulated {_fault}.");
        }
    }

    private sealed record Change(long Offset, byte[]? Bytes); // no bytes: truncate to the offset

    /// <summary>Bytes that grow and shrink; a gap reads as zeros.</summary>
    private sealed class Content
    {
        private byte[] _bytes = [];

        public int Length { get; private set; }

        public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

        public byte[] ToArray() => Span.ToArray();

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            SetLength(Math.Max(Length, offset + bytes.Length));
            bytes.CopyTo(_bytes.AsSpan((int)offset));
        }

        public void SetLength(long length)
        {
            if (length > _bytes.Length)
            {
                Array.Resize(ref _bytes, (int)Math.Max(length, 2L * _bytes.Length));
            }

            if (length < Length)
            {
                _bytes.AsSpan((int)length, Length - (int)length).Clear();
            }

            Length = (int)length;
        }

        public void Apply(Change change)
        {
            if (change.Bytes is null)
            {
                SetLength(change.Offset);
            }
            else
            {
                Write(change.Offset, change.Bytes);
            }
        }
    }

    private sealed class Inode
    {
        private readonly List<Change> _pending = [];
        private readonly List<Change> _doomed = [];

        public Content Bytes { get; private set; } = new();

        public Content Durable { get; } = new();

        public void Change(Change change)
        {
            Bytes.Apply(change);
            _pending.Add(change);
        }

        public void Sync()
        {
            _pending.ForEach(Durable.Apply);
            _pending.Clear();
        }

        public void Doom()
        {
            _doomed.AddRange(_pending);
            _pending.Clear();
        }

        public void Crash(Random random, double kept)
        {
            foreach (Change change in _doomed.Concat(_pending))
            {
                if (change.Bytes is null)
                {
                    if (random.NextDouble() < kept)
                    {
                        Durable.Apply(change);
                    }

                    continue;
                }

                for (long at = change.Offset; at < change.Offset + change.Bytes.Length;)
                {
                    long end = Math.Min(change.Offset + change.Bytes.Length, ((at / SectorBytes) + 1) * SectorBytes);
                    if (random.NextDouble() < kept)
                    {
                        Durable.Write(at, change.Bytes.AsSpan((int)(at - change.Offset), (int)(end - at)));
                    }

                    at = end;
                }
            }

            _doomed.Clear();
            _pending.Clear();
            Bytes = new Content();
            Bytes.Write(0, Durable.Span);
        }
    }

    private sealed class Names
    {
        private readonly List<(string Name, Inode? Inode)[]> _pending = [];

        public bool IsDurable { get; set; }

        public Dictionary<string, Inode> Current { get; private set; } = [];

        public Dictionary<string, Inode> Durable { get; private set; } = [];

        public void Change(params (string Name, Inode? Inode)[] change)
        {
            Apply(Current, change);
            _pending.Add(change);
        }

        public void Sync()
        {
            _pending.ForEach(change => Apply(Durable, change));
            _pending.Clear();
        }

        public void Crash(Random random, double kept)
        {
            foreach ((string Name, Inode? Inode)[] change in _pending.Where(_ => random.NextDouble() < kept))
            {
                Apply(Durable, change);
            }

            _pending.Clear();
            Current = new Dictionary<string, Inode>(Durable);
            foreach (Inode inode in Current.Values.Distinct())
            {
                inode.Crash(random, kept);
            }
        }

        private static void Apply(Dictionary<string, Inode> names, (string Name, Inode? Inode)[] change)
        {
            foreach ((string name, Inode? inode) in change)
            {
                if (inode is null)
                {
                    names.Remove(name);
                }
                else
                {
                    names[name] = inode;
                }
            }
        }
    }

    private sealed class Claim(SimulatedDisk disk, int generation) : IDisposable
    {
        public void Dispose()
        {
            if (disk._generation == generation)
            {
                disk._isClaimed = false;
            }
        }
    }

    private sealed class OpenFile(SimulatedDisk disk, Inode inode, int generation) : IStorageFile
    {
        public long Length => inode.Bytes.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            Call(() => null);
            ReadOnlySpan<byte> rest = inode.Bytes.Span[(int)Math.Min(offset, inode.Bytes.Length)..];
            rest = rest[..Math.Min(rest.Length, buffer.Length)];
            rest.CopyTo(buffer);
            return rest.Length;
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            byte[] copy = bytes.ToArray();
            Call(() =>
            {
                inode.Change(new Change(offset, copy));
                return null;
            }, onFault: () =>
            {
                if (disk._fault == DiskFault.ShortWrite)
                {
                    inode.Change(new Change(offset, copy[..(copy.Length / 2)]));
                }
            });
        }

        public void Truncate(long length) => Call(() =>
        {
            inode.Change(new Change(length, null));
            return null;
        });

        public void Sync()
        {
            disk.OnSync?.Invoke();
            Call(() => () =>
            {
                inode.Sync();
                disk.Syncs++;
            }, onFault: inode.Doom);
        }

        public void Dispose()
        {
        }

        private void Call(Func<Action?> change, Action? onFault = null)
        {
            if (disk._generation != generation)
            {
                throw new IOException("This file was opened by a process that is dead.");
            }

            disk.Call(change, onFault);
        }
    }
}
