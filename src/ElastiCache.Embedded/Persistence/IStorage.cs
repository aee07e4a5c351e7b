namespace ElastiCache.Embedded.Persistence;

/// <summary>Everything that persistence asks of a disk, within one folder, so that a test can fail or lose any of it.</summary>
/// <remarks>
/// Names are relative to the folder, with '/' between parts; "" is the folder itself. Nothing is durable until it is synced, and
/// that in two parts, as POSIX has it: a file's bytes by <see cref="IStorageFile.Sync"/>, its name (after a create, rename or
/// delete) by <see cref="SyncDirectory"/>. A failure is an <see cref="IOException"/>; a failed sync must not be tried again.
/// </remarks>
internal interface IStorage
{
    /// <summary>The path of <paramref name="name"/>, for messages.</summary>
    string PathOf(string name);

    /// <summary>Makes the folder if there is none, but not its parents. Its own name is durable on return, whoever made it.</summary>
    void CreateDirectory(string name);

    /// <summary>Claims the folder until the result is disposed.</summary>
    /// <exception cref="FolderInUseException">Somebody has claimed it.</exception>
    IDisposable Lock();

    /// <summary>Names of the files (not folders) in a folder, without its path, in no order. A folder that is not there has none.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>Opens a file for reading and writing.</summary>
    IStorageFile Open(string name, StorageOpen how);

    /// <summary>Gives a file another name in the same folder, in one step; a file of that name is replaced.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file.</summary>
    void Delete(string name);

    /// <summary>Returns when the names in the folder are on disk.</summary>
    void SyncDirectory(string name);

    /// <summary>The same folder with its files as they lie on the disk, in whatever envelope.</summary>
    IStorage Raw => this;

    /// <summary>Whether a file that this has opened may be appended to; otherwise a new one must be begun.</summary>
    bool MayContinue(IStorageFile file) => true;
}

/// <summary>An open file of an <see cref="IStorage"/>. One thread at a time.</summary>
internal interface IStorageFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads up to a buffer; 0 at the end of the file.</summary>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Writes all of the bytes. After a failure any part of them may be in the file.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Sets the length.</summary>
    void Truncate(long length);

    /// <summary>Returns when bytes and length are on disk.</summary>
    void Sync();

    /// <summary>Looks where an end begins that a crash may have torn, and leaves it out of <see cref="Length"/>. O(n) for what may not have been on disk.</summary>
    /// <remarks>For a file that was appended to until the machine stopped. Every other one is complete before anything names it: what is wrong with its end is found when it is read.</remarks>
    void FindTornEnd()
    {
    }

    /// <summary>Bytes behind <see cref="Length"/> that can't be read, in a file with an envelope; <see cref="Truncate"/> cuts them off too.</summary>
    long TornBytes => 0;

    /// <summary>Why those are no torn end as a crash leaves it; null if they are.</summary>
    LogDamagedException? Damage => null;

    /// <summary>Writes bytes that are in the file once more, so that the next sync puts them on disk even if one before has failed.</summary>
    /// <param name="start">Their offset.</param>
    /// <param name="end">Where they end; at most the length.</param>
    void WriteAgain(long start, long end)
    {
        byte[] buffer = new byte[Math.Min(1024 * 1024, end - start)];
        while (start < end)
        {
            int read = Read(start, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - start)));
            Write(start, buffer.AsSpan(0, read));
            start += read;
        }
    }
}

internal enum StorageOpen
{
    /// <summary>The file must be there.</summary>
    Existing,

    /// <summary>The file is made; one that is there is emptied.</summary>
    Create,
}
