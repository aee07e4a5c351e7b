using System.Globalization;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>Who may open a folder, and what the others are told.</summary>
public sealed class FolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_second_process_is_told_who_has_the_folder_and_the_first_goes_on()
    {
        using ChildProcess owner = ChildProcess.Start("serve", _folder["cache"]);
        Assert.Equal("open", owner.ReadLine());
        Assert.Equal("ok", owner.Ask("set before 10"));

        FolderInUseException refused = await Caches.RefusesAsync<FolderInUseException>(_folder["cache"]);

        Assert.Equal(owner.Id, refused.ProcessId);
        Assert.Contains(owner.Id.ToString(CultureInfo.InvariantCulture), refused.Message, StringComparison.Ordinal);
        Assert.Contains(_folder["cache"], refused.Message, StringComparison.Ordinal);
        Assert.Equal("ok", owner.Ask("set after 20"));
        Assert.Equal("closed", owner.Ask("close"));
        await using EmbeddedCache cache = await Caches.OpenAsync(_folder["cache"]);
        Assert.Equal(10, cache.Strings.GetBytes("before")!.Length);
        Assert.Equal(20, cache.Strings.GetBytes("after")!.Length);
    }

    [Fact]
    public async Task A_process_is_refused_the_folder_of_this_one_by_another_name_too()
    {
        await using EmbeddedCache cache = await Caches.OpenAsync(_folder["cache"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["cache"]);

        using ChildProcess second = ChildProcess.Start("serve", _folder["link"]);

        string said = second.ReadLine()!;
        Assert.StartsWith("FolderInUseException: ", said, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}", said, StringComparison.Ordinal);
        Assert.Equal(1, second.WaitForExit());
    }

    [Fact]
    public async Task A_second_cache_in_the_same_process_is_refused_until_the_first_is_closed()
    {
        EmbeddedCache first = await Caches.OpenAsync(_folder["cache"]);

        FolderInUseException refused = await Caches.RefusesAsync<FolderInUseException>(_folder["cache"]);

        Assert.Equal(Environment.ProcessId, refused.ProcessId);
        first.Strings.Set("key", "value"u8);
        await first.DisposeAsync();
        await using EmbeddedCache second = await Caches.OpenAsync(_folder["cache"]);
        Assert.Equal("value"u8.ToArray(), second.Strings.GetBytes("key"));
    }

    [Fact]
    public async Task The_folder_of_a_killed_process_opens_at_once()
    {
        using ChildProcess owner = ChildProcess.Start("serve", _folder["cache"]);
        Assert.Equal("open", owner.ReadLine());
        Assert.Equal("ok", owner.Ask("set key 100"));
        owner.Kill();
        owner.WaitForExit();

        await using EmbeddedCache cache = await Caches.OpenAsync(_folder["cache"]);

        Assert.False(cache.Recovery!.ClosedCleanly);
        Assert.Equal(100, cache.Strings.GetBytes("key")!.Length);
    }

    [Fact]
    public async Task A_failed_opening_gives_the_folder_back()
    {
        await using (EmbeddedCache cache = await Caches.OpenAsync(_folder["cache"]))
        {
            cache.Strings.Set("key", "value"u8);
        }

        string manifest = Path.Combine(_folder["cache"], "appendonlydir", "appendonly.aof.manifest");
        string whole = await File.ReadAllTextAsync(manifest, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(manifest, "what is this?\n", TestContext.Current.CancellationToken);
        await Caches.RefusesAsync<LogFormatException>(_folder["cache"]);
        await File.WriteAllTextAsync(manifest, whole, TestContext.Current.CancellationToken);

        await using EmbeddedCache again = await Caches.OpenAsync(_folder["cache"]);

        Assert.Equal("value"u8.ToArray(), again.Strings.GetBytes("key"));
    }

    [Fact]
    public async Task A_file_where_the_folder_should_be_is_named_and_left_alone()
    {
        await File.WriteAllTextAsync(_folder["cache"], "precious", TestContext.Current.CancellationToken);

        LogFolderException refused = await Caches.RefusesAsync<LogFolderException>(_folder["cache"]);

        Assert.Contains(_folder["cache"], refused.Message, StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(_folder["cache"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_folder_whose_parent_is_missing_is_refused_and_nothing_is_made()
    {
        string path = Path.Combine(_folder["no"], "cache");

        LogFolderException refused = await Caches.RefusesAsync<LogFolderException>(path);

        Assert.Contains(_folder["no"], refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["no"]));
    }

    [Fact]
    public async Task A_folder_is_made_for_its_owner_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        await using EmbeddedCache cache = await Caches.OpenAsync(_folder["cache"]);

        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
            UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        string[] all = [_folder["cache"], .. Directory.EnumerateFileSystemEntries(_folder["cache"], "*", SearchOption.AllDirectories)];
        Assert.True(all.Length >= 4);
        foreach (string path in all)
        {
            Assert.True((File.GetUnixFileMode(path) & others) == UnixFileMode.None, $"others may use '{path}'");
        }
    }

    public void Dispose() => _folder.Dispose();
}
