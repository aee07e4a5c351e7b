using System.Diagnostics;
using ElastiCache.Embedded.Tests.Crash;
using ElastiCache.Embedded.Tests.House;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Samples;

/// <summary>What the sample promises on its screen; and that Redis agrees with the logs that it leaves.</summary>
public sealed class QuickStartTests : IDisposable
{
    // Enough to fill the cache and evict.
    private static readonly string[] Part = ["--requests", "60000", "--budget", "2097152"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void It_kills_its_writer_loses_nothing_and_starts_warm_the_second_time()
    {
        SampleRun first = Run();
        SampleRun second = Run();

        Assert.Equal("", first.Errors);
        Assert.Equal(0, first.ExitCode);
        Assert.Contains("Cold start: the folder is new.", first.Output, StringComparison.Ordinal);
        Assert.Contains("Killed (SIGKILL) after", first.Output, StringComparison.Ordinal);
        Assert.Matches(@"\d+ acknowledged orders: 0 lost\. [\d,]+ products recovered: 0 wrong\.", first.Output);
        Assert.Contains("hit ratio", first.Output, StringComparison.Ordinal);
        Assert.Equal("", second.Errors);
        Assert.Equal(0, second.ExitCode);
        Assert.Matches(@"Warm start: [\d,]+ products and \d+ orders of earlier runs are back", second.Output);
        Assert.Matches(@"\d+ acknowledged orders: 0 lost\. \d+ orders of earlier runs: 0 lost\. [\d,]+ products recovered: 0 wrong\.", second.Output);
    }

    [Theory]
    [InlineData("cache")]
    [InlineData("orders")]
    public async Task Redis_accepts_the_logs_that_it_leaves_and_answers_with_the_same_values(string cache)
    {
        string checker = Peer.Find("redis-check-aof");
        Peer.Find("redis-server");
        Assert.Equal(0, Run().ExitCode);
        TemporaryFolder.Copy(_folder["data"], _folder["copy"]);

        string manifest = Path.Combine(_folder["copy"], cache, "appendonlydir", "appendonly.aof.manifest");
        using (Process check = Process.Start(new ProcessStartInfo(checker, [manifest]) { RedirectStandardOutput = true })!)
        {
            string said = await check.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await check.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(check.ExitCode == 0 && said.Contains("All AOF files and manifest are valid", StringComparison.Ordinal), said);
        }

        await using EmbeddedCache ours = await Caches.OpenAsync(Path.Combine(_folder["data"], cache));
        using RedisServer redis = RedisServer.Start(
            "--dir", Path.Combine(_folder["copy"], cache), "--appendonly", "yes", "--appenddirname", "appendonlydir", "--appendfilename", "appendonly.aof");

        RedisReply[] keys = redis.Execute("KEYS", "*").Items!;
        Assert.InRange(keys.Length, cache == "orders" ? 30 : 1000, int.MaxValue);
        Assert.Equal(ours.Keys.Count, keys.Length);
        RedisReply[] values = redis.ExecuteAll([.. keys.Select(key => new[] { "GET"u8.ToArray(), key.Bytes! })]);
        for (int i = 0; i < keys.Length; i++)
        {
            Assert.True(values[i].Bytes.AsSpan().SequenceEqual(ours.Strings.GetBytes(keys[i].Bytes!)), $"the values of '{keys[i].Text}' differ");
        }
    }

    [Fact]
    public async Task A_folder_in_use_is_said_in_one_line()
    {
        Directory.CreateDirectory(_folder["data"]);
        await using EmbeddedCache owner = await Caches.OpenAsync(Path.Combine(_folder["data"], "cache"));

        SampleRun refused = Run();

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"is in use by process {Environment.ProcessId}", refused.Errors, StringComparison.Ordinal);
        Assert.Single(refused.Errors.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("--requests", "ten")]
    [InlineData("--budget", "-1")]
    [InlineData("--speed", "9")]
    public void A_wrong_option_is_named_and_the_right_ones_are_listed(string option, string value)
    {
        SampleRun refused = SampleRun.Start("QuickStart", option, value);

        Assert.Equal(64, refused.ExitCode);
        Assert.Contains(option, refused.Errors, StringComparison.Ordinal);
        Assert.Contains("QuickStart [--folder DIR]", refused.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private SampleRun Run() => SampleRun.Start("QuickStart", ["--folder", _folder["data"], .. Part]);
}
