using System.Diagnostics;
using System.Globalization;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Server.Hosting;
using ElastiCache.Embedded.Server.Statistics;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>What a client gets to hear: CLIENT REPLY.</summary>
internal enum ReplyMode
{
    On,
    Off,

    /// <summary>The next command is not answered.</summary>
    SkipNext,

    /// <summary>This command is not answered.</summary>
    Skip,
}

/// <summary>A reply that comes when something has happened, OK or an error; the next command runs only after it.</summary>
/// <param name="Outcome">What has to happen. It ends with null for OK or with the error's text, its code word included, and does not fail.</param>
internal sealed record PendingReply(Task<string?> Outcome)
{
    /// <summary>What a task comes to, as <see cref="Outcome"/> wants it.</summary>
    public static async Task<string?> OutcomeOfAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CacheException or InvalidOperationException or OperationCanceledException)
        {
            return $"ERR {e.Message}";
        }
    }
}

/// <summary>A client's connection, as commands see it.</summary>
/// <remarks>Written by the connection's loop; other clients' CLIENT LIST may look at any moment and see a state that is a moment old.</remarks>
internal sealed class ClientContext : CommandContext
{
    private long _lastTimestamp;
    private Command? _running;

    public ClientContext(ServerState server, RespConnection connection, long id)
        : base(server.Store, new RespWriter())
    {
        Server = server;
        Connection = connection;
        Id = id;
        CreatedMilliseconds = server.NowMilliseconds;
        LastInteractionMilliseconds = CreatedMilliseconds;
        Counters = server.Counters.Current;
        Waiters = server.Cache.Waiters;
        Channels = server.Cache.Hub;
        Subscriber = new ConnectionSubscriber(server, connection);
        IsAuthenticated = server.Password == null;
    }

    public ServerState Server { get; }

    public RespConnection Connection { get; }

    public long Id { get; }

    /// <summary>Unix ms.</summary>
    public long CreatedMilliseconds { get; }

    /// <summary>Unix ms of the last bytes from the client.</summary>
    public long LastInteractionMilliseconds { get; set; }

    /// <summary>The client's address as CLIENT LIST shows it.</summary>
    public string Address => Connection.RemoteAddress;

    public string Name { get; set; } = "";

    public string LibraryName { get; set; } = "";

    public string LibraryVersion { get; set; } = "";

    /// <summary>Whether the client has authenticated, or came when there was no password; one that is set later doesn't shut it out.</summary>
    public bool IsAuthenticated { get; set; }

    public Command? LastCommand { get; private set; }

    public ReplyMode ReplyMode { get; set; }

    public bool IsMonitor { get; set; }

    /// <summary>CLIENT NO-EVICT: not closed on account of maxmemory-clients.</summary>
    public bool IsNeverEvicted { get; set; }

    /// <summary>Whether the client waits: for a key, or for the end of a pause.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>Whether the connection ends once the replies so far are sent.</summary>
    public bool ClosesAfterReply { get; set; }

    /// <summary>Set by a command whose reply comes later.</summary>
    public PendingReply? Pending { get; set; }

    /// <summary>Where the loop's thread counts.</summary>
    public ThreadCounters Counters { get; private set; }

    /// <summary>Whether something ended the run through the input: a wait, or the end of the connection.</summary>
    public bool IsInterrupted => Waiting != null || Pending != null || ClosesAfterReply;

    /// <summary>Whether the client must authenticate before it may do anything else.</summary>
    public bool MustAuthenticate => !IsAuthenticated && Server.Password != null;

    public ClientKind Kind => IsSubscriber ? ClientKind.PubSub : ClientKind.Normal;

    /// <summary>Whether the client listens to channels: in RESP2 it may do little else then.</summary>
    public bool IsSubscriber => Subscriber!.Total > 0;

    /// <summary>The loop begins to work on input, maybe on another thread than the last time.</summary>
    public void BeginRun()
    {
        Counters = Server.Counters.Current;
        LastInteractionMilliseconds = Server.NowMilliseconds;
        _lastTimestamp = Stopwatch.GetTimestamp();
    }

    /// <inheritdoc/>
    public override void Run(Command command, scoped in CommandArguments arguments)
    {
        int start = Reply.Length;
        long began = _lastTimestamp;
        _running = command;
        base.Run(command, arguments);

        // Not earlier: who sees a command in CLIENT LIST may rely on what it does.
        LastCommand = command;
        _running = null;
        _lastTimestamp = Stopwatch.GetTimestamp();
        bool failed = Reply.Length > start && Reply.Written[start] == (byte)'-';
        if (failed)
        {
            Counters.CountError(Reply.Written[(start + 1)..]);
        }

        if (Counters.Owner != Server.Counters)
        {
            Counters = Server.Counters.Current;     // CONFIG RESETSTAT
        }

        long nanoseconds = Counters.CountCall(command, _lastTimestamp - began, failed, Server.TracksLatency);
        if (nanoseconds >= Server.LeastNotableNanoseconds || Server.Monitors.IsAny)
        {
            NoteRun(command, arguments, nanoseconds);
        }
    }

