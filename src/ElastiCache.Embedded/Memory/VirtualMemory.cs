using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ElastiCache.Embedded.Memory;

/// <summary>Address space from the operating system: reserved at once, backed page by page as it is touched.</summary>
/// <remarks>
/// On Unix a reservation is mapped readable and writable without a claim on memory (<c>MAP_NORESERVE</c>), so reading a page
/// that was never written, or was given back, yields zeros and never a fault. On Windows pages are committed by
/// <see cref="Commit"/> before their first use and stay committed; <see cref="Discard"/> only drops their contents.
/// Either way memory that was once handed out stays readable until <see cref="Release"/>: the lock-free readers of
/// <see cref="Keyspace"/> may look at freed blocks.
/// </remarks>
internal static unsafe partial class VirtualMemory
{
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapPrivate = 0x2;
    private const int MadviseDontNeed = 4;
    private const int MadviseHugePage = 14;
    private const int MadviseFreeMac = 5;
    private const int MemCommit = 0x1000;
    private const int MemReserve = 0x2000;
    private const int MemReset = 0x80000;
    private const int MemRelease = 0x8000;
    private const int PageReadWrite = 0x04;

    private static readonly int MapAnonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
    private static readonly int MapNoReserve = OperatingSystem.IsMacOS() ? 0x40 : 0x4000;

    /// <summary>Reserves address space; its pages read as zero.</summary>
    /// <exception cref="InsufficientMemoryException">The system refuses so much address space (ulimit -v, overcommit settings).</exception>
    public static byte* Reserve(long bytes)
    {
        nint address = OperatingSystem.IsWindows()
            ? VirtualAlloc(0, (nuint)bytes, MemReserve, PageReadWrite)
            : Map(0, (nuint)bytes, ProtReadWrite, MapPrivate | MapAnonymous | MapNoReserve, -1, 0);
        if (address is 0 or -1)
        {
            throw new InsufficientMemoryException(
                $"The system refuses to reserve {bytes} bytes of address space: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}. " +
                "Set MaxMemory (a smaller budget reserves less), or raise the limit on virtual memory.");
        }

        return (byte*)address;
    }

    /// <summary>Makes a reserved range usable. Free where the system backs pages on demand.</summary>
    public static void Commit(byte* address, long bytes)
    {
        if (OperatingSystem.IsWindows() && VirtualAlloc((nint)address, (nuint)bytes, MemCommit, PageReadWrite) == 0)
        {
            throw new InsufficientMemoryException($"The system refuses to commit {bytes} bytes.");
        }
    }

    /// <summary>Asks for 2 MB pages, where there are any. A hint: refusal changes nothing but speed.</summary>
    public static void PreferHugePages(byte* address, long bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Advise((nint)address, (nuint)bytes, MadviseHugePage);
        }
    }

    /// <summary>Gives the memory behind a range back; its contents are lost, the addresses stay readable.</summary>
    public static void Discard(byte* address, long bytes)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = VirtualAlloc((nint)address, (nuint)bytes, MemReset, PageReadWrite);
            return;
        }

        _ = Advise((nint)address, (nuint)bytes, OperatingSystem.IsMacOS() ? MadviseFreeMac : MadviseDontNeed);
    }

    /// <summary>Ends a reservation. Nobody may look at its addresses any more. Null, a reservation that failed, is none.</summary>
    public static void Release(byte* address, long bytes)
    {
        // Unmapping from address 0 would be valid, and would hit whatever lies there.
        if (address == null)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            _ = VirtualFree((nint)address, 0, MemRelease);
            return;
        }

        _ = Unmap((nint)address, (nuint)bytes);
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nint VirtualAlloc(nint address, nuint size, int type, int protection);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int VirtualFree(nint address, nuint size, int type);
}
