using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Tests.Peers;
using Record = ElastiCache.Embedded.Keyspace.Record;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>Random commands on few keys, here and on redis-server: the same replies, the same keyspace, and a log that gives redis-server the same again.</summary>
public class StringFuzzTests(RedisServerFixture redis, ITestOutputHelper output) : IClassFixture<RedisServerFixture>
{
    private const int Rounds = 50;
    private const int CommandsARound = 500;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Replies_values_and_deadlines_are_those_of_redis_and_so_is_what_redis_makes_of_the_log(int seed)
    {
        output.WriteLine($"seed {seed}");
        var commands = new StringCommandSource(new Random(seed));
        using var ours = new StringCommandRunner();
        ours.PutList("list");
        redis.Server.Execute("FLUSHALL");
        redis.Server.Execute("RPUSH", "list", "x");
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);

        for (int round = 0; round < Rounds; round++)
        {
            byte[][][] some = [.. Enumerable.Range(0, CommandsARound).Select(_ => commands.Next(ours.Now))];
            RedisReply[] theirs = redis.Server.ExecuteAll(some);
            for (int i = 0; i < some.Length; i++)
            {
                RedisReply reply = ours.Execute(some[i]);
                string outcome = Encoding.ASCII.GetString(some[i][0]) + (reply.Error is not null ? ' ' + ErrorClass(reply.Error) : reply.IsNull ? " nil" : "");
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
                if (Show(theirs[i]) != Show(reply))
                {
                    Assert.Fail($"seed {seed}, round {round}, command {i}: {Text(some[i])}\nredis: {Show(theirs[i])}\n ours: {Show(reply)}");
                }
            }

            CompareKeyspaces(ours, $"seed {seed} after round {round}");
        }

        output.WriteLine(string.Join('\n', outcomes.Select(outcome => $"{outcome.Value,6} {outcome.Key}")));

        // Twice, because a log may be replayed over a snapshot that has seen a part of it.
        redis.Server.Execute("FLUSHALL");
        redis.Server.Execute("RPUSH", "list", "x");
        for (int replay = 1; replay <= 2; replay++)
        {
            Assert.DoesNotContain(redis.Server.ExecuteAll(ours.Journal.Commands), reply => reply.Error is not null);
            CompareKeyspaces(ours, $"seed {seed}, replay {replay}");
        }
    }

    private void CompareKeyspaces(StringCommandRunner ours, string when)
    {
        int present = 0;
        foreach (string key in StringCommandSource.AllKeys)
        {
            byte[] name = Encoding.ASCII.GetBytes(key);
            var entry = ours.Look(name);
            present += entry is null ? 0 : 1;
            RedisReply[] theirs = redis.Server.ExecuteAll([["GET"u8.ToArray(), name], ["PEXPIRETIME"u8.ToArray(), name]]);
            long deadline = entry is null ? -2 : entry.Value.Deadline == Record.NoExpiry ? -1 : entry.Value.Deadline;
            string value = entry is null ? "(nil)"
                : entry.Value.Kind == ValueKind.List ? "WrongTypeException"
                : Convert.ToHexString(entry.Value.Value);
            Assert.True(Show(theirs[0]) == value && theirs[1].Number == deadline,
                $"{when}, key {key}:\nredis: {Show(theirs[0])} until {theirs[1]}\n ours: {value} until {deadline}");
        }

        Assert.Equal(present, redis.Server.Execute("DBSIZE").Number);
    }

    private static string Show(RedisReply reply) =>
        reply.Items is not null ? $"[{string.Join(", ", reply.Items.Select(Show))}]"
        : reply.Error is not null ? ErrorClass(reply.Error)
        : reply.Number is not null ? reply.Number.Value.ToString(CultureInfo.InvariantCulture)
        : reply.Bytes is not null ? Convert.ToHexString(reply.Bytes)
        : "(nil)";

    private static string ErrorClass(string error) => error switch
    {
        _ when error.StartsWith("WRONGTYPE", StringComparison.Ordinal) => "WrongTypeException",
        "ERR The specified keys must contain string values" => "WrongTypeException",
        "ERR value is not an integer or out of range" or "ERR value is not a valid float" => "FormatException",
        "ERR increment or decrement would overflow" or "ERR decrement would overflow" => "OverflowException",
        "ERR increment would produce NaN or Infinity" => "OverflowException",
        "ERR offset is out of range" or "ERR bit offset is not an integer or out of range" => "ArgumentOutOfRangeException",
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)" => "ValueTooLargeException",
        _ when error.StartsWith("ERR", StringComparison.Ordinal) => error,
        _ => error[..error.IndexOf(':', StringComparison.Ordinal)],
    };

    private static string Text(byte[][] command) => string.Join(' ', command.Select(a =>
        a.Length > 100 ? $"({a.Length} bytes)" : a.All(b => b is > 0x20 and < 0x7F) && a.Length > 0 ? Encoding.ASCII.GetString(a) : $"0x{Convert.ToHexString(a)}"));
}
