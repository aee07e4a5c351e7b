using System.Globalization;
using ElastiCache.Embedded.Server.Cli;
using ElastiCache.Embedded.Tests.Crash;

namespace ElastiCache.Embedded.Server.Tests.Cli;

/// <summary>The program's commands on files, by what they leave behind and their exit code.</summary>
public sealed class DataCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Data_go_from_a_folder_that_is_open_into_a_file_and_from_there_into_another_folder()
    {
        await using EmbeddedCache open = await OpenAsync("open");
        open.Strings.Set("text", "one");
        open.Database(2).SortedSet<string>("board").Add("ada", 1.5);
        await open.FlushAsync(Token);

        Assert.Equal(0, await CommandLine.RunAsync(["check", _folder["open"]]));
        Assert.Equal(0, await CommandLine.RunAsync(["inspect", _folder["open"], "--json", "--largest", "1"]));
        Assert.Equal(0, await CommandLine.RunAsync(["export", _folder["open"], _folder["some.rdb"]]));
        Assert.Equal(0, await CommandLine.RunAsync(["check", _folder["some.rdb"]]));
        Assert.Equal(0, await CommandLine.RunAsync(["import", _folder["some.rdb"], _folder["other"]]));
        Assert.Equal(1, await CommandLine.RunAsync(["import", _folder["some.rdb"], _folder["other"]]));
        Assert.Equal(0, await CommandLine.RunAsync(["import", _folder["some.rdb"], _folder["other"], "--replace"]));

        await using EmbeddedCache other = await OpenAsync("other");
        Assert.Equal("one", other.Strings.GetString("text"));
        Assert.Equal(1.5, other.Database(2).SortedSet<string>("board").Score("ada"));
    }

    [Fact]
    public async Task A_folder_or_some_keys_of_it_go_back_to_a_moment()
    {
        DateTimeOffset first = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(first);
        await using (EmbeddedCache cache = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = _folder["cache"], TimeProvider = time }, Token))
        {
            cache.Strings.Set("user:1", "good");
            cache.Strings.Set("other", "good");
            await cache.FlushAsync(Token);
            time.Advance(TimeSpan.FromSeconds(10));
            cache.Strings.Set("user:1", "bad");
            cache.Strings.Set("other", "bad");
        }

        string moment = first.AddSeconds(5).ToString("s", CultureInfo.InvariantCulture);
        Assert.Equal(0, await CommandLine.RunAsync(["restore", _folder["cache"], "--to", moment, "--keys", "user:*"]));
        await AssertAsync("good", "bad");
        Assert.Equal(0, await CommandLine.RunAsync(["restore", _folder["cache"], "--to", moment + "Z"]));
        await AssertAsync("good", "good");
        Assert.Equal(1, await CommandLine.RunAsync(["restore", _folder["cache"], "--to", "2001-01-01"]));
        await AssertAsync("good", "good");

        async Task AssertAsync(string user, string rest)
        {
            await using EmbeddedCache cache = await OpenAsync("cache");
            Assert.Equal(user, cache.Strings.GetString("user:1"));
            Assert.Equal(rest, cache.Strings.GetString("other"));
        }
    }

    [Fact]
    public async Task A_damaged_folder_fails_the_check_and_opens_after_the_fix()
    {
        await using (EmbeddedCache cache = await OpenAsync("cache"))
        {
            cache.Strings.Set("first", 1);
            await cache.FlushAsync(Token);
            cache.Strings.Set("second", 2);
            await cache.FlushAsync(Token);
            cache.Strings.Set("third", 3);
        }

        string log = _folder["cache/appendonlydir/appendonly.aof.1.incr.aof"];
        byte[] bytes = await File.ReadAllBytesAsync(log, Token);
        bytes[bytes.AsSpan().IndexOf("second"u8)] ^= 1;
        await File.WriteAllBytesAsync(log, bytes, Token);

        Assert.Equal(1, await CommandLine.RunAsync(["check", _folder["cache"]]));
        Assert.Equal(0, await CommandLine.RunAsync(["check", _folder["cache"], "--fix"]));
        Assert.Equal(0, await CommandLine.RunAsync(["check", _folder["cache"]]));
        await using EmbeddedCache again = await OpenAsync("cache");
        Assert.Equal(1, again.Keys.Count);
        Assert.Equal(1, again.Strings.Get<int>("first"));
    }

    [Theory]
    [InlineData("frob")]
    [InlineData("check")]
    [InlineData("check nowhere")]
    [InlineData("inspect nowhere")]
    [InlineData("export nowhere file.rdb")]
    [InlineData("import nowhere.rdb folder")]
    [InlineData("restore nowhere --to then")]
    [InlineData("inspect nowhere --largest many")]
    public async Task What_can_not_be_done_ends_with_1(string command)
    {
        string[] words = command.Split(' ');
        Assert.Equal(1, await CommandLine.RunAsync([words[0], .. words.Skip(1).Select((word, i) => i == 0 || !word.StartsWith('-') && word != "then" && word != "many" ? _folder[word] : word)]));
    }

    private Task<EmbeddedCache> OpenAsync(string name) => EmbeddedCache.OpenAsync(_folder[name], Token).AsTask();
}
