using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>DEBUG DIGEST: forty hex digits that are equal where the data are, however they are stored.</summary>
/// <remarks>
/// <code>
///   all    XOR over keys of  SHA-1(database, key, deadline or not, value's digest)          no order among keys
///   value  SHA-1(type, reply)         string, list, sorted set, stream: the reply that reads it all has one order
///          SHA-1(type, XOR over elements of SHA-1(element))      set, and hash by field and value: no order among elements
/// </code>
/// Values are read by the commands that clients read them with, so a type that the command table gets is in the digest without a line here changing more than its name.
/// Not Redis's own digests: those depend on its own way of writing numbers.
/// </remarks>
internal sealed class DebugDigest(Store store)
{
    private readonly CommandContext _context = new(store, new RespWriter());

    /// <summary>The digest of everything at one moment. O(n), with everything locked.</summary>
    public byte[] OfAll()
    {
        byte[] all = new byte[SHA1.HashSizeInBytes];
        using StoreTransaction? moment = StoreTransaction.IsActive ? null : new StoreTransaction(store, ShardSet.AllOf(store));
        for (int database = 0; database < store.DatabaseCount; database++)
        {
            foreach (byte[] key in KeysOf(database))
            {
                Mix(all, Hash([(byte)database], key, [HasDeadline(database, key)], OfValue(database, key)));
            }
        }

        return all;
    }

    /// <summary>The digest of one value; zeros for none.</summary>
    public byte[] OfValue(int database, byte[] key)
    {
        string type = Encoding.ASCII.GetString(Ask(database, "TYPE @", key)[1..^2]);
        return type switch
        {
            "none" => new byte[SHA1.HashSizeInBytes],
            "string" => Hash([1], Ask(database, "GET @", key).ToArray()),
            "list" => Hash([2], Ask(database, "LRANGE @ 0 -1", key).ToArray()),
            "set" => Hash([3], Mixed(Ask(database, "SMEMBERS @", key), 1)),
            "zset" => Hash([4], Ask(database, "ZRANGE @ 0 -1 WITHSCORES", key).ToArray()),
            "hash" => Hash([5], Mixed(Ask(database, "HGETALL @", key), 2)),
            _ => Hash([6], Ask(database, "XRANGE @ - +", key).ToArray()),
        };
    }

    private List<byte[]> KeysOf(int database)
    {
        var keys = new List<byte[]>();
        foreach (Range element in Elements(Ask(database, "KEYS *", [])))
        {
            keys.Add(_context.Reply.Written[element].ToArray());
        }

        return keys;
    }

    private byte HasDeadline(int database, byte[] key) => Ask(database, "PTTL @", key)[1] == (byte)'-' ? (byte)0 : (byte)1;

    // The reply to a command, in RESP2, valid until the next question. A word "@" stands for the key.
    private ReadOnlySpan<byte> Ask(int database, string command, byte[] key)
    {
        byte[][] words = Array.ConvertAll(command.Split(' '), word => word == "@" ? key : Encoding.ASCII.GetBytes(word));
        var places = new (int Start, int Length)[words.Length];
        int length = 0;
        for (int i = 0; i < words.Length; i++)
        {
            places[i] = (length, words[i].Length);
            length += words[i].Length;
        }

        byte[] bytes = new byte[length];
        for (int i = 0; i < words.Length; i++)
        {
            words[i].CopyTo(bytes, places[i].Start);
        }

        _context.Reply.Clear();
        _context.Database = database;
        CommandTable.Core.Serve(_context, new CommandArguments(bytes, places));
        return _context.Reply.Written;
    }

    private static byte[] Mixed(ReadOnlySpan<byte> reply, int together)
    {
        byte[] mixed = new byte[SHA1.HashSizeInBytes];
        List<Range> elements = Elements(reply);
        for (int i = 0; i + together <= elements.Count; i += together)
        {
            Mix(mixed, together == 1 ? Hash(reply[elements[i]].ToArray()) : Hash(reply[elements[i]].ToArray(), reply[elements[i + 1]].ToArray()));
        }

        return mixed;
    }

    // The strings of a flat array: *n, then $length and the bytes.
    private static List<Range> Elements(ReadOnlySpan<byte> reply)
    {
        var elements = new List<Range>();
        int at = reply.IndexOf((byte)'\n') + 1;
        while (at < reply.Length && reply[at] == '$' && Utf8Parser.TryParse(reply[(at + 1)..], out int length, out int digits))
        {
            int start = at + digits + 3;
            elements.Add(start..(start + length));
            at = start + length + 2;
        }

        return elements;
    }

    private static byte[] Hash(params ReadOnlySpan<byte[]> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        foreach (byte[] part in parts)
        {
            hash.AppendData(BitConverter.GetBytes(part.Length));
            hash.AppendData(part);
        }

        return hash.GetHashAndReset();
    }

    private static void Mix(Span<byte> target, ReadOnlySpan<byte> digest)
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] ^= digest[i];
        }
    }
}
