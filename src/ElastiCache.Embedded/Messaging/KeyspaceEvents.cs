using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Messaging;

/// <summary>Redis's keyspace notifications: what happens to keys, as messages on channels.</summary>
/// <remarks>
/// <code>
///   SET user:1 x   on database 0   ──►   __keyspace@0__:user:1   set          with K
///                                  ──►   __keyevent@0__:set      user:1       with E
/// </code>
/// The key's shard is locked meanwhile, so the messages of one key come in the order of its changes. With neither K nor E nothing is published.
/// </remarks>
internal sealed class KeyspaceEvents(ChannelHub hub) : KeyEvents
{
    private const int SmallName = 256;
    private const int MostPrefix = 32;     // "__keyspace@", ten digits, "__:"

    /// <inheritdoc/>
    [SkipLocalsInit]
    public override void Raise(KeyEventClass eventClass, ReadOnlySpan<byte> name, int database, ReadOnlySpan<byte> key)
    {
        KeyEventClass classes = Classes;
        if (!hub.HasSubscriptions)
        {
            return;
        }

        int most = MostPrefix + Math.Max(name.Length, key.Length);
        byte[]? pooled = most <= SmallName ? null : ArrayPool<byte>.Shared.Rent(most);
        Span<byte> channel = pooled ?? stackalloc byte[SmallName];
        if ((classes & KeyEventClass.Keyspace) != 0)
        {
            hub.Publish(ChannelOf("__keyspace@"u8, database, key, channel), name);
        }

        if ((classes & KeyEventClass.Keyevent) != 0)
        {
            hub.Publish(ChannelOf("__keyevent@"u8, database, name, channel), key);
        }

        if (pooled != null)
        {
            ArrayPool<byte>.Shared.Return(pooled);
        }
    }

    private static ReadOnlySpan<byte> ChannelOf(ReadOnlySpan<byte> prefix, int database, ReadOnlySpan<byte> rest, Span<byte> channel)
    {
        prefix.CopyTo(channel);
        int length = prefix.Length;
        Utf8Formatter.TryFormat(database, channel[length..], out int digits);
        length += digits;
        "__:"u8.CopyTo(channel[length..]);
        length += 3;
        rest.CopyTo(channel[length..]);
        return channel[..(length + rest.Length)];
    }
}
