using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Resp;
using ElastiCache.Embedded.Server.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>One connection: reads requests, runs them in order, sends the replies.</summary>
/// <remarks>
/// <code>
///   read ─► all requests that are there, one after another, without a pause ─► wait for the log, if it must be ─► send all replies at once ─► read
///                            │
///                            └─ a command that waits (BLPOP), a pause, or a large reply ends the run early; the rest of the input stays where it is
/// </code>
/// Requests are parsed and run in the bytes of the pipe. Nothing is allocated for a command, and a lock is taken only to begin and to end a run.
/// </remarks>
internal sealed class RespConnection
{
    // A reply that grew so far is sent before the next command runs.
    private const int MostReplyBytes = 64 * 1024;

    private readonly ServerState _server;
    private readonly ConnectionContext _connection;
    private readonly RequestReader _reader;
    private readonly ConnectionOutput _output;
    private (byte[] Bytes, (int Start, int Length)[] Places)? _postponed;
    private KeyWaiter? _waiter;
    private long _softLimitSince;
    private volatile bool _isKilled;

    public RespConnection(ServerState server, ConnectionContext connection)
    {
        _server = server;
        _connection = connection;
        _reader = new RequestReader(server.Limits);
        _output = new ConnectionOutput(connection.Transport.Output);
        Socket? socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        FileDescriptor = socket?.Handle ?? -1;
        KeepAlive(socket, (int)server.Configuration.Number("tcp-keepalive"));
        IsUnixSocket = connection.LocalEndPoint is UnixDomainSocketEndPoint;
        RemoteAddress = IsUnixSocket ? $"{connection.LocalEndPoint}:0" : Text(connection.RemoteEndPoint);
        LocalAddress = IsUnixSocket ? $"{connection.LocalEndPoint}:0" : Text(connection.LocalEndPoint);
        Context = new ClientContext(server, this, server.Clients.NextId());
        Memory = new ConnectionMemory(server.ClientMemory, _reader, _output, Context);
    }

    public ClientContext Context { get; }

    public string RemoteAddress { get; }

    public string LocalAddress { get; }

    public bool IsUnixSocket { get; }

    /// <summary>Whether the other side is on this machine.</summary>
    public bool IsLocal => IsUnixSocket || _connection.RemoteEndPoint is not IPEndPoint { Address: { } address } || IPAddress.IsLoopback(address);

    public nint FileDescriptor { get; }

    public ConnectionMemory Memory { get; }

    private RespWriter Reply => Context.Reply;

