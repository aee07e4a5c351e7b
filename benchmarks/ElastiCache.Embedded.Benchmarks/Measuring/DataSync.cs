using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ElastiCache.Embedded.Benchmarks.Measuring;

/// <summary>One append followed by one <c>fdatasync</c>: the smallest durable write that a file system offers.</summary>
/// <remarks>Own <c>LibraryImport</c>, because .NET's ways to flush report success when the sync fails.</remarks>
internal sealed partial class DataSync : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private long _length;

    public DataSync(string folder)
    {
        _path = Path.Combine(folder, "raw-" + Guid.NewGuid().ToString("N") + ".log");
        _file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write);
    }

    public static bool IsSupported => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    public void AppendAndSync(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_file, bytes, _length);
        _length += bytes.Length;
        int result = OperatingSystem.IsLinux() ? FileDataSync(_file) : FileSync(_file);
        if (result != 0)
        {
            throw new IOException($"fdatasync of '{_path}' failed with errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FileDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(SafeFileHandle file);
}
