using System.Buffers;
using System.Buffers.Binary;
using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>How a RESTORE ended.</summary>
internal enum RestoreOutcome
{
    Restored,

    /// <summary>The deadline has passed: nothing is there now.</summary>
    Expired,

    /// <summary>The key is there, and was not to be replaced. Nothing has changed.</summary>
    KeyExists,
}

/// <summary>DUMP and RESTORE: a value of any kind as bytes, in Redis's form.</summary>
/// <remarks>
/// <code>
///   u8 encoding   value   u16 RDB version   u64 CRC of all before          (little-endian; see <see cref="RdbValueWriter"/>)
/// </code>
/// A payload is read and checked in full before anything is stored, with no lock held. The effect in the log is the payload itself:
/// <c>RESTORE k deadline payload REPLACE ABSTTL [IDLETIME n | FREQ n]</c>; one of a later version than 7.0's is encoded anew for it.
/// </remarks>
internal sealed class DumpOperations(Store store)
{
    private const int Version = 10;

    private const int LatestVersion = 12;
    private const int ValkeyVersion = 80;
    private const int FooterBytes = sizeof(ushort) + sizeof(ulong);

    private readonly ImportOperations _imports = new(store);

    /// <summary>DUMP. O(n) for n bytes. A use of the entry.</summary>
    /// <returns>The payload; null if there is no such key.</returns>
    public byte[]? Dump(int database, in KeyProbe key)
    {
        using var read = new KeyRead(store, database, key);
        return read.Shard.TryFind(database, key, out Entry entry) ? PayloadOf(read.Shard, entry).ToArray() : null;
    }

    /// <summary>The payload of an entry, whose shard is locked.</summary>
    public static ReadOnlySpan<byte> PayloadOf(Shard shard, scoped in Entry entry)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RdbWriter(output, compresses: true);
        writer.Byte((byte)RdbValueWriter.TypeOf(entry.Kind, entry.Value));
        RdbValueWriter.Write(writer, entry.Kind, entry.Value, shard.ShellOf(entry));
        Span<byte> footer = stackalloc byte[FooterBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(footer, Version);
        output.Write(footer[..sizeof(ushort)]);
        BinaryPrimitives.WriteUInt64LittleEndian(footer, Crc64.Append(0, output.WrittenSpan));
        output.Write(footer[..sizeof(ulong)]);
        return output.WrittenSpan;
    }

    /// <summary>Reads a payload.</summary>
    /// <exception cref="FormatException">Its version is later than 12 and not Valkey's 80, its checksum is wrong, or it is damaged.</exception>
    public static RdbValue Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < FooterBytes ||
            VersionOf(payload) is > LatestVersion and not ValkeyVersion ||
            BinaryPrimitives.ReadUInt64LittleEndian(payload[^sizeof(ulong)..]) != Crc64.Append(0, payload[..^sizeof(ulong)]))
        {
            throw new FormatException("The payload is not what DUMP gives: its checksum is wrong, or a later version of Redis wrote it.")
                .Says("ERR DUMP payload version or checksum are wrong");
        }

        var reader = new RdbReader(payload[..^FooterBytes]) { IsValkey = VersionOf(payload) == ValkeyVersion };
        try
        {
            RdbValue value = RdbValueReader.Read((RdbType)reader.ReadByte(), ref reader);
            if (reader.Left == 0)
            {
                return value;
            }

            value.Dispose();
            throw new RdbDataException($"{reader.Left} bytes follow the value.");
        }
        catch (RdbDataException e)
        {
            throw new FormatException($"The payload holds no value: {e.Message}", e).Says("ERR Bad data format");
        }
        finally
        {
            reader.Dispose();
        }
    }

    /// <summary>Whether a key is there, which RESTORE asks before it looks at the payload. As in Redis a use of the entry.</summary>
    public bool Exists(int database, in KeyProbe key)
    {
        using var read = new KeyRead(store, database, key);
        return read.Shard.TryFind(database, key, out _);
    }

    /// <summary>RESTORE of what <see cref="Read"/> has read. O(n log n) at most, for n elements.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="payload">What it was read from, for the log.</param>
    /// <param name="deadline">Its deadline in Unix ms; <see cref="Record.NoExpiry"/> for none.</param>
    /// <param name="replaces">Whether a key that is there is replaced.</param>
    /// <param name="use">How it was used. Without effect where that isn't tracked, or the policy has the other of the two, but in the log. By default as a key that is new.</param>
    /// <param name="ticket">The ticket of the write.</param>
    /// <exception cref="CacheFullException">The budget has no room. Nothing has changed, but that a key to be replaced may be gone.</exception>
    public RestoreOutcome Restore(
        int database, in KeyProbe key, RdbValue value, ReadOnlySpan<byte> payload, long deadline, bool replaces, KnownUse use, ref JournalTicket ticket)
    {
        using var write = new KeyWrite(store, database, key, ref ticket);
        bool exists = write.TryFind(key, out Entry current);
        if (exists && !replaces)
        {
            return RestoreOutcome.KeyExists;
        }

        if (deadline != Record.NoExpiry && !store.IsLoading && store.Clock.HasPassed(deadline))
        {
            if (exists)
            {
                write.Remove(current);
                write.Effect(2)?.Argument("DEL"u8).Argument(key);
                write.Notify(KeyEventClass.Generic, "del"u8, key);
            }

            return RestoreOutcome.Expired;
        }

        write.Reserve(payload.Length + key.Length);
        write.Shard.Room.Ensure(RestoredValue.BytesFor(value), key, current);
        if (exists)
        {
            write.Remove(current, RemovalReasons.Replaced);
        }

        try
        {
            new RestoredValue(store, write.Shard, database).Store(key, value, deadline);
            if (VersionOf(payload) > Version && store.Journal != null && write.TryFind(key, out Entry stored))
            {
                // redis-server 7.0 is to be able to read the log, and passes over a payload of a later version.
                payload = PayloadOf(write.Shard, stored);
            }
        }
        catch (Exception e) when (e is CacheFullException or OutOfMemoryException)
        {
            // What room was made for was an estimate. The key is free then, in memory and in the log.
            if (write.TryFind(key, out Entry half))
            {
                write.Remove(half);
            }

            if (exists)
            {
                write.Effect(2)?.Argument("DEL"u8).Argument(key);
                write.Notify(KeyEventClass.Generic, "del"u8, key);
            }

            throw;
        }

        EffectBuffer? effect = write.Effect(use.IsNothing ? 6 : 8)?.Argument("RESTORE"u8).Argument(key).Argument(deadline == Record.NoExpiry ? 0 : deadline).Argument(payload)
            .Argument("REPLACE"u8).Argument("ABSTTL"u8);
        if (use.IdleSeconds is { } seconds)
        {
            effect?.Argument("IDLETIME"u8).Argument(seconds);
        }
        else if (use.Frequency is { } counter)
        {
            effect?.Argument("FREQ"u8).Argument(counter);
        }

        _imports.SetFieldDeadlines(write, database, key, value);
        write.Shard.Tracker?.Begin(database, key.SlotHash, use);
        write.Notify(KeyEventClass.Generic, "restore"u8, key);
        return RestoreOutcome.Restored;
    }

    private static int VersionOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt16LittleEndian(payload[^FooterBytes..]);
}
