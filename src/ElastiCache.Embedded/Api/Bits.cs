using System.Runtime.CompilerServices;
using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>Redis's bitmaps: strings seen as rows of bits, up to 2^32 of them. Bit 0 is the highest bit of the first byte.</summary>
/// <remarks>
/// The value is the same as under <see cref="Strings"/>, and the key's deadline stays. Past the end of a value, and in a missing one, all bits are 0.
/// What only looks takes no lock, however long the value. Every method is one atomic step.
/// <para>
/// Common to all: a key that holds another type of value is a <see cref="WrongTypeException"/>, a budget without room a <see cref="CacheFullException"/>, a
/// log that refuses writes a <see cref="LogException"/>; in each of these cases nothing has changed. Writes return when the promise of
/// <see cref="EmbeddedCacheOptions.Durability"/> holds.
/// </para>
/// </remarks>
public sealed class Bits
{
    private readonly CacheDatabase _database;
    private readonly BitmapOperations _operations;
    private readonly int _index;

    internal Bits(CacheDatabase database)
    {
        _database = database;
        _operations = database.Operations.Bits;
        _index = database.Index;
    }

    /// <summary>A bit. O(1). Redis: GETBIT.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not 0 to 2^32 - 1.</exception>
    [SkipLocalsInit]
    public bool GetBit(CacheKey key, long offset)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return Answer(_operations.GetBit(_index, probe, offset));
    }

    /// <summary>Sets or clears a bit; the value grows with zeros as needed. O(1) but for the growth. Redis: SETBIT.</summary>
    /// <returns>The bit as it was.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not 0 to 2^32 - 1. Nothing changes.</exception>
    [SkipLocalsInit]
    public bool SetBit(CacheKey key, long offset, bool bit)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        bool before = _operations.SetBit(_index, probe, offset, bit, ref ticket);
        _database.Wait(ticket);
        return before;
    }

    /// <summary>How many bits are 1. O(n). Redis: BITCOUNT.</summary>
    public long Count(CacheKey key) => Count(key, 0, -1);

    /// <summary>How many bits of a range are 1. O(bytes of the range). Redis: BITCOUNT.</summary>
    /// <param name="key">The key.</param>
    /// <param name="start">The first byte or bit; negative counts from the end.</param>
    /// <param name="end">The last one, inclusive; negative counts from the end.</param>
    /// <param name="unit">What both count.</param>
    [SkipLocalsInit]
    public long Count(CacheKey key, long start, long end, BitRangeUnit unit = BitRangeUnit.Byte)
    {
        RequireKnown(unit);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return Answer(_operations.Count(_index, probe, start, end, unit));
    }

    /// <summary>Where the first bit of a kind is. O(n). Redis: BITPOS.</summary>
    /// <param name="key">The key.</param>
    /// <param name="bit">True to look for a 1, false for a 0.</param>
    /// <param name="start">The first byte to look at; negative counts from the end.</param>
    /// <returns>
    /// Its offset in the whole value, -1 if there is none. The zeros that are thought to follow a value count: of a value with only ones the
    /// answer for 0 is the bit after its end, and of a missing one it is 0.
    /// </returns>
    [SkipLocalsInit]
    public long Position(CacheKey key, bool bit, long start = 0)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return Answer(_operations.Position(_index, probe, bit, start));
    }

    /// <summary>Where the first bit of a kind is in a range alone. O(bytes of the range). Redis: BITPOS.</summary>
    /// <param name="key">The key.</param>
    /// <param name="bit">True to look for a 1, false for a 0.</param>
    /// <param name="start">The first byte or bit to look at; negative counts from the end.</param>
    /// <param name="end">The last one, inclusive; negative counts from the end.</param>
    /// <param name="unit">What both count.</param>
    /// <returns>Its offset in the whole value, -1 if there is none in the range; 0 for a 0 in a missing value.</returns>
    [SkipLocalsInit]
    public long Position(CacheKey key, bool bit, long start, long end, BitRangeUnit unit = BitRangeUnit.Byte)
    {
        RequireKnown(unit);
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        return Answer(_operations.Position(_index, probe, bit, start, end, unit));
    }

    /// <summary>Combines values bit by bit and stores the result, which is as long as the longest of them. O(bytes). Redis: BITOP AND, OR, XOR.</summary>
    /// <param name="with">How.</param>
    /// <param name="destination">Takes the result in place of whatever it holds, its deadline too; an empty result deletes it. May be one of the sources.</param>
    /// <param name="sources">One or more keys, read at one moment. Missing ones, and what shorter ones lack, are zeros.</param>
    /// <returns>The length of the result in bytes.</returns>
    /// <exception cref="ArgumentException">There are no sources, or one is null, or the operator is unknown. Nothing changes.</exception>
    [SkipLocalsInit]
    public long Combine(BitOperator with, CacheKey destination, params ReadOnlySpan<string> sources)
    {
        if (with is < BitOperator.And or > BitOperator.Xor)
        {
            throw new ArgumentOutOfRangeException(nameof(with), with, "The operator is And, Or or Xor; Not is Invert.");
        }

        if (sources.IsEmpty)
        {
            throw new ArgumentException("Name at least one key to combine.", nameof(sources));
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(destination, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        long length = _operations.Combine(_index, with, probe, new TextKeys(sources), ref ticket);
        _database.Wait(ticket);
        return length;
    }

    /// <summary>Stores the opposite of each bit of a value. O(bytes). Redis: BITOP NOT.</summary>
    /// <param name="destination">Takes the result in place of whatever it holds, its deadline too; an empty result deletes it. May be the source.</param>
    /// <param name="source">The key.</param>
    /// <returns>The length of the result in bytes.</returns>
    [SkipLocalsInit]
    public long Invert(CacheKey destination, CacheKey source)
    {
        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(destination, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        long length = _operations.Invert(_index, probe, new OneKey(source), ref ticket);
        _database.Wait(ticket);
        return length;
    }

    /// <summary>Reads and changes integers of any width anywhere in the value, in order and as one step. O(steps). Redis: BITFIELD, BITFIELD_RO.</summary>
    /// <remarks>
    /// <code>
    ///   long?[] answers = cache.Bits.Fields("player:7",
    ///       BitFieldOperation.IncrementBy(isSigned: false, bits: 8, offset: 0, by: 1, BitFieldOverflow.Saturate),
    ///       BitFieldOperation.Get(isSigned: false, bits: 24, offset: 8));
    /// </code>
    /// Steps that only read take no lock and create no key. Otherwise the value grows first to hold the highest field that is to be written.
    /// </remarks>
    /// <returns>An answer for each step; null where the number did not fit and the step said <see cref="BitFieldOverflow.Fail"/>.</returns>
    /// <exception cref="ValueTooLargeException">A field ends beyond 512 MB. Nothing changes.</exception>
    /// <exception cref="ArgumentException">A step is <see langword="default"/>. Nothing changes.</exception>
    public long?[] Fields(CacheKey key, params ReadOnlySpan<BitFieldOperation> steps)
    {
        var answers = new long?[steps.Length];
        Fields(key, steps, answers);
        return answers;
    }

    /// <summary>As the other form, with the answers in the caller's memory. No allocation.</summary>
    /// <param name="key">The key.</param>
    /// <param name="steps">What to do.</param>
    /// <param name="answers">Takes the answers; at least as long as <paramref name="steps"/>.</param>
    /// <exception cref="ArgumentException"><paramref name="answers"/> is too short, or a step is <see langword="default"/>. Nothing changes.</exception>
    /// <inheritdoc cref="Fields(CacheKey, ReadOnlySpan{BitFieldOperation})"/>
    [SkipLocalsInit]
    public void Fields(CacheKey key, ReadOnlySpan<BitFieldOperation> steps, Span<long?> answers)
    {
        if (answers.Length < steps.Length)
        {
            throw new ArgumentException($"There are {steps.Length} steps, and room for {answers.Length} answers.", nameof(answers));
        }

        foreach (ref readonly BitFieldOperation step in steps)
        {
            if (step.Bits == 0)
            {
                throw new ArgumentException("A step is default(BitFieldOperation); make it with Get, Set or IncrementBy.", nameof(steps));
            }
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        _database.Operations.BitFields.Apply(_index, probe, steps, answers, ref ticket);
        _database.Wait(ticket);
        _database.ThrowIfDisposed();
    }

    // A read without a lock finds nothing in a closed cache.
    private T Answer<T>(T answer)
    {
        _database.ThrowIfDisposed();
        return answer;
    }

    private static void RequireKnown(BitRangeUnit unit)
    {
        if (unit is not (BitRangeUnit.Byte or BitRangeUnit.Bit))
        {
            throw new ArgumentOutOfRangeException(nameof(unit), unit, "The unit is Byte or Bit.");
        }
    }
}
