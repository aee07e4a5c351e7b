using System.Text;
using ElastiCache.Embedded.Keyspace;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>MGET, MSET, MSETNX and LCS.</summary>
public sealed class StringBatchTests : IDisposable
{
    private readonly StringCommandRunner _store = new(shards: 8);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void MGET_answers_in_the_order_of_the_keys_and_null_for_what_is_no_string()
    {
        _store.PutList("list");
        _store.Run("SET a 1");
        _store.Run("SET b ''");

        Assert.Equal("[\"\", (nil), (nil), \"1\", \"1\"]", _store.Run("MGET b missing list a a"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(100)]
    public void MGET_reads_any_number_of_keys(int count)
    {
        string[] keys = [.. Enumerable.Range(0, count).Select(i => $"key:{i}")];
        foreach (string key in keys)
        {
            _store.Run($"SET {key} value-of-{key}");
        }

        string reply = _store.Run($"MGET {string.Join(' ', keys)}");

        Assert.Equal($"[{string.Join(", ", keys.Select(key => $"\"value-of-{key}\""))}]", reply);
    }

    [Fact]
    public void MSET_over_several_shards_is_one_block_in_the_log()
    {
        _store.Run("SET a old PX 1000");
        _store.Journal.Drain();

        Assert.Equal("\"OK\"", _store.Run("MSET a 1 b 2 c 3 a 4"));

        Assert.Equal("[\"4\", \"2\", \"3\"]", _store.Run("MGET a b c"));
        Assert.Equal(Record.NoExpiry, _store.Look("a")!.Value.Deadline);
        Assert.Equal(["MULTI", "SET a 1", "SET b 2", "SET c 3", "SET a 4", "EXEC"], _store.Journal.Drain());
    }

    [Fact]
    public void MSET_of_one_key_needs_no_block()
    {
        _store.Run("MSET a 1");

        Assert.Equal(["SET a 1"], _store.Journal.Drain());
    }

    [Fact]
    public void MSETNX_stores_nothing_if_one_of_the_keys_exists_whatever_it_holds()
    {
        _store.PutList("list");
        _store.Run("SET c x");
        _store.Journal.Drain();

        Assert.Equal("0", _store.Run("MSETNX a 1 b 2 c 3"));
        Assert.Equal("0", _store.Run("MSETNX a 1 list 2"));
        Assert.Null(_store.Look("a"));
        Assert.Empty(_store.Journal.Drain());
        Assert.Equal("1", _store.Run("MSETNX a 1 a 2"));
        Assert.Equal("\"2\"", _store.Run("GET a"));
    }

    [Fact]
    public void MSETNX_takes_a_key_whose_time_has_come_for_missing_and_logs_that_in_the_same_block()
    {
        _store.Run("SET a old PX 1000");
        _store.Time.Advance(TimeSpan.FromSeconds(1));
        _store.Journal.Drain();

        Assert.Equal("1", _store.Run("MSETNX a 1 b 2"));

        Assert.Equal(["MULTI", "DEL a", "SET a 1", "SET b 2", "EXEC"], _store.Journal.Drain());
    }

    [Fact]
    public void MSET_that_does_not_fit_the_budget_stores_none_of_its_values_and_gives_its_memory_back()
    {
        using var store = new StringCommandRunner(shards: 4, maxBytes: 16 << 20);
        store.Run("SET a old");
        string[] before = [.. Enumerable.Range(0, 3).Select(i => $"{store.Store.ShardAt(i).Allocator.AllocatedBytes}")];
        store.Journal.Drain();
        byte[] large = new byte[6 << 20];

        for (int i = 0; i < 5; i++)
        {
            var reply = store.Execute([.. "MSET a 1 b L c L d L".Split(' ').Select(word => word == "L" ? large : Encoding.ASCII.GetBytes(word))]);

            Assert.StartsWith("CacheFullException", reply.Error, StringComparison.Ordinal);
        }

        Assert.Equal("[\"old\", (nil), (nil), (nil)]", store.Run("MGET a b c d"));
        Assert.Equal(before, Enumerable.Range(0, 3).Select(i => $"{store.Store.ShardAt(i).Allocator.AllocatedBytes}"));
        Assert.Empty(store.Journal.Drain());
        Assert.Equal("\"OK\"", store.Run("MSET a 1 b 2"));
    }

    [Fact]
    public void MSET_that_evicts_leaves_in_the_log_what_it_leaves_in_memory()
    {
        using var store = new StringCommandRunner(shards: 1, maxBytes: 4 << 20, evicts: true);
        var log = new Dictionary<string, int>();
        var random = new Random(7);
        for (int i = 0; i < 400; i++)
        {
            var command = new List<byte[]> { "MSET"u8.ToArray() };
            for (int j = 0; j < 8; j++)
            {
                command.Add(Encoding.ASCII.GetBytes($"k{random.Next(60)}"));
                command.Add(new byte[random.Next(1, 200_000)]);
            }

            store.Execute([.. command]);
        }

        foreach (byte[][] command in store.Journal.Commands)
        {
            switch (Encoding.ASCII.GetString(command[0]))
            {
                case "SET":
                    log[Encoding.ASCII.GetString(command[1])] = command[2].Length;
                    break;
                case "DEL":
                    log.Remove(Encoding.ASCII.GetString(command[1]));
                    break;
            }
        }

        Assert.True(store.Store.ShardAt(0).EvictedCount > 100);
        for (int i = 0; i < 60; i++)
        {
            Assert.Equal(log.TryGetValue($"k{i}", out int length) ? length : null, store.Look($"k{i}")?.Value.Length);
        }
    }

    [Fact]
    public void LCS_answers_the_text_its_length_and_where_it_lies()
    {
        _store.Run("MSET a ohmytext b mynewtext");

        Assert.Equal("\"mytext\"", _store.Run("LCS a b"));
        Assert.Equal("6", _store.Run("LCS a b LEN"));
        Assert.Equal("[\"matches\", [[[4, 7], [5, 8]], [[2, 3], [0, 1]]], \"len\", 6]", _store.Run("LCS a b IDX"));
        Assert.Equal("[\"matches\", [[[4, 7], [5, 8]]], \"len\", 6]", _store.Run("LCS a b IDX MINMATCHLEN 4"));
        Assert.Equal("\"ohmytext\"", _store.Run("LCS a a"));
        Assert.Equal("\"\"", _store.Run("LCS a missing"));
        Assert.Equal("0", _store.Run("LCS missing missing LEN"));
    }

    [Fact]
    public void LCS_refuses_a_pair_whose_comparison_would_take_too_much_memory()
    {
        _store.Execute(["SET"u8.ToArray(), "a"u8.ToArray(), new byte[20_000]]);
        _store.Run("SET b x");

        Assert.Equal("0", _store.Run("LCS a b LEN"));
        Assert.StartsWith("(error) ArgumentException: The values of keys 'a' and 'a' have 20000 and 20000 bytes", _store.Run("LCS a a LEN"), StringComparison.Ordinal);
    }
}
