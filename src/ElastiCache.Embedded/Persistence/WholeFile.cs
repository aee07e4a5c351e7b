namespace ElastiCache.Embedded.Persistence;

/// <summary>Writes a file under another name first: whatever happens, what has the name afterwards is a whole file, the one before or the new one.</summary>
internal static class WholeFile
{
    /// <summary>Makes a file, or replaces one.</summary>
    /// <param name="storage">Its folder.</param>
    /// <param name="name">Its name.</param>
    /// <param name="temporary">The name that it has before it is whole. Nobody else may be using that.</param>
    /// <param name="write">Writes and syncs it.</param>
    /// <returns>What <paramref name="write"/> returned.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public static async Task<T> WriteAsync<T>(IStorage storage, string name, string temporary, Func<IStorageFile, Task<T>> write)
    {
        try
        {
            T written;
            using (IStorageFile file = storage.Open(temporary, StorageOpen.Create))
            {
                written = await write(file).ConfigureAwait(false);
            }

            storage.Rename(temporary, name);
            storage.SyncDirectory("");
            return written;
        }
        catch
        {
            if (storage.List("").Contains(temporary))
            {
                storage.Delete(temporary);
            }

            throw;
        }
    }
}
