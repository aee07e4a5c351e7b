namespace ElastiCache.Embedded.Persistence.Envelope;

/// <summary>Puts an envelope around every file that is made, and takes it off every file that is opened; the files of a cache that has none pass through as they are.</summary>
/// <param name="storage">Where the files are.</param>
/// <param name="options">The envelope; null for none. Files that have one can be read then, if they are not encrypted.</param>
/// <param name="time">The clock, for the time in a file's header.</param>
internal sealed class EnvelopeStorage(IStorage storage, EnvelopeOptions? options, TimeProvider time) : IStorage
{
    public IStorage Raw => storage.Raw;

    public string PathOf(string name) => storage.PathOf(name);

    public void CreateDirectory(string name) => storage.CreateDirectory(name);

    public IDisposable Lock() => storage.Lock();

    public IReadOnlyList<string> List(string directory) => storage.List(directory);

    public void Rename(string from, string to) => storage.Rename(from, to);

    public void Delete(string name) => storage.Delete(name);

    public void SyncDirectory(string name) => storage.SyncDirectory(name);

    // A nonce must not come twice, and what is encrypted must not go on in plain.
    public bool MayContinue(IStorageFile file) => options == null && file is not SealedReader && storage.MayContinue(file);

    public IStorageFile Open(string name, StorageOpen how) => how == StorageOpen.Create ? Create(name) : OpenExisting(name);

    private IStorageFile Create(string name)
    {
        if (options == null)
        {
            return storage.Open(name, StorageOpen.Create);
        }

        // First, so that without a key there is no file.
        EncryptionKey? key = options.Keys?.Current;
        return new SealedWriter(
            storage.Open(name, StorageOpen.Create), PathOf(name), EnvelopeHeader.New(key, time.GetUtcNow().ToUnixTimeSeconds()), key, options.Compresses);
    }

    private IStorageFile OpenExisting(string name)
    {
        IStorageFile file = storage.Open(name, StorageOpen.Existing);
        try
        {
            Span<byte> start = stackalloc byte[EnvelopeHeader.MagicBytes];
            start = start[..file.Read(0, start)];
            if (start.Length > 0 && EnvelopeHeader.Magic.StartsWith(start))
            {
                return SealedReader.Open(file, PathOf(name), options?.Keys);
            }

            // A file that was being made when the machine stopped may be all zeros.
            if (options is { Keys: not null, AcceptsPlainFiles: false } && start.ContainsAnyExcept((byte)0))
            {
                throw new LogFormatException(
                    PathOf(name), 0, "it is not encrypted, and this cache has keys",
                    "To put an existing folder under encryption, open it once with EnvelopeOptions.AcceptsPlainFiles and rewrite the log.");
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
