using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>A client in this process: commands through the command table, replies as RESP, no socket.</summary>
internal sealed class CommandSession : IDisposable
{
    private readonly EmbeddedCache _cache;
    private readonly bool _ownsCache;
    private readonly CommandContext _context;
    private readonly RespWriter _reply = new();

    public CommandSession(EmbeddedCache? cache = null)
    {
        _ownsCache = cache is null;
        _cache = cache ?? new EmbeddedCache();
        Subscriber = new SilentSubscriber();
        _context = new CommandContext(_cache.Store, _reply) { Waiters = _cache.Waiters, Channels = _cache.Hub, Subscriber = Subscriber };
    }

    public EmbeddedCache Cache => _cache;

    public CommandContext Context => _context;

    /// <summary>Gets the messages of this client; a test looks into its buffer.</summary>
    public ClientSubscriber Subscriber { get; }

    /// <summary>Runs a command; the reply's bytes.</summary>
    public byte[] Run(byte[][] arguments)
    {
        _reply.Clear();
        using var bytes = new MemoryStream();
        var places = new (int Start, int Length)[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            places[i] = ((int)bytes.Position, arguments[i].Length);
            bytes.Write(arguments[i]);
        }

        Serve(new CommandArguments(bytes.ToArray(), places));
        if (_context.Waiting is { } waiting)
        {
            // One client alone: nobody will serve it, so its time is up at once.
            _context.Waiting = null;
            waiting.Waiter.End(WaitOutcome.TimedOut);
            waiting.WriteReply(_context, false);
        }

        return _reply.Written.ToArray();
    }

    // As the server's dispatcher does it.
    private void Serve(scoped in CommandArguments arguments)
    {
        if (CommandTable.Core.Resolve(arguments, out Command? command) is null && ChannelCommands.RefusalWhileSubscribed(_context, command!) is { } refusal)
        {
            _context.Transaction.Break();
            _reply.Error(refusal.ToString());
        }
        else
        {
            CommandTable.Core.Serve(_context, arguments);
        }
    }

    public RedisReply Execute(byte[][] arguments) => RedisReplyReader.Read(new MemoryStream(Run(arguments)));

    /// <summary>Runs a command that is written with spaces between its words.</summary>
    public RedisReply Execute(string line) => Execute(Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes));

    public void Dispose()
    {
        if (_ownsCache)
        {
            _cache.Dispose();
        }
    }

    private sealed class SilentSubscriber : ClientSubscriber
    {
        protected override void OnPending()
        {
        }
    }
}
