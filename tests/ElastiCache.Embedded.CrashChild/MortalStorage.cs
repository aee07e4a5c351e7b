using System.Diagnostics;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>Kills the process in a storage call of this number, counted over all its folders.</summary>
internal sealed class Mortality(int lastCall)
{
    private int _calls;

    /// <summary>A storage call begins.</summary>
    public void Live(Action? lastWords)
    {
        if (Interlocked.Increment(ref _calls) == lastCall)
        {
            lastWords?.Invoke();
            Process.GetCurrentProcess().Kill(); // SIGKILL
            Thread.Sleep(Timeout.Infinite);
        }
    }
}

/// <summary>A disk on which some call is the last thing that the process does. A write is then half done.</summary>
internal sealed class MortalStorage(IStorage storage, Mortality mortality) : IStorage
{
    public string PathOf(string name) => storage.PathOf(name);

    public void CreateDirectory(string name)
    {
        Live();
        storage.CreateDirectory(name);
    }

    public IDisposable Lock()
    {
        Live();
        return storage.Lock();
    }

    public IReadOnlyList<string> List(string directory)
    {
        Live();
        return storage.List(directory);
    }

    public IStorageFile Open(string name, StorageOpen how)
    {
        Live();
        return new MortalFile(this, storage.Open(name, how));
    }

    public void Rename(string from, string to)
    {
        Live();
        storage.Rename(from, to);
    }

    public void Delete(string name)
    {
        Live();
        storage.Delete(name);
    }

    public void SyncDirectory(string name)
    {
        Live();
        storage.SyncDirectory(name);
    }

    private void Live(Action? lastWords = null) => mortality.Live(lastWords);

    private sealed class MortalFile(MortalStorage storage, IStorageFile file) : IStorageFile
    {
        public long Length => file.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            storage.Live();
            return file.Read(offset, buffer);
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            byte[] half = bytes[..(bytes.Length / 2)].ToArray();
            storage.Live(() => file.Write(offset, half));
            file.Write(offset, bytes);
        }

        public void Truncate(long length)
        {
            storage.Live();
            file.Truncate(length);
        }

        public void Sync()
        {
            storage.Live();
            file.Sync();
        }

        public void Dispose() => file.Dispose();
    }
}
