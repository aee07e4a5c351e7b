using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>The steps that operations on streams share.</summary>
internal static class StreamRecord
{
    /// <summary>The stream of an entry, which holds one.</summary>
    public static StreamData Of(Shard shard, in Entry entry) => (StreamData)shard.ShellOf(entry)!;

    /// <summary>Makes an empty stream.</summary>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed.</exception>
    public static StreamData Create(Shard shard, int database, in KeyProbe key)
    {
        var stream = new StreamData(shard.Allocator);
        shard.PublishShell(database, default, key, ValueKind.Stream, stream);
        return stream;
    }

    /// <summary>Finds a stream and a group.</summary>
    /// <exception cref="WrongTypeException">The key holds something else.</exception>
    public static bool TryFindGroup(
        in KeyRead read, in KeyProbe key, ReadOnlySpan<byte> name, out StreamData stream, out StreamGroup group)
    {
        stream = null!;
        group = null!;
        if (!read.TryFind(key, ValueKind.Stream, out Entry entry))
        {
            return false;
        }

        stream = Of(read.Shard, entry);
        group = stream.FindGroup(name)!;
        return group != null;
    }

    /// <summary>Finds a stream and a group.</summary>
    /// <exception cref="WrongTypeException">The key holds something else. Nothing has changed.</exception>
    public static bool TryFindGroup(
        in KeyWrite write, in KeyProbe key, ReadOnlySpan<byte> name, out Entry entry, out StreamData stream, out StreamGroup group)
    {
        stream = null!;
        group = null!;
        if (!write.TryFind(key, ValueKind.Stream, out entry))
        {
            return false;
        }

        stream = Of(write.Shard, entry);
        group = stream.FindGroup(name)!;
        return group != null;
    }

    /// <summary>Adds an ID as an argument.</summary>
    public static EffectBuffer Argument(this EffectBuffer effect, StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxTextBytes];
        return effect.Argument(text[..id.Format(text)]);
    }

    /// <summary>Adds an argument where one is wanted.</summary>
    public static EffectBuffer ArgumentIf(this EffectBuffer effect, bool isWanted, ReadOnlySpan<byte> argument) => isWanted ? effect.Argument(argument) : effect;
}
