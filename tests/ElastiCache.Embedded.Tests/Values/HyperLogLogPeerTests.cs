using System.Text;
using ElastiCache.Embedded.Tests.Peers;
using ElastiCache.Embedded.Values;
using Xunit;

namespace ElastiCache.Embedded.Tests.Values;

/// <summary>HyperLogLogs beside redis-server: the same elements give the same bytes and the same counts.</summary>
public class HyperLogLogPeerTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const int Seed = 20260202;
    private const int MostSparseBytes = 3000;

    [Fact]
    public void After_the_same_elements_the_values_are_equal_byte_by_byte()
    {
        var random = new Random(Seed);
        for (int round = 0; round < 60; round++)
        {
            string key = $"bytes:{round}";
            var ours = new byte[HyperLogLogValue.BufferBytes(0)];
            int length = HyperLogLogValue.WriteEmpty(ours);
            redis.Server.Execute("PFADD", key);
            HyperLogLogFormat.Invalidate(ours);

            int elements = 1 << random.Next(14);
            for (int sent = 0; sent < elements;)
            {
                List<byte[]> command = ["PFADD"u8.ToArray(), Encoding.ASCII.GetBytes(key)];
                bool changed = false;
                for (int i = random.Next(1, 100); i > 0; i--, sent++)
                {
                    byte[] element = RandomElement(random, elements);
                    command.Add(element);
                    Assert.True(HyperLogLogValue.TryAdd(ours, ref length, MostSparseBytes, element, out bool changedNow));
                    changed |= changedNow;
                }

                RedisReply reply = redis.Server.Execute([.. command]);
                Assert.Equal(changed ? 1 : 0, reply.Number);
                if (changed)
                {
                    HyperLogLogFormat.Invalidate(ours);
                }

                Assert.Equal(redis.Server.Execute("GET", key).Bytes, ours.AsSpan(0, length).ToArray());
                if (random.Next(4) == 0)
                {
                    Assert.True(HyperLogLogValue.TryCount(ours.AsSpan(0, length), out long count));
                    HyperLogLogFormat.SetCount(ours, count);
                    Assert.Equal(redis.Server.Execute("PFCOUNT", key).Number, count);
                }
            }

            Assert.Equal(redis.Server.Execute("GET", key).Bytes, ours.AsSpan(0, length).ToArray());
        }
    }

    [Fact]
    public void Merged_values_are_equal_byte_by_byte_whether_they_were_sparse_or_dense()
    {
        var random = new Random(Seed + 1);
        for (int round = 0; round < 40; round++)
        {
            byte[] union = new byte[HyperLogLogFormat.Registers];
            byte[] ours = new byte[HyperLogLogValue.BufferBytes(0)];
            int length = HyperLogLogValue.WriteEmpty(ours);
            bool anyDense = false;
            List<string> keys = [];
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                string key = $"merge:{round}:{i}";
                keys.Add(key);
                foreach (byte[] element in Enumerable.Range(0, 1 << random.Next(13)).Select(_ => RandomElement(random, 10_000)))
                {
                    redis.Server.Execute("PFADD"u8.ToArray(), Encoding.ASCII.GetBytes(key), element);
                }

                byte[] value = redis.Server.Execute("GET", key).Bytes!;
                anyDense |= HyperLogLogFormat.IsDense(value);
                Assert.True(HyperLogLogValue.TryMergeInto(value, union));
            }

            if (anyDense)
            {
                Assert.True(HyperLogLogValue.TryMakeDense(ours, ref length));
            }

            Assert.True(HyperLogLogValue.TryAddUnion(ours, ref length, MostSparseBytes, union));
            HyperLogLogFormat.Invalidate(ours);
            redis.Server.Execute(["PFMERGE", "merged", .. keys]);

            Assert.Equal(redis.Server.Execute("GET", "merged").Bytes, ours.AsSpan(0, length).ToArray());
            Assert.Equal(redis.Server.Execute(["PFCOUNT", "merged", .. keys]).Number, HyperLogLogValue.Count(union));
            redis.Server.Execute("DEL", "merged");
        }
    }

    [Fact]
    public void The_runs_of_a_sparse_value_are_described_as_redis_does()
    {
        byte[] ours = new byte[HyperLogLogValue.BufferBytes(0)];
        int length = HyperLogLogValue.WriteEmpty(ours);
        for (int i = 0; i < 300; i++)
        {
            Assert.True(HyperLogLogValue.TryAdd(ours, ref length, MostSparseBytes, Encoding.ASCII.GetBytes($"{i}"), out _));
            redis.Server.Execute("PFADD", "described", $"{i}");
        }

        Assert.Equal(redis.Server.Execute("PFDEBUG", "DECODE", "described").Text, HyperLogLogValue.Describe(ours.AsSpan(0, length)));
    }

    private static byte[] RandomElement(Random random, int different)
    {
        string text = $"{random.Next(different)}";
        return Encoding.ASCII.GetBytes(text.PadLeft(text.Length + (random.Next(different) % 20), 'x'));
    }
}
