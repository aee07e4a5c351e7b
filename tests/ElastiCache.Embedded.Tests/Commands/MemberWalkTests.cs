using System.Text;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Walks and draws over hashes and sets.</summary>
public sealed class MemberWalkTests : IDisposable
{
    private readonly StoreSession _session = new();

    public void Dispose() => _session.Dispose();

    [Theory]
    [InlineData("HSCAN", 5_000)]
    [InlineData("SSCAN", 5_000)]
    [InlineData("HSCAN", 100)]
    [InlineData("SSCAN", 100)]
    public void A_scan_meets_all_that_were_there_from_beginning_to_end(string scan, int lasting)
    {
        bool isHash = scan == "HSCAN";
        var random = new Random(1);
        for (int i = 0; i < lasting; i++)
        {
            Add(isHash, i);
        }

        var seen = new HashSet<string>();
        int next = lasting;
        string cursor = "0";
        do
        {
            var reply = _session.Execute($"{scan} k {cursor} COUNT 20");
            cursor = reply[0].Text!;
            seen.UnionWith(reply[1].Items!.Select(item => item.Text!));
            Assert.InRange(reply[1].Items!.Length, 0, isHash ? 260 : 130);
            for (int i = random.Next(100); i > 0; i--)
            {
                Add(isHash, next++);
            }

            for (int i = random.Next(100); i > 0 && next > lasting; i--)
            {
                next--;
                _session.Execute(isHash ? $"HDEL k m{next}" : $"SREM k m{next}");
            }
        }
        while (cursor != "0");

        Assert.All(Enumerable.Range(0, lasting), i => Assert.Contains($"m{i}", seen));
    }

    [Theory]
    [InlineData("HRANDFIELD", 10)]
    [InlineData("HRANDFIELD", 1_000)]
    [InlineData("SRANDMEMBER", 10)]
    [InlineData("SRANDMEMBER", 1_000)]
    public void Draws_are_of_the_number_asked_for_and_meet_all(string draw, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Add(draw == "HRANDFIELD", i);
        }

        foreach (int wanted in new[] { 1, 2, count / 4, count - 1, count, count + 5 })
        {
            string[] drawn = [.. _session.Execute($"{draw} k {wanted}").Items!.Select(item => item.Text!)];
            Assert.Equal(Math.Min(wanted, count), drawn.Distinct().Count());
            Assert.Equal(drawn.Length, drawn.Distinct().Count());
        }

        string[] repeated = [.. _session.Execute($"{draw} k -{count * 20}").Items!.Select(item => item.Text!)];
        Assert.Equal(count * 20, repeated.Length);
        Assert.Equal(count, repeated.Distinct().Count());
        Assert.Equal("[]", _session.Run($"{draw} k 0"));

        var sampled = new HashSet<string>();
        for (int i = 0; i < 400; i++)
        {
            sampled.UnionWith(_session.Execute($"{draw} k {count / 2}").Items!.Select(item => item.Text!));
        }

        Assert.Equal(count, sampled.Count);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000)]
    public void SPOP_takes_each_member_once(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Add(isHash: false, i);
            _session.Execute($"SADD integers {i}");
        }

        foreach (string key in new[] { "k", "integers" })
        {
            var taken = new HashSet<string>();
            while (_session.Execute($"SPOP {key}") is { IsNull: false } popped)
            {
                Assert.True(taken.Add(popped.Text!));
                foreach (var more in _session.Execute($"SPOP {key} 3").Items!)
                {
                    Assert.True(taken.Add(more.Text!));
                }

                Assert.Equal(count - taken.Count, _session.Execute($"SCARD {key}").Number);
            }

            Assert.Equal(count, taken.Count);
        }
    }

    [Theory]
    [InlineData("HGETALL h", "%1|$1|a|$1|1|")]
    [InlineData("HGETALL none", "%0|")]
    [InlineData("HKEYS h", "*1|$1|a|")]
    [InlineData("HGET h none", "_|")]
    [InlineData("HRANDFIELD h 1 WITHVALUES", "*1|*2|$1|a|$1|1|")]
    [InlineData("HRANDFIELD h 1", "*1|$1|a|")]
    [InlineData("HRANDFIELD none", "_|")]
    [InlineData("HSCAN h 0", "*2|$1|0|*2|$1|a|$1|1|")]
    [InlineData("SMEMBERS s", "~1|$1|x|")]
    [InlineData("SINTER s s", "~1|$1|x|")]
    [InlineData("SRANDMEMBER s 1", "*1|$1|x|")]
    [InlineData("SPOP s 0", "~0|")]
    [InlineData("SPOP s 1", "~1|$1|x|")]
    [InlineData("SPOP none", "_|")]
    [InlineData("SMISMEMBER s x", "*1|:1|")]
    public void Replies_in_RESP3_are_maps_and_sets(string command, string reply)
    {
        using var session = new CommandSession();
        session.Execute("HSET h a 1");
        session.Execute("SADD s x");
        session.Context.Reply.Protocol = 3;

        byte[] bytes = session.Run(Array.ConvertAll(command.Split(' '), Encoding.ASCII.GetBytes));

        Assert.Equal(reply, Encoding.ASCII.GetString(bytes).Replace("\r\n", "|", StringComparison.Ordinal));
    }

    private void Add(bool isHash, int number) => _session.Execute(isHash ? $"HSET k m{number} v" : $"SADD k m{number}");
}
