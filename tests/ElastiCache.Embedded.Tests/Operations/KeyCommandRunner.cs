using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Tests.Commands;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>Two stores that get the same commands: one by the operations, whose answers are taken, one by the command table, whose errors are.</summary>
internal sealed class KeyCommandRunner : IDisposable
{
    private readonly CommandContext _context;

    public KeyCommandRunner()
    {
        _context = new CommandContext(ByTable.Store);
    }

    public KeyTestStore Direct { get; } = new();

    public KeyTestStore ByTable { get; } = new(shards: 1);

    public int Database { get; private set; }

    public static RedisReply Nil { get; } = new();

    public RedisReply Execute(string[] words)
    {
        var command = new LoggedCommand(Database, Array.ConvertAll(words, Encoding.UTF8.GetBytes));
        _context.Database = Database;
        try
        {
            return CommandTable.Core.Find(command.Arguments[0]) is not null && CommandTable.Core.Execute(_context, command.ToArguments()) is { } error
                ? new RedisReply(Error: error.ToString())
                : Call(words);
        }
        catch (WrongTypeException)
        {
            return new RedisReply(Error: "WRONGTYPE Operation against a key holding the wrong kind of value");
        }
        catch (InvalidOperationException refusal)
        {
            return new RedisReply(Error: $"ERR {refusal.Message}");
        }
    }

    public void Dispose()
    {
        Direct.Dispose();
        ByTable.Dispose();
    }

    private RedisReply Call(string[] a)
    {
        switch (a[0])
        {
            case "SELECT":
                Database = int.Parse(a[1], CultureInfo.InvariantCulture);
                return Ok;
            case "SET":
                Direct.Set(a[1], a[2], Database, a.Length > 3 ? long.Parse(a[4], CultureInfo.InvariantCulture) : long.MaxValue);
                return Ok;
            case "APPEND":
                return Number(Direct.Append(a[1], a[2], Database));
            case "DEL" or "UNLINK":
                return Number(a.Length == 2 ? Direct.DeleteOne(a[1], Database) ? 1 : 0 : Direct.Delete(Database, a[1..]));
            case "EXISTS":
                return Number(Direct.Keys.Exists(Database, new TextKeys(a.AsSpan(1))));
            case "TOUCH":
                return Number(Direct.Keys.Touch(Database, new TextKeys(a.AsSpan(1))));
            case "TYPE":
                return Text(TypeNames.Of(Direct.Type(a[1], Database)));
            case "RENAME":
                Direct.Rename(a[1], a[2], onlyIfAbsent: false, Database);
                return Ok;
            case "RENAMENX":
                return Number(Direct.Rename(a[1], a[2], onlyIfAbsent: true, Database) == RenameOutcome.Renamed ? 1 : 0);
            case "COPY":
                int db = Array.IndexOf(a, "DB", 3);
                int to = db < 0 ? Database : int.Parse(a[db + 1], CultureInfo.InvariantCulture);
                return Number(Direct.Copy(a[1], a[2], Array.IndexOf(a, "REPLACE", 3) >= 0, Database, to) ? 1 : 0);
            case "MOVE":
                return Number(Direct.Move(a[1], int.Parse(a[2], CultureInfo.InvariantCulture), Database) ? 1 : 0);
            case "EXPIRE" or "PEXPIRE" or "EXPIREAT" or "PEXPIREAT":
                long from = a[0].EndsWith("AT", StringComparison.Ordinal) ? 0 : Direct.Now;
                Assert.True(ExpireDeadline.TryMake(long.Parse(a[2], CultureInfo.InvariantCulture), a[0][0] == 'E', from, out long deadline));
                return Number(Direct.Expire(a[1], deadline, ConditionOf(a[3..]), Database) ? 1 : 0);
            case "PERSIST":
                return Number(Direct.Persist(a[1], Database) ? 1 : 0);
            case "PEXPIRETIME":
                return Number(Direct.Deadline(a[1], Database).UnixTime(inSeconds: false));
            case "PTTL" or "TTL":
                return Number(Direct.Deadline(a[1], Database).TimeLeft(Direct.Now, inSeconds: a[0] == "TTL"));
            case "OBJECT":
                return Object(a);
            case "KEYS":
                return List(Direct.KeysLike(a[1], Database));
            case "SCAN":
                return Scan(a);
            case "RANDOMKEY":
                return Direct.RandomKey(Database) is { } key ? Text(key) : Nil;
            case "DBSIZE":
                return Number(Direct.Databases.Size(Database));
            case "SWAPDB":
                Direct.Swap(int.Parse(a[1], CultureInfo.InvariantCulture), int.Parse(a[2], CultureInfo.InvariantCulture));
                return Ok;
            case "FLUSHDB":
                _ = Direct.Flush(Database);
                return Ok;
            case "FLUSHALL":
                _ = Direct.FlushAll();
                return Ok;
            default:
                throw new NotSupportedException(a[0]);
        }
    }

    private RedisReply Object(string[] a)
    {
        ElastiCache.Embedded.Keyspace.KeyProbe.Create(Encoding.UTF8.GetBytes(a[2]), out var key);
        return a[1] switch
        {
            "ENCODING" => Direct.Objects.Encoding(Database, key) is { } name ? Text(name) : Nil,
            "IDLETIME" => Direct.Objects.IdleSeconds(Database, key) is { } seconds ? Number(seconds) : Nil,
            _ => Direct.Objects.Frequency(Database, key) is { } uses ? Number(uses) : Nil,
        };
    }

    private RedisReply Scan(string[] a)
    {
        var found = new List<string>();
        string? match = a.Length > 4 && a[4] == "MATCH" ? a[5] : null;
        ValueKind? kind = a.Length > 4 && a[4] == "TYPE" ? KindOf(a[5]) : null;
        ulong cursor = Direct.Scan(0, found, 1000, match, kind, Database);
        Assert.Equal(0ul, cursor);
        found.Sort(StringComparer.Ordinal);
        return new RedisReply(Items: [Text("0"), List(found)]);
    }

    // None, the default, for a type that there isn't.
    private static ValueKind KindOf(string name) =>
        Array.Find(Enum.GetValues<ValueKind>(), kind => TypeNames.Of(kind).Equals(name, StringComparison.OrdinalIgnoreCase));

    private static ExpireCondition ConditionOf(string[] words) => words.Aggregate(ExpireCondition.Always, (all, word) => all | word.ToUpperInvariant() switch
    {
        "NX" => ExpireCondition.IfNone,
        "XX" => ExpireCondition.IfAny,
        "GT" => ExpireCondition.IfLater,
        _ => ExpireCondition.IfSooner,
    });

    private static RedisReply Ok { get; } = Text("OK");

    private static RedisReply Text(string text) => new(Encoding.UTF8.GetBytes(text));

    private static RedisReply Number(long number) => new(Number: number);

    private static RedisReply List(IEnumerable<string> items) => new(Items: [.. items.Select(Text)]);
}
