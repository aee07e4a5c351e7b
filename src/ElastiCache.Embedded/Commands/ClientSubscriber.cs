using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>The subscriber of a client's connection: messages become pushes in a buffer, which the connection sends when it is told that there are some.</summary>
/// <remarks>
/// A client must see the confirmation of SUBSCRIBE before the channel's first message and that of UNSUBSCRIBE behind its last, while other threads publish.
/// So pushes never go into the reply of a running command by themselves: whoever runs the connection's commands calls <see cref="MovePendingTo"/> between
/// two commands, never during one, and sends replies first; and UNSUBSCRIBE and PUBLISH move what has come so far before they write their own reply.
/// A client that never subscribes costs no buffer.
/// </remarks>
internal abstract class ClientSubscriber : Subscriber
{
    /// <summary>Redis's hard limit for clients that subscribe: <c>client-output-buffer-limit pubsub 32mb</c>.</summary>
    public const int DefaultMostPendingBytes = 32 << 20;

    private const int PushOverheadBytes = 128;

    private RespWriter? _pending;
    private ShardLock _lock;
    private bool _isOverLimit;

    /// <summary>2 or 3: HELLO sets it.</summary>
    public int Protocol { get; set; } = 2;

    /// <summary>How many bytes may wait here.</summary>
    public virtual long MostPendingBytes { get; set; } = DefaultMostPendingBytes;

    /// <summary>Whether more would have had to wait: the client does not read, nothing is kept for it any more, and its connection is to be closed.</summary>
    public bool IsOverLimit => Volatile.Read(ref _isOverLimit);

    /// <summary>Whether the client may send only the commands of a subscriber: RESP2 can't tell a message from a reply.</summary>
    public bool IsRestricted => Protocol < 3 && Total > 0;

    public override void Deliver(Subscription subscription, ref PublishedMessage message)
    {
        bool isFirst = false;
        _lock.Enter();
        try
        {
            if (!subscription.IsActive || _isOverLimit)
            {
                return;
            }

            _pending ??= new RespWriter();
            isFirst = _pending.Length == 0;
            long needed = (long)_pending.Length + message.Channel.Length + message.Payload.Length + subscription.Name.Bytes.Length + PushOverheadBytes;
            if (needed > MostPendingBytes)
            {
                _pending.Clear();
                Volatile.Write(ref _isOverLimit, true);
                isFirst = true;
            }
            else
            {
                _pending.Protocol = Protocol;
                Write(_pending, subscription, message);
            }
        }
        finally
        {
            _lock.Exit();
        }

        if (isFirst)
        {
            OnPending();
        }
    }

    /// <summary>Appends what has come to a writer, and forgets it.</summary>
    /// <returns>Whether there was anything.</returns>
    public bool MovePendingTo(RespWriter target)
    {
        _lock.Enter();
        try
        {
            if (_pending is not { Length: > 0 })
            {
                return false;
            }

            target.Raw(_pending.Written);
            _pending.Clear();
            return true;
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>There is something to send, or <see cref="IsOverLimit"/> has become true.</summary>
    /// <remarks>On the publisher's thread, perhaps with shards locked: wake the connection and return. It is not said again before the buffer was emptied.</remarks>
    protected abstract void OnPending();

    private static void Write(RespWriter pending, Subscription subscription, in PublishedMessage message)
    {
        if (subscription.Kind == ChannelKind.Pattern)
        {
            pending.Push(4);
            pending.Bulk("pmessage"u8);
            pending.Bulk(subscription.Name.Bytes);
        }
        else
        {
            pending.Push(3);
            pending.Bulk(subscription.Kind == ChannelKind.Sharded ? "smessage"u8 : "message"u8);
        }

        pending.Bulk(message.Channel);
        pending.Bulk(message.Payload);
    }
}
