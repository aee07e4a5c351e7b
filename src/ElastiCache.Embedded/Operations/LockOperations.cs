using System.Buffers.Text;
using System.Security.Cryptography;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>The two keys of a lock: its own, and the counter of its grants.</summary>
internal sealed class LockKeys(byte[] name)
{
    /// <summary>Holds the value of the present owner, and expires with the grant.</summary>
    public byte[] Name => name;

    /// <summary>Counts grants and never expires: what makes a fencing token greater than all before it.</summary>
    public byte[] Fence { get; } = [.. name, .. ":fence"u8];
}

/// <summary>One grant of a lock.</summary>
/// <param name="Fence">Greater than that of every grant before.</param>
/// <param name="Value">What the lock's key holds as long as the grant lasts.</param>
/// <param name="Deadline">When it ends, in Unix ms.</param>
internal sealed record LockGrant(long Fence, byte[] Value, long Deadline);

/// <summary>Locks on top of string and key operations: SET NX PX to take one, compare-and-delete to give it back.</summary>
/// <remarks>
/// <code>
///   lock:report         42-9f86d081884c7d65      the fencing token and a random number; expires with the grant
///   lock:report:fence   42                       grants so far
/// </code>
/// The random number tells the owner's grant from one after the counter was lost (deleted, flushed). Both keys change in one transaction. A client that takes
/// the same key with <c>SET lock:report anything NX PX 10000</c> takes part in the exclusion, without a fencing token.
/// </remarks>
internal sealed class LockOperations(Store store)
{
    private const int MostValueBytes = 20 + 1 + 16;

    private readonly StringOperations _strings = new(store);
    private readonly NumberOperations _numbers = new(store);
    private readonly KeyOperations _keys = new(store);
    private readonly ExpireOperations _expiry = new(store);

    /// <summary>Takes a lock that nobody holds. O(1).</summary>
    /// <returns>The grant; null if somebody holds it.</returns>
    /// <exception cref="WrongTypeException">The counter's key holds something else than a string. Nothing has changed.</exception>
    /// <exception cref="FormatException">It holds no number. Nothing has changed.</exception>
    public LockGrant? TryTake(int database, LockKeys keys, long milliseconds, ref JournalTicket ticket)
    {
        KeyProbe.Create(keys.Name, out KeyProbe name);
        KeyProbe.Create(keys.Fence, out KeyProbe fence);

        // Most attempts on a lock that is fought over end here, before they keep others off the counter.
        if (_keys.Exists(database, name))
        {
            return null;
        }

        using var step = new StoreStep(store, name, fence, ref ticket);
        LockGrant? grant = null;
        if (!_keys.Exists(database, name))
        {
            long number = _numbers.Increment(database, fence, 1, ref ticket);
            grant = new LockGrant(number, ValueOf(number), ExpireDeadline.Storable(_expiry.Now + milliseconds));
            _strings.Set(database, name, grant.Value, new SetArguments { Deadline = grant.Deadline }, ref ticket);
        }

        return grant;
    }

    /// <summary>Whether a grant still lasts. O(1).</summary>
    public bool IsHeld(int database, LockKeys keys, LockGrant grant)
    {
        KeyProbe.Create(keys.Name, out KeyProbe name);
        return IsHeld(database, name, grant);
    }

    /// <summary>Gives a grant that lasts a new deadline. O(1).</summary>
    /// <returns>The grant with its new deadline; null if it has ended.</returns>
    public LockGrant? Renew(int database, LockKeys keys, LockGrant grant, long milliseconds, ref JournalTicket ticket)
    {
        KeyProbe.Create(keys.Name, out KeyProbe name);
        using var step = new StoreStep(store, name, ref ticket);
        LockGrant? renewed = null;
        if (IsHeld(database, name, grant))
        {
            renewed = grant with { Deadline = ExpireDeadline.Storable(_expiry.Now + milliseconds) };
            _expiry.Expire(database, name, renewed.Deadline, ExpireCondition.Always, ref ticket);
        }

        return renewed;
    }

    /// <summary>Ends a grant that lasts. O(1).</summary>
    /// <returns>Whether it lasted.</returns>
    public bool Release(int database, LockKeys keys, LockGrant grant, ref JournalTicket ticket)
    {
        KeyProbe.Create(keys.Name, out KeyProbe name);
        using var step = new StoreStep(store, name, ref ticket);
        bool isHeld = IsHeld(database, name, grant);
        if (isHeld)
        {
            _keys.Delete(database, name, ref ticket);
        }

        return isHeld;
    }

    private bool IsHeld(int database, in KeyProbe name, LockGrant grant)
    {
        Span<byte> value = stackalloc byte[MostValueBytes];
        scoped var reader = new SpanReader(value);
        return _keys.Type(database, name) == ValueKind.String && _strings.TryRead(database, name, ref reader) &&
            reader.Length <= value.Length && value[..reader.Length].SequenceEqual(grant.Value);
    }

    private static byte[] ValueOf(long number)
    {
        Span<byte> value = stackalloc byte[MostValueBytes];
        Utf8Formatter.TryFormat(number, value, out int digits);
        value[digits++] = (byte)'-';
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        Convert.TryToHexStringLower(random, value[digits..], out int written);
        return value[..(digits + written)].ToArray();
    }
}
