using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>A large collection read slice by slice is as it was when its snapshot began, whatever writers do between two slices.</summary>
public sealed class CollectionSnapshotTests : IDisposable
{
    private readonly EmbeddedCache _cache = new(new EmbeddedCacheOptions { Shards = 1 });
    private readonly CommandSession _session;

    public CollectionSnapshotTests() => _session = new CommandSession(_cache);

    public void Dispose()
    {
        _session.Dispose();
        _cache.Dispose();
    }

    public static TheoryData<string, int> Kinds()
    {
        var kinds = new TheoryData<string, int>();
        foreach (string kind in (string[])["hash", "set", "zset", "list", "stream"])
        {
            for (int seed = 1; seed <= 4; seed++)
            {
                kinds.Add(kind, seed);
            }
        }

        return kinds;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void It_is_as_it_was_when_the_snapshot_began(string kind, int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 6; round++)
        {
            Fill(kind, random);
            List<string> before = Contents(kind);
            (Shard shard, Collection collection) = Locked();
            CollectionSnapshot snapshot = collection.BeginSnapshot();
            shard.Exit();

            var taken = new List<string>();
            int deletedAfter = round % 3 == 2 ? random.Next(40) : int.MaxValue;
            for (int slice = 0; !snapshot.IsDone; slice++)
            {
                if (slice == deletedAfter)
                {
                    Run("DEL", "k");
                }

                for (int i = 0; i < 30; i++)
                {
                    Change(kind, random);
                }

                shard.Enter();
                Read(snapshot, taken);
                shard.Exit();
            }

            shard.Enter();
            shard.Collections.EndSnapshot(collection);
            shard.Exit();

            string where = $"seed {seed}, round {round}";
            if (kind is not ("list" or "stream"))
            {
                before.Sort(StringComparer.Ordinal);
                taken.Sort(StringComparer.Ordinal);
            }

            Assert.Equal(before.Count, snapshot.Count);
            Assert.True(before.SequenceEqual(taken), $"{where}: {taken.Count} elements taken, {before.Count} expected; first difference at {FirstDifference(before, taken)}");
        }

        Run("DEL", "k");
        AssertAllIsFree();
    }

    [Fact]
    public void A_snapshot_that_was_given_up_hides_nothing_from_the_next()
    {
        var random = new Random(3);
        Fill("hash", random);
        (Shard shard, Collection collection) = Locked();
        CollectionSnapshot givenUp = collection.BeginSnapshot();
        var taken = new List<string>();
        Read(givenUp, taken);
        shard.Collections.EndSnapshot(collection);
        taken.Clear();
        CollectionSnapshot next = collection.BeginSnapshot();
        while (!next.IsDone)
        {
            Read(next, taken);
        }

        shard.Collections.EndSnapshot(collection);
        shard.Exit();
        Assert.Equal(collection.Count, taken.Distinct().Count());
    }

    [Fact]
    public void What_is_given_up_half_way_is_free()
    {
        foreach (string kind in (string[])["hash", "list", "stream"])
        {
            var random = new Random(1);
            Fill(kind, random);
            (Shard shard, Collection collection) = Locked();
            collection.BeginSnapshot();
            shard.Exit();
            Run("DEL", "k");

            shard.Enter();
            shard.Collections.EndSnapshot(collection);
            shard.Exit();

            AssertAllIsFree();
        }
    }

    private static int FirstDifference(List<string> a, List<string> b)
    {
        int i = 0;
        while (i < a.Count && i < b.Count && a[i] == b[i])
        {
            i++;
        }

        return i;
    }

    // The sweeper frees what was deleted; then nothing but tables is left.
    private void AssertAllIsFree()
    {
        _cache.Store.Sweep();
        Shard shard = _cache.Store.ShardAt(0);
        shard.Enter();
        while (shard.Collections.FreeSlice())
        {
        }

        bool hasShells = shard.Collections.Count > 0;
        shard.Exit();
        Assert.False(hasShells);
        Assert.Equal(0, shard.Count(0));
        Assert.InRange(shard.Allocator.AllocatedBytes, 0, 16 * 1024);
    }

    private (Shard Shard, Collection Collection) Locked()
    {
        KeyProbe.Create("k"u8, out KeyProbe key);
        Shard shard = _cache.Store.Enter(key);
        Assert.True(shard.TryFind(0, key, out Entry entry));
        return (shard, shard.ShellOf(entry)!);
    }

    private void Fill(string kind, Random random)
    {
        for (int i = 0; i < 4_000; i++)
        {
            Grow(kind, random, i);
        }
    }

