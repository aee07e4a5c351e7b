using System.Text;
using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Tests.Persistence;
using Xunit;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>A cache with keys: whatever it leaves on the disk is encrypted, and comes back.</summary>
public sealed class EnvelopeApiTests : IDisposable
{
    private const string Secret = "a-secret-that-must-not-be-seen";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Log_base_history_snapshot_and_backup_are_encrypted_and_come_back()
    {
        await using (EmbeddedCache cache = await OpenAsync("k1"))
        {
            cache.Strings.Set("key", Secret);
            cache.Hash<string, string>("hash").Set("field", Secret);
            await cache.RewriteLogAsync(Token);
            cache.Strings.Set("later", Secret);
            await cache.SnapshotAsync(_folder["snapshot.rdb"], Token);
            await cache.Backups.CreateAsync("kept", Token);
            Assert.Equal("kept", Assert.Single(await cache.Backups.ListAsync(Token)).Name);
        }

        foreach (string file in Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories))
        {
            string bytes = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Token));
            Assert.True(!bytes.Contains(Secret, StringComparison.Ordinal) && !bytes.Contains("later", StringComparison.Ordinal), file);
        }

        await using EmbeddedCache again = await OpenAsync("k2", "k1");
        Assert.Equal(Secret, again.Strings.GetString("key"));
        Assert.Equal(Secret, again.Hash<string, string>("hash").Get("field"));
        Assert.Equal(Secret, again.Strings.GetString("later"));
        await again.Backups.RestoreAsync("kept", ImportMode.Replace, Token);
        Assert.Equal(3, (await again.ImportAsync(_folder["snapshot.rdb"], ImportMode.Replace, Token)).Imported);
    }

    [Fact]
    public async Task A_rewrite_puts_all_of_the_log_under_the_new_key()
    {
        await using (EmbeddedCache cache = await OpenAsync("k1"))
        {
            cache.Strings.Set("key", Secret);
        }

        await using (EmbeddedCache cache = await OpenAsync("k2", "k1"))
        {
            await cache.RewriteLogAsync(Token);
        }

        await using EmbeddedCache onlyNew = await OpenAsync("k2");
        Assert.Equal(Secret, onlyNew.Strings.GetString("key"));
    }

    [Fact]
    public async Task An_export_is_plain_and_an_encrypted_snapshot_needs_its_key()
    {
        await using EmbeddedCache cache = await OpenAsync("k1");
        cache.Strings.Set("key", Secret);
        await cache.ExportAsync(_folder["plain.rdb"], Token);
        await cache.SnapshotAsync(_folder["sealed.rdb"], Token);
        using var other = new EmbeddedCache();

        var error = await Assert.ThrowsAsync<EncryptionKeyException>(() => other.ImportAsync(_folder["sealed.rdb"], cancellationToken: Token));
        Assert.Equal("k1", error.KeyId);
        Assert.Equal(1, (await other.ImportAsync(_folder["plain.rdb"], cancellationToken: Token)).Imported);
        Assert.Equal(1, (await cache.ImportAsync(_folder["plain.rdb"], ImportMode.Replace, Token)).Imported);
    }

    [Fact]
    public async Task Every_flipped_byte_of_an_encrypted_snapshot_is_an_error_of_its_file()
    {
        await using EmbeddedCache cache = await OpenAsync("k1");
        cache.Strings.Set("key", Secret);
        await cache.SnapshotAsync(_folder["sealed.rdb"], Token);
        byte[] whole = await File.ReadAllBytesAsync(_folder["sealed.rdb"], Token);
        string broken = _folder["broken.rdb"];

        for (int i = 0; i < whole.Length; i++)
        {
            byte[] bytes = [.. whole];
            bytes[i] ^= 0x10;
            using (var file = new FileStream(broken, FileMode.Create))
            {
                file.Write(bytes);
            }

            Exception error = await Assert.ThrowsAnyAsync<IOException>(() => cache.ImportAsync(broken, ImportMode.Replace, Token));
            Assert.True(error is RdbFileException or EncryptionKeyException, $"byte {i}: {error}");
        }
    }

    private ValueTask<EmbeddedCache> OpenAsync(params string[] ids) => EmbeddedCache.OpenAsync(
        new EmbeddedCacheOptions
        {
            Folder = _folder["cache"],
            Envelope = new EnvelopeOptions { Keys = new KeyRing(ids), Compresses = true },
            Backup = new BackupOptions { Store = new FolderBackupStore(_folder["backups"]) },
        },
        Token);
}
