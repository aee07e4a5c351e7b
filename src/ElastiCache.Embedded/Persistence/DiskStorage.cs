using Microsoft.Win32.SafeHandles;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The real disk: a folder with mode 0700 whose files have mode 0600.</summary>
internal sealed class DiskStorage : IStorage
{
    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const int EACCES = 13;
    private const int EINVAL = 22;
    private const int EROFS = 30;

    private readonly string _folder;

    public DiskStorage(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
    }

    public string PathOf(string name) => name.Length == 0 ? _folder : Path.Combine(_folder, name);

    public void CreateDirectory(string name)
    {
        string path = PathOf(name);
        if (File.Exists(path))
        {
            throw new LogFolderException(path, "a file has that name", "Remove the file, or choose another folder.");
        }

        bool isNew = !Directory.Exists(path);
        string? parent = Path.GetDirectoryName(path);
        if (isNew)
        {
            Make(path, parent);
        }

        // Also where the folder was found: whoever made it may have died before its name was on disk.
        if (parent is not null)
        {
            SyncParent(parent, isNew);
        }
    }

    public IDisposable Lock() => FolderLock.Take(_folder);

    // Not whether the folder exists, first: to .NET one that can't be looked at does not, and a log that seems not to be there would be begun anew.
    public IReadOnlyList<string> List(string directory)
    {
        string path = PathOf(directory);
        try
        {
            return [.. Directory.EnumerateFiles(path).Select(file => Path.GetFileName(file))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException e)
        {
            throw DiskError.Named(e, path);
        }
    }

    public IStorageFile Open(string name, StorageOpen how)
    {
        string path = PathOf(name);
        return new DiskFile(path, OpenStream(path, how == StorageOpen.Create ? FileMode.Create : FileMode.Open));
    }

    public void Rename(string from, string to)
    {
        try
        {
            File.Move(PathOf(from), PathOf(to), overwrite: true);
        }
        catch (UnauthorizedAccessException e)
        {
            throw DiskError.Named(e, PathOf(to));
        }
    }

    public void Delete(string name)
    {
        try
        {
            File.Delete(PathOf(name));
        }
        catch (UnauthorizedAccessException e)
        {
            throw DiskError.Named(e, PathOf(name));
        }
    }

    public void SyncDirectory(string name) => Posix.SyncDirectory(PathOf(name));

    internal static FileStream OpenStream(string path, FileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows() && mode != FileMode.Open)
        {
            options.UnixCreateMode = OwnerOnlyFile;
        }

        try
        {
            return new FileStream(path, options);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LogFolderException(path, $"the file can't be opened for writing ({e.Message})", "Give this user read and write access to the folder and its files, or choose another folder.", e);
        }
        catch (IOException e) when (IsReadOnlyFileSystem(e))
        {
            throw new LogFolderException(path, "the file system is mounted read-only", "Mount it for writing, or choose another folder.", e);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw DiskError.Named(e, path);
        }
    }

    private static void Make(string path, string? parent)
    {
        if (parent is not null && !Directory.Exists(parent))
        {
            throw new LogFolderException(path, $"its parent '{parent}' is not there", "Make the parent first (only the last folder is made), or correct the path.");
        }

        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, OwnerOnlyFolder);
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new LogFolderException(path, $"it can't be made ({e.Message})", "Give this user write access to its parent, or choose another folder.", e);
        }
    }

    private static void SyncParent(string parent, bool isNew)
    {
        try
        {
            Posix.SyncDirectory(parent);
        }
        catch (IOException e) when (!isNew && (e.HResult is EACCES or EINVAL or EROFS))
        {
            // We may use a folder whose parent we may not open (a mount point, a container's volume). Its name is then older
            // than we are, and not ours to lose.
        }
    }

    private static bool IsReadOnlyFileSystem(IOException e) => !OperatingSystem.IsWindows() && e.HResult == EROFS;

    private sealed class DiskFile(string path, FileStream stream) : IStorageFile
    {
        private readonly SafeFileHandle _handle = stream.SafeFileHandle;

        public long Length => RandomAccess.GetLength(_handle);

        public int Read(long offset, Span<byte> buffer) => RandomAccess.Read(_handle, buffer, offset);

        // RandomAccess.Write goes on after a short write and after EINTR, until all is written or the disk says why not.
        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            try
            {
                RandomAccess.Write(_handle, bytes, offset);
            }
            catch (Exception e) when (DiskError.IsMisnamed(e))
            {
                throw DiskError.Named(e, path);
            }
        }

        public void Truncate(long length)
        {
            try
            {
                RandomAccess.SetLength(_handle, length);
            }
            catch (Exception e) when (DiskError.IsMisnamed(e))
            {
                throw DiskError.Named(e, path);
            }
        }

        public void Sync() => Posix.SyncData(_handle, path);

        public void Dispose() => stream.Dispose();
    }
}
