using System.IO.Hashing;
using System.Text;
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
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DiskDirectory> _directories = [];
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

    /// <summary>Called in the middle of each call that changes something: readers see the change, nothing of it is durable. A test looks here at what a crash would leave.</summary>
    public Action? OnChange { get; set; }

    /// <summary>Another disk, in the state of this one but for what only readers see: to be <see cref="Crash">crashed</see> before it is used.</summary>
    public SimulatedDisk CopyForCrash()
    {
        var copy = new SimulatedDisk();
        foreach ((string name, DiskDirectory names) in _directories)
        {
            copy._directories.Add(name, names.CopyForCrash());
        }

        return copy;
    }

    /// <summary>A hash of all that readers see.</summary>
    public ulong Fingerprint()
    {
        var hash = new XxHash3();
        foreach ((string name, DiskDirectory names) in _directories.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            hash.Append(Encoding.UTF8.GetBytes($"{name}/"));
            names.AddTo(hash);
        }

        return hash.GetCurrentHashAsUInt64();
    }

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

        foreach (DiskDirectory names in _directories.Values)
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
            var inode = new DiskFile();
            inode.Bytes.Write(0, value);
            inode.Durable.Write(0, value);
            DiskDirectory names = DirectoryOf(name);
            names.Current[NameIn(name)] = names.Durable[NameIn(name)] = inode;
        }
    }

    public bool Exists(string name) => _directories.TryGetValue(FolderIn(name), out DiskDirectory? names) && names.Current.ContainsKey(NameIn(name));

    public void Remove(string name)
    {
        DiskDirectory names = DirectoryOf(name);
        names.Current.Remove(NameIn(name));
        names.Durable.Remove(NameIn(name));
    }

    public void MakeDirectory(string name) => _directories.TryAdd(name, new DiskDirectory { IsDurable = true });

    public string PathOf(string name) => $"disk/{name}";

    public void CreateDirectory(string name) => Call(changes: true, () =>
    {
        if (!_directories.TryGetValue(name, out DiskDirectory? names))
        {
            _directories.Add(name, names = new DiskDirectory());
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
        Call(changes: false, () =>
        {
            found = _directories.TryGetValue(directory, out DiskDirectory? names) ? [.. names.Current.Keys] : [];
            return null;
        });
        return found;
    }

    public IStorageFile Open(string name, StorageOpen how)
    {
        DiskFile? inode = null;
        Call(changes: how == StorageOpen.Create, () =>
        {
            DiskDirectory names = DirectoryOf(name);
            if (!names.Current.TryGetValue(NameIn(name), out inode))
            {
                if (how == StorageOpen.Existing)
                {
                    throw new FileNotFoundException(null, name);
                }

                inode = new DiskFile();
                names.Change((NameIn(name), inode));
            }
            else if (how == StorageOpen.Create)
            {
                inode.Change(new DiskChange(0, null));
            }

            return null;
        });
        return new OpenFile(this, inode!, _generation);
    }

    public void Rename(string from, string to) => Call(changes: true, () =>
    {
        DiskDirectory names = DirectoryOf(from);
        names.Change((NameIn(from), null), (NameIn(to), names.Current[NameIn(from)]));
        return null;
    });

    public void Delete(string name) => Call(changes: true, () =>
    {
        DirectoryOf(name).Change((NameIn(name), null));
        return null;
    });

    public void SyncDirectory(string name) => Call(changes: true, () =>
    {
        DiskDirectory names = _directories[name];
        return () => names.Sync();
    });

    private static string FolderIn(string name) => name.LastIndexOf('/') is var slash and >= 0 ? name[..slash] : "";

    private static string NameIn(string name) => name[(name.LastIndexOf('/') + 1)..];

    private DiskDirectory DirectoryOf(string name) =>
        _directories.TryGetValue(FolderIn(name), out DiskDirectory? names) ? names : throw new DirectoryNotFoundException(name);

    private DiskFile Find(string name) => DirectoryOf(name).Current[NameIn(name)];

    // A call first changes what readers see; what it returns makes that durable. A power cut may come between.
    private void Call(bool changes, Func<Action?> change, Action? onFault = null)
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
                Action? persist = change();
                if (changes)
                {
                    OnChange?.Invoke();
                }

                persist?.Invoke();
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

    private sealed class OpenFile(SimulatedDisk disk, DiskFile inode, int generation) : IStorageFile
    {
        public long Length => inode.Bytes.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            Call(changes: false, () => null);
            ReadOnlySpan<byte> rest = inode.Bytes.Span[(int)Math.Min(offset, inode.Bytes.Length)..];
            rest = rest[..Math.Min(rest.Length, buffer.Length)];
            rest.CopyTo(buffer);
            return rest.Length;
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            byte[] copy = bytes.ToArray();
            Call(changes: true, () =>
            {
                inode.Change(new DiskChange(offset, copy));
                return null;
            }, onFault: () =>
            {
                if (disk._fault == DiskFault.ShortWrite)
                {
                    inode.Change(new DiskChange(offset, copy[..(copy.Length / 2)]));
                }
            });
        }

        public void Truncate(long length) => Call(changes: true, () =>
        {
            inode.Change(new DiskChange(length, null));
            return null;
        });

        public void Sync()
        {
            disk.OnSync?.Invoke();
            Call(changes: true, () => () =>
            {
                inode.Sync();
                disk.Syncs++;
            }, onFault: inode.Doom);
        }

        public void Dispose()
        {
        }

        private void Call(bool changes, Func<Action?> change, Action? onFault = null)
        {
            if (disk._generation != generation)
            {
                throw new IOException("This file was opened by a process that is dead.");
            }

            disk.Call(changes, change, onFault);
        }
    }
}
