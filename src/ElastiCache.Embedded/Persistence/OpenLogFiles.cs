using ElastiCache.Embedded.Persistence.Rdb;

namespace ElastiCache.Embedded.Persistence;

/// <summary>The files that a manifest names, in the order in which they are replayed, all open and all of a kind that we read.</summary>
internal sealed class OpenLogFiles : IDisposable
{
    private readonly IStorage _storage;
    private readonly List<(ManifestFile Named, IStorageFile File)> _files = [];
    private bool _keepsLast;

    public OpenLogFiles(IStorage storage, Manifest manifest)
    {
        _storage = storage;
        try
        {
            if (manifest.Base is ManifestFile state)
            {
                Open(state);
            }

            foreach (ManifestFile increment in manifest.Increments)
            {
                Open(increment);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Count => _files.Count;

    public (ManifestFile Named, IStorageFile File) this[int index] => _files[index];

    public string PathOf(int index) => _storage.PathOf(LogFolder.InDirectory(_files[index].Named.Name));

    public void Sync()
    {
        foreach ((_, IStorageFile file) in _files)
        {
            file.Sync();
        }
    }

    /// <summary>Leaves the last file to the caller, who disposes it.</summary>
    public IStorageFile KeepLast()
    {
        _keepsLast = true;
        return _files[^1].File;
    }

    public void Dispose()
    {
        for (int i = 0; i < _files.Count - (_keepsLast ? 1 : 0); i++)
        {
            _files[i].File.Dispose();
        }
    }

    private void Open(ManifestFile named)
    {
        string name = LogFolder.InDirectory(named.Name);
        IStorageFile file;
        try
        {
            file = _storage.Open(name, StorageOpen.Existing);
        }
        catch (FileNotFoundException)
        {
            throw new LogDamagedException(_storage.PathOf(name), 0, 0, "the manifest names it, and it is not there");
        }

        _files.Add((named, file));
        Span<byte> magic = stackalloc byte[6];
        if (named.Type == ManifestFileType.Increment && RdbFileReader.IsRdb(magic[..file.Read(0, magic)]))
        {
            throw new LogFormatException(
                _storage.PathOf(name), 0, "it is an RDB file, and the manifest calls it an increment", "Correct the manifest, or restore the folder from a backup.");
        }
    }
}