    /// <summary>Counts that the last command, which waited, ended with an error.</summary>
    public void CountLateFailure(ReadOnlySpan<byte> error)
    {
        Counters.CountError(error);
        Counters.CountLateFailure(LastCommand!);
    }

    /// <summary>Back to the state of a new connection: RESET.</summary>
    public void Reset()
    {
        Transaction.Discard();
        ChannelCommands.UnsubscribeAll(this);
        StopMonitoring();
        Name = "";
        Database = 0;
        SetProtocol(2);
        ReplyMode = ReplyMode.On;
        IsNeverEvicted = false;
        Server.ClientMemory.Demand();
        IsAuthenticated = Server.Password == null;
    }

    /// <summary>Chooses the version of the protocol, for replies and for messages.</summary>
    public void SetProtocol(int version)
    {
        Reply.Protocol = version;
        Subscriber!.Protocol = version;
    }

    /// <summary>Ends MONITOR.</summary>
    public void StopMonitoring()
    {
        if (IsMonitor)
        {
            IsMonitor = false;
            Server.Monitors.Remove(Connection);
        }
    }

    /// <summary>The line of CLIENT LIST, without its end.</summary>
    /// <param name="viewer">Who asks; of itself a client sees the command that it is running. Null: the server.</param>
    public string Describe(ClientContext? viewer)
    {
        long now = Server.NowMilliseconds;
        ConnectionMemory memory = Connection.Memory;
        long output = memory.OutputBytes;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"id={Id} addr={Address} laddr={Connection.LocalAddress} fd={Connection.FileDescriptor} name={Name} age={(now - CreatedMilliseconds) / 1000} " +
            $"idle={(now - LastInteractionMilliseconds) / 1000} flags={Flags()} db={Database} sub={Subscriber!.Count(ChannelKind.Channel)} psub={Subscriber.Count(ChannelKind.Pattern)} " +
            $"ssub={Subscriber.Count(ChannelKind.Sharded)} multi={(Transaction.IsOpen ? Transaction.Count : -1)} " +
            $"qbuf={memory.QueryBytes} qbuf-free={memory.FreeQueryBytes} argv-mem={memory.ArgumentBytes} multi-mem={Transaction.Bytes} " +
            $"rbs={memory.ReplyBufferBytes} rbp={memory.ReplyBufferBytes} obl=0 oll={(output > 0 ? 1 : 0)} omem={output} tot-mem={memory.TotalBytes} events={(output > 0 ? "rw" : "r")} cmd={NameOf(ReferenceEquals(viewer, this) ? _running : LastCommand)} user=default redir=-1 resp={Reply.Protocol}");
    }

    /// <summary>A command's name as Redis writes it in lists: <c>config|get</c>.</summary>
    public static string NameOf(Command? command) => command switch
    {
        null => "NULL",
        { Container: { } container } => $"{container}|{command.Name}".ToLowerInvariant(),
        _ => command.Name.ToLowerInvariant(),
    };

    private string Flags()
    {
        string flags =
            (IsMonitor ? "O" : "") + (IsSubscriber ? "P" : "") + (Transaction.IsOpen ? "x" : "") + (IsBlocked ? "b" : "") +
            (ClosesAfterReply ? "c" : "") + (Connection.IsUnixSocket ? "U" : "") + (IsNeverEvicted ? "e" : "");
        return flags.Length == 0 ? "N" : flags;
    }

    private void NoteRun(Command command, scoped in CommandArguments arguments, long nanoseconds)
    {
        if (Server.Monitors.IsAny && (command.Flags & (CommandFlags.SkipMonitor | CommandFlags.Admin)) == 0)
        {
            Server.Monitors.Show(this, arguments);
        }

        long microseconds = nanoseconds / 1000;
        long slowerThan = Server.SlowLog.SlowerThan;
        if (slowerThan >= 0 && microseconds >= slowerThan && !command.Flags.HasFlag(CommandFlags.SkipSlowLog))
        {
            Server.SlowLog.Add(Server.NowMilliseconds / 1000, microseconds, arguments, Address, Name);
        }

        Server.Latency.Add(command.Flags.HasFlag(CommandFlags.Fast) ? "fast-command" : "command", microseconds / 1000, Server.NowMilliseconds / 1000);
    }
}
