namespace ElastiCache.Embedded.Tests.Api;

public sealed class KeyScanTests : CacheFixture
{
    [Fact]
    public void A_walk_meets_every_key_once()
    {
        string[] all = Fill(1_000);

        Assert.Equal(all, Keys.Match().Order());
        Assert.Equal(all, Pages(default).Order());
        Assert.Equal(all, Pages(new ScanOptions { Count = 1 }).Order());
        Assert.Equal(all, Pages(new ScanOptions { Count = long.MaxValue }).Order());
    }

    [Fact]
    public void A_pattern_and_a_type_choose_among_the_keys()
    {
        string[] all = Fill(200);

        Assert.Equal(all.Where(key => key.StartsWith("key:1", StringComparison.Ordinal)), Keys.Match("key:1*").Order());
        Assert.Equal(["key:0042"], Keys.Match("key:004[1-3]").Where(key => key.EndsWith('2')));
        Assert.Equal(["key:0042"], Pages(new ScanOptions { Pattern = "*0042" }));
        Assert.Equal(200, Pages(new ScanOptions { Kind = ValueKind.String }).Count());
        Assert.Empty(Pages(new ScanOptions { Kind = ValueKind.Hash }));
        Assert.Empty(Keys.Match(""));
    }

    [Fact]
    public void A_walk_goes_on_while_keys_come_and_go()
    {
        string[] all = Fill(2_000);
        var met = new List<string>();

        foreach (string key in Keys.Match("key:*"))
        {
            met.Add(key);
            Strings.Set($"new:{met.Count}", 1);
            Keys.Delete($"new:{met.Count - 100}");
        }

        Assert.Equal(all, met.Order());
    }

    [Fact]
    public void An_enumeration_that_is_repeated_walks_again()
    {
        IEnumerable<string> keys = Keys.Match();
        Assert.Empty(keys);

        Strings.Set("k", 1);

        Assert.Equal(["k"], keys);
    }

    [Fact]
    public void Keys_that_are_no_text_come_as_bytes()
    {
        Strings.Set(new byte[] { 0xFF, 0x00 }, 1);

        Assert.Equal([[0xFF, 0x00]], Keys.MatchBytes());
        Assert.Equal([0xFF, 0x00], Keys.RandomBytes());
        Assert.Equal("\ufffd\0", Keys.Random());
    }

    [Fact]
    public void A_random_key_is_one_that_is_there()
    {
        Assert.Null(Keys.Random());
        Assert.Null(Keys.RandomBytes());
        string[] all = Fill(10);

        for (int i = 0; i < 100; i++)
        {
            Assert.Contains(Keys.Random(), all);
        }
    }

    [Fact]
    public void Strange_arguments_are_refused_or_end_the_walk()
    {
        Fill(10);

        Assert.Throws<ArgumentOutOfRangeException>(() => Keys.Scan(0, new ScanOptions { Count = -1 }));
        Assert.Throws<ArgumentNullException>(() => Keys.Match(null!));
        Assert.Equal(0ul, Keys.Scan(ulong.MaxValue).Cursor);
    }

    private string[] Fill(int count)
    {
        string[] keys = [.. Enumerable.Range(0, count).Select(i => $"key:{i:D4}")];
        Strings.SetMany(keys.Select(key => KeyValuePair.Create(key, 1)));
        return keys;
    }

    private IEnumerable<string> Pages(ScanOptions options)
    {
        ScanPage page = default;
        do
        {
            page = Keys.Scan(page.Cursor, options);
            foreach (byte[] key in page.Keys)
            {
                yield return System.Text.Encoding.UTF8.GetString(key);
            }
        }
        while (page.Cursor != 0);
    }
}
