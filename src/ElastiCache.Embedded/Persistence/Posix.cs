using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The system calls that .NET does not offer, or offers without their result.</summary>
/// <remarks>
/// <c>FileStream</c>'s and <c>RandomAccess</c>'s flush-to-disk report success when fsync fails (measured on .NET 10.0.12 with EIO
/// and ENOSPC), and .NET can't open a directory. Here every result is checked, and EINTR means: again.
/// </remarks>
internal static partial class Posix
{
    private const int EINTR = 4;
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int LockExclusiveNoWait = 2 | 4; // LOCK_EX | LOCK_NB, the same on Linux, macOS and the BSDs
    private const int UnlockFile = 8;              // LOCK_UN
    private const int FullSync = 51;               // F_FULLFSYNC: on macOS fsync leaves the bytes in the drive's cache

    /// <summary>EWOULDBLOCK: another open file holds the lock.</summary>
    private static int WouldBlock => OperatingSystem.IsLinux() ? 11 : 35;

    private static int CloseOnExec => OperatingSystem.IsLinux() ? 0x80000 : 0x1000000;

    // One of the few constants that Linux numbers by processor.
    private static int MustBeDirectory =>
        !OperatingSystem.IsLinux() ? 0x100000 :
        RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x4000 :
        0x10000;

    /// <summary>Returns when the file's bytes, and what is needed to read them back, are on disk.</summary>
    public static void SyncData(SafeFileHandle file, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Check(FlushFileBuffers(file) ? 0 : -1, "FlushFileBuffers", path);
        }
        else if (OperatingSystem.IsLinux())
        {
            Check(Retried(() => fdatasync(file)), "fdatasync", path);
        }
        else if (OperatingSystem.IsMacOS())
        {
            Check(Retried(() => fcntl(file, FullSync)), "fcntl(F_FULLFSYNC)", path);
        }
        else
        {
            Check(Retried(() => fsync(file)), "fsync", path);
        }
    }

    /// <summary>Returns when the names in the directory are on disk. NTFS writes them to its journal with the change itself.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using SafeFileHandle directory = OpenDirectory(path);
        Check(Retried(() => fsync(directory)), "fsync", path);
    }

    /// <summary>Claims the file for this handle alone; false when another has it. The claim ends with the handle, or its process.</summary>
    public static bool TryLock(SafeFileHandle file, string path)
    {
        int result = Retried(() => flock(file, LockExclusiveNoWait));
        if (result == -1 && Marshal.GetLastPInvokeError() == WouldBlock)
        {
            return false;
        }

        Check(result, "flock", path);
        return true;
    }

    /// <summary>Gives a claim back at once, also where a process that is being started still has a copy of the descriptor. There is nothing to do if it fails.</summary>
    public static void Unlock(SafeFileHandle file) => _ = Retried(() => flock(file, UnlockFile));

    /// <summary>Opens a folder, to lock or to sync it.</summary>
    public static SafeFileHandle OpenDirectory(string path) => Open(path, ReadOnly | MustBeDirectory);

    /// <summary>Opens a file that is there, without the shared lock that .NET puts on every file it opens.</summary>
    public static SafeFileHandle OpenUnlocked(string path) => Open(path, ReadWrite);

    // Never with O_CREAT: its third argument is variadic, and Apple's ARM passes those differently.
    private static SafeFileHandle Open(string path, int flags)
    {
        SafeFileHandle file;
        do
        {
            file = open(path, flags | CloseOnExec);
        }
        while (file.IsInvalid && Marshal.GetLastPInvokeError() == EINTR);

        Check(file.IsInvalid ? -1 : 0, "open", path);
        return file;
    }

    private static int Retried(Func<int> call)
    {
        int result;
        do
        {
            result = call();
        }
        while (result == -1 && Marshal.GetLastPInvokeError() == EINTR);

        return result;
    }

    private static void Check(int result, string call, string path)
    {
        if (result != -1)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        throw new IOException($"{call} of '{path}' failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).", error);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(SafeFileHandle file);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(SafeFileHandle file, int command);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushFileBuffers(SafeFileHandle file);
}
