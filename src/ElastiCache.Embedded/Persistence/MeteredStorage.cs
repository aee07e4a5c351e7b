namespace ElastiCache.Embedded.Persistence;

/// <summary>How far files have been read.</summary>
/// <param name="Done">Bytes read so far, each once however often it is looked at.</param>
/// <param name="Total">Bytes of all files opened so far.</param>
internal readonly record struct ReadProgress(long Done, long Total);

/// <summary>A storage that tells how far its files have been read, each megabyte. Who doesn't ask uses the storage itself and pays nothing.</summary>
internal sealed class MeteredStorage(IStorage storage, IProgress<ReadProgress> progress) : IStorage
{
    private const long BytesAReport = 1024 * 1024;

    private long _done;
    private long _total;
    private long _reported;

    /// <summary>A storage that tells whoever wants to know; itself where nobody does.</summary>
    public static IStorage Over(IStorage storage, IProgress<ReadProgress>? progress) => progress == null ? storage : new MeteredStorage(storage, progress);

    public string PathOf(string name) => storage.PathOf(name);

    public void CreateDirectory(string name) => storage.CreateDirectory(name);

    public IDisposable Lock() => storage.Lock();

    public IReadOnlyList<string> List(string directory) => storage.List(directory);

    public IStorageFile Open(string name, StorageOpen how)
    {
        IStorageFile file = storage.Open(name, how);
        if (how == StorageOpen.Create)
        {
            return file;
        }

        Interlocked.Add(ref _total, file.Length);
        return new MeteredFile(this, file);
    }

    public void Rename(string from, string to) => storage.Rename(from, to);

    public void Delete(string name) => storage.Delete(name);

    public void SyncDirectory(string name) => storage.SyncDirectory(name);

    private void Count(long bytes)
    {
        long done = Interlocked.Add(ref _done, bytes);
        long reported = Volatile.Read(ref _reported);
        if (done - reported >= BytesAReport && Interlocked.CompareExchange(ref _reported, done, reported) == reported)
        {
            progress.Report(new ReadProgress(done, Volatile.Read(ref _total)));
        }
    }

    private sealed class MeteredFile(MeteredStorage owner, IStorageFile file) : IStorageFile
    {
        // What lies beyond was not there when the file was opened: we have written it.
        private readonly long _length = file.Length;
        private long _end;

        public long Length => file.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            int read = file.Read(offset, buffer);
            long end = Math.Min(offset + read, _length);
            if (end > _end)
            {
                owner.Count(end - _end);
                _end = end;
            }

            return read;
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes) => file.Write(offset, bytes);

        public void Truncate(long length) => file.Truncate(length);

        public void Sync() => file.Sync();

        public void Dispose() => file.Dispose();
    }
}
