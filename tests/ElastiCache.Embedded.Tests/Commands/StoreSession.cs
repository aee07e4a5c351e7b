using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Tests.Operations;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>Commands on a store whose log, clock and events the test sees, without a sweeper in the background.</summary>
internal sealed class StoreSession : IDisposable
{
    private readonly CommandContext _context;
    private readonly RespWriter _reply = new();

    public StoreSession(int shards = 4, long maxBytes = 1L << 30, bool evicts = false)
    {
        Keys = new KeyTestStore(shards, maxBytes, evicts);
        _context = new CommandContext(Keys.Store, _reply);
        Events = new RecordedEvents();
        Keys.Store.Events = Events;
    }

    public KeyTestStore Keys { get; }

    public Store Store => Keys.Store;

    /// <summary>What happened to keys since the last look.</summary>
    public RecordedEvents Events { get; }

    /// <summary>Bytes in all shards' blocks.</summary>
    public long AllocatedBytes => Enumerable.Range(0, Store.ShardCount).Sum(shard => Store.ShardAt(shard).Allocator.AllocatedBytes);

    public RedisReply Execute(byte[][] arguments)
    {
        _reply.Clear();
        CommandTable.Core.Serve(_context, new LoggedCommand(0, arguments).ToArguments());
        return RedisReplyReader.Read(new MemoryStream(_reply.Written.ToArray()));
    }

    public RedisReply Execute(string line) => Execute(Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes));

    /// <summary>The reply on one line.</summary>
    public string Run(string line) => Execute(line).ToString();

    /// <summary>Lets time pass, without a sweep.</summary>
    public void Wait(long milliseconds) => Keys.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>All hashes and sets, one a line, sorted.</summary>
    public List<string> Members()
    {
        var lines = new List<string>();
        foreach (string key in Keys.KeysLike("*"))
        {
            ValueKind kind = Keys.Type(key);
            if (kind == ValueKind.Hash)
            {
                RedisReply[] all = Execute([Bytes("HGETALL"), Bytes(key)]).Items!;
                lines.AddRange(all.Chunk(2).Select(pair => $"{key}[{Hex(pair[0])}] = {Hex(pair[1])} {Execute([Bytes("HPEXPIRETIME"), Bytes(key), Bytes("FIELDS"), Bytes("1"), pair[0].Bytes!])}"));
            }
            else if (kind == ValueKind.Set)
            {
                lines.AddRange(Execute([Bytes("SMEMBERS"), Bytes(key)]).Items!.Select(member => $"{key}({Hex(member)})"));
            }
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    public void Dispose() => Keys.Dispose();

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Hex(RedisReply reply) => Convert.ToHexString(reply.Bytes!);
}

/// <summary>Notes events as <c>hset hash1</c>.</summary>
internal sealed class RecordedEvents : KeyEvents
{
    private readonly List<string> _events = [];

    public RecordedEvents()
    {
        Classes = KeyEventClass.All;
    }

    /// <summary>The events on one line, which are then forgotten.</summary>
    public string Take()
    {
        string events = string.Join(", ", _events);
        _events.Clear();
        return events;
    }

    public override void Raise(KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, ReadOnlySpan<byte> key) =>
        _events.Add($"{Encoding.ASCII.GetString(name)} {Encoding.ASCII.GetString(key)}");
}
