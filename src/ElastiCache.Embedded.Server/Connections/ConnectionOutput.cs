using System.Buffers;
using System.IO.Pipelines;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>What a connection sends: the replies of its own loop, and what other threads push to it.</summary>
/// <remarks>
/// <code>
///   loop:    Hold ── replies into the RespWriter ── Send          pushes of this time wait for the end of a command
///   others:  Push ─────────────────────────────────────► pending ─► pipe
///            messages on channels wait in the ClientSubscriber ──► fetched by Send, or by SendMessages while the loop does not hold the output
/// </code>
/// A push never lands inside a reply: while the loop holds the output, pushes are put aside, and the loop fetches them between two commands. The pipe takes
/// some 64 KB at once; what it doesn't take yet waits here and is what client-output-buffer-limit counts. Nothing here ever blocks.
/// </remarks>
internal sealed class ConnectionOutput
{
    private const int MostKeptBytes = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly PipeWriter _pipe;
    private readonly RespWriter _messages = new();
    private ArrayBufferWriter<byte> _deferred = new();
    private ArrayBufferWriter<byte> _pending = new();
    private ArrayBufferWriter<byte> _spare = new();
    private TaskCompletionSource? _drained;
    private bool _isHeld;
    private bool _isFlushing;
    private long _inFlightBytes;        // given to a pipe that is full
    private volatile bool _hasDeferred;
    private volatile bool _isClosed;

    public ConnectionOutput(PipeWriter pipe)
    {
        _pipe = pipe;
    }

    /// <summary>Whether pushes wait for the end of a command.</summary>
    public bool HasDeferred => _hasDeferred;

    /// <summary>Whether the other side is gone: nothing is sent any more.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Bytes that wait until the connection takes them. Those that the pipe holds and has room for don't.</summary>
    public long PendingBytes
    {
        get
        {
            lock (_lock)
            {
                return Waiting();
            }
        }
    }

    /// <summary>Bytes of buffers, used or not.</summary>
    public long HeldBytes
    {
        get
        {
            lock (_lock)
            {
                return (long)_pending.Capacity + _spare.Capacity + _deferred.Capacity + _messages.HeldBytes + Volatile.Read(ref _inFlightBytes);
            }
        }
    }

    /// <summary>The loop begins to write replies.</summary>
    public void Hold()
    {
        lock (_lock)
        {
            _isHeld = true;
        }
    }

    /// <summary>Appends what was pushed meanwhile to the replies. Only between two replies.</summary>
    public void TakeDeferred(RespWriter reply)
    {
        lock (_lock)
        {
            MoveDeferredTo(reply);
        }
    }

    /// <summary>Sends the replies, what was pushed meanwhile, and what has come on channels; the loop no longer holds the output.</summary>
    public void Send(RespWriter reply, ClientSubscriber subscriber)
    {
        lock (_lock)
        {
            _isHeld = false;

            // Under the lock: a message that comes later finds the output free, and SendMessages sends it.
            subscriber.MovePendingTo(reply);
            if (_hasDeferred)
            {
                MoveDeferredTo(reply);
            }

            if (_isClosed || reply.Length == 0)
            {
                reply.Clear();
                return;
            }

            if (_isFlushing)
            {
                _pending.Write(reply.Written);
                reply.Clear();
                return;
            }

            _isFlushing = true;
        }

        int length = reply.Length;
        _pipe.Write(reply.Written);
        reply.Clear();
        _ = FlushAsync(length);
    }

    /// <summary>Sends bytes that answer no request, from any thread.</summary>
    /// <returns>How many bytes wait now.</returns>
    public long Push(ReadOnlySpan<byte> message)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return 0;
            }

            if (_isHeld)
            {
                _deferred.Write(message);
                _hasDeferred = true;
                return Waiting();
            }

            if (_isFlushing)
            {
                _pending.Write(message);
                return Waiting();
            }

            _isFlushing = true;
        }

        _pipe.Write(message);
        _ = FlushAsync(message.Length);
        return 0;
    }

    /// <summary>Sends what has come on channels, from any thread; nothing while the loop holds the output, which fetches it when it sends.</summary>
    /// <returns>How many bytes wait now.</returns>
    public long SendMessages(ClientSubscriber subscriber)
    {
        int length;
        lock (_lock)
        {
            if (_isClosed || _isHeld || !subscriber.MovePendingTo(_messages))
            {
                return 0;
            }

            if (_isFlushing)
            {
                _pending.Write(_messages.Written);
                _messages.Clear();
                return Waiting();
            }

            _isFlushing = true;
            length = _messages.Length;
            _pipe.Write(_messages.Written);
            _messages.Clear();
        }

        _ = FlushAsync(length);
        return 0;
    }

    /// <summary>Completes when the pipe has taken everything, or the other side is gone.</summary>
    public Task DrainAsync()
    {
        lock (_lock)
        {
            return _isFlushing && !_isClosed ? (_drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : Task.CompletedTask;
        }
    }

    /// <summary>Sends nothing any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _pending.Clear();
            _deferred.Clear();
            _drained?.TrySetResult();
        }
    }

    // Whoever set _isFlushing is the only one at the pipe until it is false again.
    private async Task FlushAsync(int length)
    {
        try
        {
            do
            {
                ValueTask<FlushResult> flushing = _pipe.FlushAsync();
                if (!flushing.IsCompleted)
                {
                    Volatile.Write(ref _inFlightBytes, length);
                }

                FlushResult flushed = await flushing.ConfigureAwait(false);
                Volatile.Write(ref _inFlightBytes, 0);
                if (flushed.IsCompleted)
                {
                    _isClosed = true;
                }
            }
            while (WriteMore(out length));
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection is gone; its loop learns the same when it reads.
            Close();
        }
    }

    private bool WriteMore(out int length)
    {
        ArrayBufferWriter<byte> writing;
        length = 0;
        lock (_lock)
        {
            if (_isClosed || _pending.WrittenCount == 0)
            {
                _isFlushing = false;
                _drained?.TrySetResult();
                _drained = null;
                return false;
            }

            writing = _pending;
            (_pending, _spare) = (_spare, _pending);
        }

        length = writing.WrittenCount;
        _pipe.Write(writing.WrittenSpan);
        if (writing.Capacity > MostKeptBytes)
        {
            _spare = new ArrayBufferWriter<byte>();
        }
        else
        {
            writing.ResetWrittenCount();
        }

        return true;
    }

    // Lock held.
    private long Waiting() => _pending.WrittenCount + _deferred.WrittenCount + Volatile.Read(ref _inFlightBytes);

    // Lock held.
    private void MoveDeferredTo(RespWriter reply)
    {
        reply.Raw(_deferred.WrittenSpan);
        _hasDeferred = false;
        if (_deferred.Capacity > MostKeptBytes)
        {
            _deferred = new ArrayBufferWriter<byte>();
        }
        else
        {
            _deferred.ResetWrittenCount();
        }
    }
}