    /// <summary>Works until the client leaves or is sent away.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!_isKilled && !Context.ClosesAfterReply)
            {
                ReadResult read = await _connection.Transport.Input.ReadAsync().ConfigureAwait(false);
                if (read.Buffer.IsEmpty && (read.IsCompleted || read.IsCanceled))
                {
                    break;
                }

                RunInput(read.Buffer);
                if (!Context.Ticket.Equals(default) && _server.Store.Journal is { } journal)
                {
                    await journal.WaitAsync(Context.Ticket, default).ConfigureAwait(false);
                    Context.Ticket = default;
                }

                Send();
                _reader.Trim();
                Memory.Note();
                if (Context.Waiting != null || Context.Pending != null || _postponed != null)
                {
                    await WaitAsync().ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ConnectionAbortedException or LogException or ObjectDisposedException)
        {
            // The client is gone; or the cache is, or its log failed: then replies that promise what doesn't hold must not be sent.
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends bytes from any thread, perhaps with shards locked, between two replies. Disconnects a client that doesn't keep up.</summary>
    public void Push(ReadOnlySpan<byte> message)
    {
        long pending = _output.Push(message);
        if (pending > 0)
        {
            CheckOutput(pending);
            Memory.NoteWithLocksHeld();
        }
    }

    /// <summary>Sends what has come on channels, from any thread. Disconnects a client that doesn't keep up.</summary>
    public void SendMessages(ClientSubscriber subscriber)
    {
        if (subscriber.IsOverLimit)
        {
            Kill();
            return;
        }

        long pending = _output.SendMessages(subscriber);
        if (pending > 0)
        {
            CheckOutput(pending);
            Memory.Note();
        }
    }

    /// <summary>Ends the connection at once. Nobody finds it in the list of clients any more, though its loop may still be ending.</summary>
    public void Kill()
    {
        _isKilled = true;
        _server.Clients.Remove(this);
        Memory.Close();
        _output.Close();
        _waiter?.End(WaitOutcome.Cancelled);
        _connection.Transport.Input.CancelPendingRead();
        _connection.Abort();
    }

    /// <summary>Ends the wait of a blocking command: CLIENT UNBLOCK.</summary>
    /// <returns>Whether it waited.</returns>
    public bool Unblock(WaitOutcome outcome) => _waiter?.End(outcome) == true;

    /// <summary>Disconnects a client whose output has been above its limit for too long, or that was idle too long. Called now and then.</summary>
    public void CheckTime(long nowMilliseconds, long timeoutSeconds)
    {
        CheckOutput(_output.PendingBytes);
        if (timeoutSeconds > 0 && !Context.IsBlocked && !Context.IsSubscriber && !Context.IsMonitor &&
            nowMilliseconds - Context.LastInteractionMilliseconds > timeoutSeconds * 1000)
        {
            Kill();
        }
    }

    // Runs what is there, and gives back to the pipe what was used.
    private void RunInput(in ReadOnlySequence<byte> buffer)
    {
        Context.BeginRun();
        _reader.IsUnauthenticated = Context.MustAuthenticate;
        _output.Hold();
        long used = 0;
        Memory.RunningInputBytes = buffer.Length;
        if (buffer.IsSingleSegment)
        {
            used = RunSegment(buffer.FirstSpan);
        }
        else
        {
            foreach (ReadOnlyMemory<byte> segment in buffer)
            {
                int usedHere = RunSegment(segment.Span);
                used += usedHere;
                if (usedHere < segment.Length)
                {
                    break;
                }
            }
        }

        Memory.RunningInputBytes = 0;
        Context.Counters.BytesIn += used;
        Context.Counters.Reads++;
        Context.Counters.BytesOut += Reply.Length;
        Context.Counters.Writes++;
        _connection.Transport.Input.AdvanceTo(buffer.GetPosition(used));
    }

    private int RunSegment(ReadOnlySpan<byte> input)
    {
        int used = 0;
        int ahead = 0;
        while (used < input.Length && !IsInterrupted)
        {
            ReadOnlySpan<byte> rest = input[used..];
            if (ahead == 0)
            {
                KeyPrefetch.Run(_server.Store, Context.Database, rest);
                ahead = KeyPrefetch.Requests;
            }

            RequestStatus status = _reader.Read(rest, out int consumed);
            used += consumed;
            switch (status)
            {
                case RequestStatus.Complete:
                    ahead = Math.Max(0, ahead - 1);
                    Serve(new CommandArguments(_reader.Bytes(rest), _reader.Places));
                    break;
                case RequestStatus.Invalid:
                    Context.Counters.CountError("ERR"u8);
                    Reply.Error(_reader.Error);
                    Context.ClosesAfterReply = true;
                    return input.Length;
                case RequestStatus.TooLarge:
                    _isKilled = true;
                    return input.Length;
                default:
                    break;
            }
        }

        return used;
    }

    // A client that has too much to read already doesn't get more; whatever its commands did stays done.
    private void Send()
    {
        CheckOutput(_output.PendingBytes + Reply.Length);
        _output.Send(Reply, Context.Subscriber!);
    }

    private bool IsInterrupted => Context.IsInterrupted || _postponed != null || _isKilled || Reply.Length > MostReplyBytes;

    private void Serve(scoped in CommandArguments arguments)
    {
        int start = Reply.Length;
        if (!Dispatcher.TryServe(Context, arguments))
        {
            _postponed = Copy(arguments);
            Memory.PostponedBytes = _postponed.Value.Bytes.Length;
            return;
        }

        if (Context.ReplyMode != ReplyMode.On)
        {
            HideReply(start);
        }

        if (_output.HasDeferred)
        {
            _output.TakeDeferred(Reply);
        }

        _reader.IsUnauthenticated = Context.MustAuthenticate;
    }

    private void HideReply(int start)
    {
        if (Context.ReplyMode is ReplyMode.Off or ReplyMode.Skip && !(Context.LastCommand is { } last && ChannelCommands.AnswersByMessages(last)))
        {
            Reply.CutBack(start);
        }

        Context.ReplyMode = Context.ReplyMode switch
        {
            ReplyMode.SkipNext => ReplyMode.Skip,
            ReplyMode.Skip => ReplyMode.On,
            ReplyMode mode => mode,
        };
    }

    // A blocking command, a reply that comes later, or a pause. Whatever comes of it is sent with the next replies.
    private async ValueTask WaitAsync()
    {
        Context.IsBlocked = true;
        _server.CountBlocked(1);
        try
        {
            if (Context.Waiting is { } waiting)
            {
                Context.Waiting = null;
                await WaitForKeyAsync(waiting).ConfigureAwait(false);
            }
            else if (Context.Pending is { } pending)
            {
                Context.Pending = null;
                string? error = await pending.Outcome.WaitAsync(_connection.ConnectionClosed).ConfigureAwait(false);
                BeginReply();
                if (error == null)
                {
                    Reply.Ok();
                }
                else
                {
                    Reply.Error(error.ReplaceLineEndings(" "));
                }

                EndReply(0);
            }
            else
            {
                await _server.Pause.Ended.WaitAsync(_connection.ConnectionClosed).ConfigureAwait(false);
            }
        }
        finally
        {
            Context.IsBlocked = false;
            _server.CountBlocked(-1);
        }

        if (_postponed is { } postponed)
        {
            _postponed = null;
            Memory.PostponedBytes = 0;
            BeginReply();
            Serve(new CommandArguments(postponed.Bytes, postponed.Places));
        }

        await FinishWaitAsync().ConfigureAwait(false);
    }

    // What the wait, or the postponed command, has replied; it may wait in its turn.
    private async ValueTask FinishWaitAsync()
    {
        if (!Context.Ticket.Equals(default) && _server.Store.Journal is { } journal)
        {
            await journal.WaitAsync(Context.Ticket, default).ConfigureAwait(false);
            Context.Ticket = default;
        }

        Send();
        Memory.Note();
        if (Context.Waiting != null || Context.Pending != null || _postponed != null)
        {
            await WaitAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask WaitForKeyAsync(WaitingCommand waiting)
    {
        KeyWaiter waiter = waiting.Waiter;
        _waiter = waiter;
        using CancellationTokenRegistration registration =
            _connection.ConnectionClosed.UnsafeRegister(static waiter => ((KeyWaiter)waiter!).End(WaitOutcome.Cancelled), waiter);
        if (_isKilled)
        {
            waiter.End(WaitOutcome.Cancelled);
        }

        try
        {
            WaitOutcome outcome = await waiter.Completion.ConfigureAwait(false);
            BeginReply();
            int start = Reply.Length;
            switch (outcome)
            {
                case WaitOutcome.Served:
                    Context.Ticket = waiter.Ticket;
                    waiting.WriteReply(Context, true);
                    break;
                case WaitOutcome.TimedOut:
                    waiting.WriteReply(Context, false);
                    break;
                case WaitOutcome.Unblocked:
                    Reply.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
                    Context.CountLateFailure("UNBLOCKED"u8);
                    break;
                default:
                    _isKilled = true;
                    break;
            }

            EndReply(start);
        }
        catch (Exception refusal) when (CommandFailure.ReplyFor(refusal) is not null)
        {
            BeginReply();
            string reply = CommandFailure.ReplyFor(refusal)!;
            Reply.Error(reply);
            Context.CountLateFailure(System.Text.Encoding.UTF8.GetBytes(reply));
            EndReply(0);
        }
        finally
        {
            _waiter = null;
        }
    }

    private void BeginReply()
    {
        Context.BeginRun();
        _output.Hold();
    }

    private void EndReply(int start)
    {
        if (Context.ReplyMode != ReplyMode.On)
        {
            HideReply(start);
        }
    }

    private async ValueTask EndAsync()
    {
        _server.Clients.Remove(this);
        Memory.Close();
        _server.Cache.Hub.Close(Context.Subscriber!);
        _waiter?.End(WaitOutcome.Cancelled);
        if (!_server.Store.IsDisposed)
        {
            Context.Transaction.Discard();
        }

        Context.StopMonitoring();
        if (_isKilled)
        {
            _output.Close();
        }

        await _output.DrainAsync().ConfigureAwait(false);
        _output.Close();
        _reader.Release();
    }

    private void CheckOutput(long pending)
    {
        OutputLimit limit = _server.OutputLimits[Context.Kind];
        bool isTooMuch = (limit.HardBytes > 0 && pending > limit.HardBytes) || (pending > RequestLimits.UnauthenticatedReplyBytes && Context.MustAuthenticate);
        if (limit.SoftBytes > 0 && pending > limit.SoftBytes)
        {
            long now = _server.NowMilliseconds;
            _softLimitSince = _softLimitSince == 0 ? now : _softLimitSince;
            isTooMuch |= now - _softLimitSince > limit.SoftSeconds * 1000;
        }
        else
        {
            _softLimitSince = 0;
        }

        if (isTooMuch && !_isKilled)
        {
            Kill();
        }
    }

    private static void KeepAlive(Socket? socket, int seconds)
    {
        if (socket is { ProtocolType: ProtocolType.Tcp } && seconds > 0)
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
        }
    }

    private static (byte[] Bytes, (int Start, int Length)[] Places) Copy(scoped in CommandArguments arguments)
    {
        var places = new (int Start, int Length)[arguments.Count];
        var bytes = new ArrayBufferWriter<byte>();
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = (bytes.WrittenCount, arguments[i].Length);
            bytes.Write(arguments[i]);
        }

        return (bytes.WrittenMemory.ToArray(), places);
    }

    private static string Text(EndPoint? endPoint) => endPoint switch
    {
        null => "?:0",
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port).ToString(),
        _ => endPoint.ToString() ?? "?:0",
    };
}
