using System.Text;
using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What operations on streams refuse, for the developer and in Redis's words.</summary>
internal static class StreamErrors
{
    /// <summary>What Redis adds where XREADGROUP misses a group.</summary>
    public const string InReadGroup = " in XREADGROUP with GROUP option";

    /// <summary>XADD of an ID that is not greater than the last one.</summary>
    public static StreamException IdTooSmall(in KeyProbe key, StreamId last) => new StreamException(
        $"The ID of a new entry of stream '{NameOf(key)}' must be greater than {last}, the last one given out. Nothing was changed.")
        .Says("ERR The ID specified in XADD is equal or smaller than the target stream top item");

    /// <summary>XADD of 0-0.</summary>
    public static StreamException IdZero() => new StreamException("The smallest ID of an entry is 0-1. Nothing was changed.")
        .Says("ERR The ID specified in XADD must be greater than 0-0");

    /// <summary>XADD when the greatest ID was given out.</summary>
    public static StreamException Exhausted(in KeyProbe key) => new StreamException(
        $"Stream '{NameOf(key)}' has given out the greatest ID there is; nothing can be added. Begin a new stream.")
        .Says("ERR The stream has exhausted the last possible ID, unable to add more items");

    /// <summary>XADD of more than 1 GB.</summary>
    public static ArgumentException EntryTooLarge(in KeyProbe key) => new ArgumentException(
        $"The fields and values of a new entry of stream '{NameOf(key)}' take more than {Values.StreamData.MostPackBytes} bytes. Nothing was changed.")
        .Says("ERR Elements are too large to be stored");

    /// <summary>XSETID below what the stream has.</summary>
    public static StreamException LastIdTooSmall(in KeyProbe key, StreamId least) => new StreamException(
        $"The last ID of stream '{NameOf(key)}' can't be set below {least}, which an entry has. Nothing was changed.")
        .Says("ERR The ID specified in XSETID is smaller than the target stream top item");

    /// <summary>XSETID with fewer entries added than there are.</summary>
    public static ArgumentException TooFewAdded(in KeyProbe key, long length) => new ArgumentException(
        $"Stream '{NameOf(key)}' has {length} entries; no fewer can have been added. Nothing was changed.")
        .Says("ERR The entries_added specified in XSETID is smaller than the target stream length");

    /// <summary>A key that must be there is not.</summary>
    public static StreamException NoSuchKey(in KeyProbe key) => new StreamException($"There is no stream '{NameOf(key)}'.").Says("ERR no such key");

    /// <summary>XGROUP on a key that is not there.</summary>
    public static StreamException NoSuchStream(in KeyProbe key) => new StreamException(
        $"There is no stream '{NameOf(key)}'; a group can be created together with its stream if you ask for that.")
        .Says("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty " +
              "stream automatically.");

    /// <summary>XGROUP and XINFO on a group that is not there.</summary>
    public static StreamException NoSuchGroup(in KeyProbe key, ReadOnlySpan<byte> group) => Missing(key, group)
        .Says($"NOGROUP No such consumer group '{Text(group)}' for key name '{Text(key.ToArray())}'");

    /// <summary>Reading and claiming on a key or group that is not there.</summary>
    public static StreamException NoSuchKeyOrGroup(in KeyProbe key, ReadOnlySpan<byte> group, string where = "") => Missing(key, group)
        .Says($"NOGROUP No such key '{Text(key.ToArray())}' or consumer group '{Text(group)}'{where}");

    /// <summary>XGROUP CREATE of a group that is there.</summary>
    public static StreamException GroupExists(in KeyProbe key, ReadOnlySpan<byte> group) => new StreamException(
        $"Stream '{NameOf(key)}' has a consumer group '{KeyText.Of(group)}' already. Nothing was changed.")
        .Says("BUSYGROUP Consumer Group name already exists");

    /// <summary>A group that was waited for is gone.</summary>
    public static StreamException GroupGone(in KeyProbe key, ReadOnlySpan<byte> group) => Missing(key, group)
        .Says("NOGROUP the consumer group this client was blocked on no longer exists");

    /// <summary>A stream that was waited for is gone.</summary>
    public static StreamException StreamGone(in KeyProbe key) => new StreamException($"Stream '{NameOf(key)}' was deleted while somebody waited for its next entry.")
        .Says("UNBLOCKED the stream key no longer exists");

    private static StreamException Missing(in KeyProbe key, ReadOnlySpan<byte> group) => new(
        $"Stream '{NameOf(key)}' has no consumer group '{KeyText.Of(group)}', or there is no such stream. Create the group first.");

    private static string NameOf(in KeyProbe key) => KeyText.Of(key.ToArray());

    // To Redis, text ends at a 0.
    private static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name.IndexOf((byte)0) is >= 0 and int end ? name[..end] : name);
}
