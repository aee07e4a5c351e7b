using System.Text;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded;

/// <summary>A key that lost what it held; see <see cref="Removals"/>.</summary>
/// <remarks>The value is not told of: it may be large, it is gone when the event is read, and copying it under the shard's lock would make every eviction pay for it.</remarks>
public readonly struct KeyRemoval
{
    private readonly RemovalNotice? _notice;
    private readonly byte[]? _key;

    internal KeyRemoval(in QueuedMessage message)
    {
        _notice = (RemovalNotice?)message.Subscription;
        _key = message.Payload;
    }

    /// <summary>Why: one of the reasons.</summary>
    public RemovalReasons Reason => _notice?.Reason ?? RemovalReasons.None;

    /// <summary>The database that the key was in.</summary>
    public int Database => _notice?.Database ?? 0;

    /// <summary>The key as text; bytes that are no UTF-8 become U+FFFD. Empty for <see cref="RemovalReasons.Flushed"/>.</summary>
    public string Key => Encoding.UTF8.GetString(_key ?? []);

    /// <summary>The key as bytes.</summary>
    public ReadOnlyMemory<byte> KeyBytes => _key;
}
