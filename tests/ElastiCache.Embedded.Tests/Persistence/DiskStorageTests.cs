using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ElastiCache.Embedded.Persistence;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>The real disk: modes, claims, and errors that say the way out.</summary>
public sealed partial class DiskStorageTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("elasticache-disk-").FullName;

    private string Folder => Path.Combine(_parent, "cache");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void What_is_written_is_there_and_only_the_owner_may_read_it()
    {
        var disk = new DiskStorage(Folder);
        disk.CreateDirectory("");
        disk.CreateDirectory("sub");
        using (IStorageFile file = disk.Open("sub/a", StorageOpen.Create))
        {
            file.Write(0, "0123456789"u8);
            file.Truncate(8);
            file.Write(6, "xyz"u8);
            file.Sync();
            Assert.Equal(9, file.Length);
        }

        disk.SyncDirectory("sub");
        disk.Rename("sub/a", "sub/b");
        disk.SyncDirectory("sub");
        using (IStorageFile file = disk.Open("sub/b", StorageOpen.Existing))
        {
            byte[] read = new byte[20];
            Assert.Equal(9, file.Read(0, read));
            Assert.Equal("012345xyz"u8, read.AsSpan(0, 9));
            Assert.Equal(0, file.Read(9, read));
        }

        Assert.Equal(["b"], disk.List("sub"));
        Assert.Empty(disk.List("nowhere"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Folder, "sub", "b")));
        }
    }

    [Fact]
    public void A_second_claim_is_refused_with_the_owners_process_id_and_possible_when_the_first_has_ended()
    {
        var disk = new DiskStorage(Folder);
        disk.CreateDirectory("");
        using (disk.Lock())
        {
            var error = Assert.Throws<FolderInUseException>(new DiskStorage(Folder).Lock);
            Assert.Equal(Environment.ProcessId, error.ProcessId);
            Assert.Equal(Folder, error.Path);
            Assert.Contains($"({Environment.ProcessId})", error.Message, StringComparison.Ordinal);
        }

        disk.Lock().Dispose();
    }

    [Fact]
    public void A_claim_of_another_process_is_refused_with_its_process_id()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/flock"), "needs flock(1) of util-linux");
        var disk = new DiskStorage(Folder);
        disk.CreateDirectory("");
        string path = Path.Combine(Folder, FolderLock.FileName);
        using Process other = Process.Start(new ProcessStartInfo("/usr/bin/flock", [path, "sh", "-c", $"echo \"$$ other\" > '{path}'; echo $$; read line"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        })!;
        string? processId = other.StandardOutput.ReadLine();

        var error = Assert.Throws<FolderInUseException>(disk.Lock);

        Assert.Equal(processId, $"{error.ProcessId}");
        Assert.Contains($"process {processId}.", error.Message, StringComparison.Ordinal);
        other.StandardInput.WriteLine();
        other.WaitForExit();
        disk.Lock().Dispose();
    }

    [Fact]
    public void A_stale_lock_file_keeps_nobody_out()
    {
        var disk = new DiskStorage(Folder);
        disk.CreateDirectory("");
        File.WriteAllText(Path.Combine(Folder, FolderLock.FileName), "1 dead\n");

        disk.Lock().Dispose();
    }

    [Fact]
    public void Deleting_the_lock_file_of_an_open_folder_lets_nobody_else_in()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "an open file can't be deleted there");
        var disk = new DiskStorage(Folder);
        disk.CreateDirectory("");
        using (disk.Lock())
        {
            File.Delete(Path.Combine(Folder, FolderLock.FileName));

            Assert.Throws<FolderInUseException>(disk.Lock);
            Assert.Throws<FolderInUseException>(disk.Lock);
        }

        disk.Lock().Dispose();
    }

    /// <remarks>
    /// A folder that had been given back was refused, now and then and only on a busy machine, as still in use: another test was starting a process, and between
    /// fork and exec that held copies of the claim's descriptors, with which the lock went on. Here the copies are the test's own.
    /// </remarks>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_claim_ends_when_it_is_given_back_and_not_with_the_last_copy_of_its_descriptor(bool wasRefused)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptors are found in /proc");
        var disk = new DiskStorage(Folder);
        disk.CreateDirectory("");
        IDisposable claim = disk.Lock();
        List<int> copies = CopyDescriptors();
        if (wasRefused)
        {
            File.Delete(Path.Combine(Folder, FolderLock.FileName));
            Assert.Throws<FolderInUseException>(disk.Lock);
        }

        claim.Dispose();

        disk.Lock().Dispose();
        Assert.Equal(2, copies.Count);
        copies.ForEach(copy => Assert.Equal(0, close(copy)));
    }

    /// <remarks>A log whose folder could not be looked at for a moment (EIO) was taken for one that is not there, and a new one was begun in its place.</remarks>
    [Fact]
    public void A_folder_that_cannot_be_looked_into_is_an_error_and_not_an_empty_folder()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "symbolic links need a privilege there");
        Directory.CreateSymbolicLink(Folder, Folder);

        Assert.ThrowsAny<IOException>(() => new DiskStorage(Folder).List(""));
    }

    [Fact]
    public void A_missing_parent_is_an_error_that_names_it()
    {
        string deep = Path.Combine(_parent, "missing", "cache");

        var error = Assert.Throws<LogFolderException>(() => new DiskStorage(deep).CreateDirectory(""));

        Assert.Equal(deep, error.Path);
        Assert.Contains($"'{Path.Combine(_parent, "missing")}' is not there", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_where_the_folder_should_be_is_an_error()
    {
        File.WriteAllText(Folder, "");

        var error = Assert.Throws<LogFolderException>(() => new DiskStorage(Folder).CreateDirectory(""));

        Assert.Contains("a file has that name", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_may_not_be_written_is_an_error()
    {
        Assert.SkipWhen(Environment.UserName == "root", "root may write anywhere");
        Directory.CreateDirectory(Folder);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var error = Assert.Throws<LogFolderException>(new DiskStorage(Folder).Lock);

        Assert.Contains("write access", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_on_a_read_only_file_system_is_an_error()
    {
        const string ReadOnly = "/proc/sys/fs";
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(ReadOnly), "needs /proc");

        Assert.Throws<LogFolderException>(() => new DiskStorage(Path.Combine(ReadOnly, "cache")).CreateDirectory(""));
        Assert.Throws<LogFolderException>(new DiskStorage(ReadOnly).Lock);
    }

    [Fact]
    public void A_full_disk_is_an_error_and_no_crash()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        Directory.CreateDirectory(Folder);
        File.CreateSymbolicLink(Path.Combine(Folder, "full"), "/dev/full");
        using IStorageFile file = new DiskStorage(Folder).Open("full", StorageOpen.Existing);

        var error = Assert.ThrowsAny<IOException>(() => file.Write(0, "x"u8));

        Assert.Contains("No space left", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sync_reports_what_fdatasync_answered()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a device that can't be synced is found on Linux");
        Directory.CreateDirectory(Folder);
        File.CreateSymbolicLink(Path.Combine(Folder, "null"), "/dev/null");
        using IStorageFile file = new DiskStorage(Folder).Open("null", StorageOpen.Existing);

        var error = Assert.ThrowsAny<IOException>(file.Sync);

        Assert.Contains("fdatasync", error.Message, StringComparison.Ordinal);
    }

    // Of everything that is open in the folder. All are found before the first is copied, which may be given the number of a descriptor that is in the list.
    private List<int> CopyDescriptors()
    {
        List<string> open = [.. Directory.GetFileSystemEntries("/proc/self/fd").Where(entry => new FileInfo(entry).LinkTarget is { } target && target.StartsWith(Folder, StringComparison.Ordinal))];
        return open.ConvertAll(entry => dup(int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture)));
    }

    [LibraryImport("libc")]
    private static partial int dup(int descriptor);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
