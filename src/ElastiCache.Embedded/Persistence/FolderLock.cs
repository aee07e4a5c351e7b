using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The claim of one cache to its folder: a lock on the file <c>elasticache.lock</c>, which names the owner's process.</summary>
/// <remarks>
/// <code>
///   4711 5f0c…\n        process id, then 128 random bits of this claim
/// </code>
/// flock locks the open file, not the name. If somebody deletes or replaces the lock file between our open and our flock, we
/// hold a file that no newcomer will ever see. So we read the content back through the name: only the same inode shows our own
/// random bits. And if somebody deletes it later, the folder itself is locked as well, which can't be replaced while it holds
/// files; not every file system (NFS) can lock a folder, so that is the second line and not the first.
/// The operating system ends the locks with the process, however that dies, so a stale file never keeps anybody out.
/// </remarks>
internal sealed class FolderLock : IDisposable
{
    public const string FileName = "elasticache.lock";

    // Each round lost means that the file was replaced within microseconds of our opening it.
    private const int Tries = 10;

    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle? _folder;

    private FolderLock(SafeFileHandle file, SafeFileHandle? folder)
    {
        _file = file;
        _folder = folder;
    }

    public static FolderLock Take(string folder)
    {
        string path = Path.Combine(folder, FileName);
        for (int i = 0; i < Tries; i++)
        {
            SafeFileHandle file = OpenExclusive(folder, path);
            bool isTaken = false;
            byte[] claim = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {Guid.NewGuid():N}\n"));
            try
            {
                RandomAccess.SetLength(file, 0);
                RandomAccess.Write(file, claim, 0);
                if (ReadClaim(path).SequenceEqual(claim))
                {
                    SafeFileHandle? whole = LockFolder(folder);
                    isTaken = true;
                    return new FolderLock(file, whole);
                }
            }
            catch (Exception e) when (DiskError.IsMisnamed(e))
            {
                throw DiskError.Named(e, path);
            }
            finally
            {
                if (!isTaken)
                {
                    Release(file);
                }
            }
        }

        throw new LogFolderException(folder, $"its lock file '{path}' is replaced again and again", "Stop what deletes or restores files there.");
    }

    public void Dispose()
    {
        // The file stays: deleting it would open the very race that Take guards against. Only the owner's number goes.
        try
        {
            RandomAccess.SetLength(_file, 0);
        }
        catch (Exception e) when (e is IOException || DiskError.IsMisnamed(e))
        {
            // Then the number stays too. It keeps nobody out.
        }

        if (_folder is not null)
        {
            Release(_folder);
        }

        Release(_file);
    }

    // A lock ends with the last descriptor of the open file, and a process that is just being started from this one has copies of all of ours until it executes its
    // program. So the lock is given back by name, and not left to go with the descriptor.
    private static void Release(SafeFileHandle file)
    {
        if (!OperatingSystem.IsWindows())
        {
            Posix.Unlock(file);
        }

        file.Dispose();
    }

    private static SafeFileHandle OpenExclusive(string folder, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            }
            catch (IOException) when (File.Exists(path))
            {
                throw new FolderInUseException(folder, OwnerIn(ReadClaim(path)));
            }
        }

        SafeFileHandle? file = null;
        try
        {
            MakeFile(path);
            file = Posix.OpenUnlocked(path);
            if (Posix.TryLock(file, path))
            {
                return file;
            }
        }
        catch (IOException e) when (e is not LogException)
        {
            file?.Dispose();
            throw new LogFolderException(folder, $"it can't be locked ({e.Message})", "Choose a folder on a local disk, with read and write access.", e);
        }

        file.Dispose();
        throw new FolderInUseException(folder, OwnerIn(ReadClaim(path)));
    }

    private static SafeFileHandle? LockFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return null; // an open file can't be deleted there
        }

        SafeFileHandle handle = Posix.OpenDirectory(folder);
        try
        {
            if (Posix.TryLock(handle, folder))
            {
                return handle;
            }
        }
        catch (IOException)
        {
            handle.Dispose();
            return null; // this file system can't; the lock file alone must do
        }

        handle.Dispose();
        throw new FolderInUseException(folder, null);
    }

    private static void MakeFile(string path)
    {
        if (!File.Exists(path))
        {
            try
            {
                DiskStorage.OpenStream(path, FileMode.CreateNew).Dispose();
            }
            catch (IOException e) when (e is not LogException && File.Exists(path))
            {
                // Somebody else was faster, which is what we wanted to know of: whether the file is there.
            }
        }
    }

    private static byte[] ReadClaim(string path)
    {
        byte[] claim = new byte[64];
        try
        {
            using SafeFileHandle file = OperatingSystem.IsWindows()
                ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                : Posix.OpenUnlocked(path);
            return claim[..RandomAccess.Read(file, claim, 0)];
        }
        catch (IOException) when (!File.Exists(path))
        {
            return [];
        }
    }

    private static int? OwnerIn(byte[] claim) =>
        int.TryParse(Encoding.ASCII.GetString(claim).Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int processId) ? processId : null;
}