    private void Grow(string kind, Random random, int i)
    {
        string value = new('v', random.Next(40));
        switch (kind)
        {
            case "hash":
                Run("HSET", "k", $"field:{random.Next(6_000)}", value + i);
                break;
            case "set":
                Run("SADD", "k", $"member:{random.Next(6_000)}");
                break;
            case "zset":
                Run("ZADD", "k", $"{random.Next(100)}", $"member:{random.Next(6_000)}");
                break;
            case "list":
                Run(random.Next(2) == 0 ? "LPUSH" : "RPUSH", "k", value + i);
                break;
            default:
                Run("XADD", "k", "*", "field", value + i);
                break;
        }
    }

    private void Change(string kind, Random random)
    {
        if (random.Next(2) == 0)
        {
            Grow(kind, random, random.Next());
            return;
        }

        string member = random.Next(6_000).ToString(System.Globalization.CultureInfo.InvariantCulture);
        switch (kind)
        {
            case "hash":
                Run("HDEL", "k", $"field:{member}");
                break;
            case "set":
                Run("SREM", "k", $"member:{member}");
                break;
            case "zset":
                Run(random.Next(2) == 0 ? "ZREM" : "ZRANK", "k", $"member:{member}");
                break;
            case "list":
                switch (random.Next(5))
                {
                    case 0:
                        Run("LSET", "k", $"{random.Next(-2_000, 2_000)}", member);
                        break;
                    case 1:
                        Run("LTRIM", "k", "3", "-3");
                        break;
                    case 2:
                        Run("LREM", "k", "1", member);
                        break;
                    case 3:
                        Run("LINSERT", "k", "BEFORE", member, new string('x', random.Next(3_000)));
                        break;
                    default:
                        Run(random.Next(2) == 0 ? "LPOP" : "RPOP", "k", "3");
                        break;
                }

                break;
            default:
                if (random.Next(2) == 0)
                {
                    Run("XTRIM", "k", "MAXLEN", "3000");
                }
                else
                {
                    RedisReply entries = _session.Execute([.. ((string[])["XRANGE", "k", "-", "+", "COUNT", "400"]).Select(Encoding.ASCII.GetBytes)]);
                    if (entries.Items is { Length: > 0 } items)
                    {
                        Run("XDEL", "k", items[random.Next(items.Length)].Items![0].Text!);
                    }
                }

                break;
        }
    }

    private List<string> Contents(string kind) => kind switch
    {
        "hash" => [.. Pairs("HGETALL", "k")],
        "zset" => [.. Pairs("ZRANGE", "k", "0", "-1", "WITHSCORES")],
        "set" => [.. Run("SMEMBERS", "k").Items!.Select(item => item.Text!)],
        "list" => [.. Run("LRANGE", "k", "0", "-1").Items!.Select(item => item.Text!)],
        _ => [.. Run("XRANGE", "k", "-", "+").Items!.Select(item => item.Items![0].Text!)],
    };

    private IEnumerable<string> Pairs(params string[] command) => Run(command).Items!.Chunk(2).Select(pair => $"{pair[0].Text}={pair[1].Text}");

    private RedisReply Run(params string[] command) => _session.Execute([.. command.Select(Encoding.ASCII.GetBytes)]);

    private static void Read(CollectionSnapshot snapshot, List<string> taken)
    {
        switch (snapshot)
        {
            case MemberSnapshot members:
                var sink = new Names(taken);
                members.Read(100, ref sink);
                break;
            case ListSnapshot list:
                ReadOnlySpan<byte> pack = list.Pack;
                Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
                for (int at = ListPack.First(pack); at >= 0; at = ListPack.Next(pack, at))
                {
                    taken.Add(Encoding.ASCII.GetString(ListPack.Get(pack, at).AsText(scratch)));
                }

                list.MoveNext();
                break;
            case StreamSnapshot stream:
                StreamId node = stream.Nodes.Id;
                ReadOnlySpan<byte> entries = stream.Nodes.Pack;
                for (int at = StreamNode.FirstEntry(entries); at >= 0;)
                {
                    StreamNodeEntry entry = StreamNode.Read(entries, node, at);
                    if (!entry.IsDeleted)
                    {
                        taken.Add(entry.Id.ToString());
                    }

                    at = entry.End;
                }

                stream.Nodes.MoveNext();
                break;
        }
    }

    private readonly struct Names(List<string> names) : IMemberSink
    {
        public void Take(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, long deadline)
        {
            string text = Encoding.ASCII.GetString(name);
            names.Add(
                value.Length == 0 ? text
                : text.StartsWith("member", StringComparison.Ordinal) ? $"{text}={BitConverter.ToDouble(value)}"
                : $"{text}={Encoding.ASCII.GetString(value)}");
        }
    }
}
