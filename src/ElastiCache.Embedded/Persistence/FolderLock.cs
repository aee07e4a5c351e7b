using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The claim of one cache to its folder: a lock on the file <c>elasticache.lock</c>, which names the owner's process.</summary>
/// <remarks>
/// <code>
///   4711 5f0c…\n        process id, then 128 random bits of this claim
/// </code>
/// flock locks the open file, not the name. If somebody deletes or replaces the lock file between our open and our flock, we
/// hold a file that no newcomer will ever see. So we read the content back through the name: only the same inode shows our own
/// random bits. The operating system ends the lock with the process, however that dies, so a stale file never keeps anybody out.
/// </remarks>
internal sealed class FolderLock : IDisposable
{
    public const string FileName = "elasticache.lock";

    // Each round lost means that the file was replaced within microseconds of our opening it.
    private const int Tries = 10;

    private readonly FileStream _stream;

    private FolderLock(FileStream stream) => _stream = stream;

    public static FolderLock Take(string folder)
    {
        string path = Path.Combine(folder, FileName);
        for (int i = 0; i < Tries; i++)
        {
            FileStream stream = OpenExclusive(folder, path);
            string claim = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {Guid.NewGuid():N}\n");
            try
            {
                RandomAccess.SetLength(stream.SafeFileHandle, 0);
                RandomAccess.Write(stream.SafeFileHandle, Encoding.ASCII.GetBytes(claim), 0);
                if (ReadClaim(path) == claim)
                {
                    return new FolderLock(stream);
                }
            }
            catch
            {
                stream.Dispose();
                throw;
            }

            stream.Dispose();
        }

        throw new LogFolderException(folder, $"its lock file '{path}' is replaced again and again", "Stop what deletes or restores files there.");
    }

    public void Dispose()
    {
        // The file stays: deleting it would open the very race that Take guards against. Only the owner's number goes.
        RandomAccess.SetLength(_stream.SafeFileHandle, 0);
        _stream.Dispose();
    }

    private static FileStream OpenExclusive(string folder, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                return DiskStorage.OpenStream(path, FileMode.OpenOrCreate, FileShare.Read);
            }
            catch (IOException e) when (e is not LogException && File.Exists(path))
            {
                throw new FolderInUseException(folder, OwnerIn(ReadClaim(path)));
            }
        }

        FileStream stream = DiskStorage.OpenStream(path, FileMode.OpenOrCreate, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            if (!Posix.TryLock(stream.SafeFileHandle, path))
            {
                throw new FolderInUseException(folder, OwnerIn(ReadClaim(path)));
            }

            return stream;
        }
        catch (Exception e)
        {
            stream.Dispose();
            if (e is LogException)
            {
                throw;
            }

            throw new LogFolderException(folder, $"its file system can't lock files ({e.Message})", "Choose a folder on a local disk.", e);
        }
    }

    private static string? ReadClaim(string path)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return reader.ReadToEnd();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static int? OwnerIn(string? claim) =>
        int.TryParse(claim?.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int processId) ? processId : null;
}
