namespace ElastiCache.Embedded.Persistence;

/// <summary>Two answers of a file system that .NET does not report as an <see cref="IOException"/>, made one: whoever writes to a disk waits for no other exception.</summary>
/// <remarks>EFBIG arrives as a wrong argument, EACCES and EPERM (a file made immutable, a share whose owner has changed) as <see cref="UnauthorizedAccessException"/>.</remarks>
internal static class DiskError
{
    public static bool IsMisnamed(Exception e) => e is ArgumentOutOfRangeException or UnauthorizedAccessException;

    public static IOException Named(Exception e, string path) => e is UnauthorizedAccessException
        ? new IOException($"'{path}' may not be used ({e.Message.TrimEnd('.')}). Give this user read and write access to the folder and its files.", e)
        : new IOException($"'{path}' would become larger than the file system or a limit (ulimit -f) allows.", e);
}
