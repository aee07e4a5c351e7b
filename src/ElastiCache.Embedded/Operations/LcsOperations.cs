using System.Buffers;
using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>LCS: the longest common subsequence of two strings. A missing key counts as an empty string.</summary>
/// <remarks>Both values are copied with both keys locked, and compared without a lock. O(n × m / 64); longer pairs than Redis allows are refused.</remarks>
internal sealed class LcsOperations
{
    private readonly Store _store;

    public LcsOperations(Store store)
    {
        _store = store;
    }

    /// <summary>LCS: the subsequence itself.</summary>
    /// <exception cref="WrongTypeException">A key holds something else than a string.</exception>
    /// <exception cref="ArgumentException">The values are too long: the product of their lengths exceeds 134 million.</exception>
    public byte[] Text(int database, in KeyProbe a, in KeyProbe b)
    {
        using Copies copies = Copy(database, a, b);
        return LongestCommonSubsequence.Text(copies.A, copies.B);
    }

    /// <summary>LCS LEN: its length in bytes.</summary>
    /// <inheritdoc cref="Text"/>
    public int Length(int database, in KeyProbe a, in KeyProbe b)
    {
        using Copies copies = Copy(database, a, b);
        return LongestCommonSubsequence.Length(copies.A, copies.B);
    }

    /// <summary>LCS IDX: the stretches that it consists of, the last one first.</summary>
    /// <param name="database">The database.</param>
    /// <param name="a">The first key.</param>
    /// <param name="b">The second key.</param>
    /// <param name="minLength">MINMATCHLEN: shorter stretches are left out; 0 or less keeps all.</param>
    /// <param name="length">The length of the whole subsequence in bytes.</param>
    /// <inheritdoc cref="Text"/>
    public List<CommonStretch> Stretches(int database, in KeyProbe a, in KeyProbe b, long minLength, out int length)
    {
        using Copies copies = Copy(database, a, b);
        return LongestCommonSubsequence.Stretches(copies.A, copies.B, minLength, out length);
    }

    /// <summary>Refuses keys that hold something else than strings.</summary>
    /// <exception cref="WrongTypeException">One does.</exception>
    public void RequireStrings(int database, in KeyProbe a, in KeyProbe b)
    {
        using var read = new MultiKeyRead(_store, ShardSet.Of(_store, a, b));
        Find(database, a, uses: false);
        Find(database, b, uses: false);
    }

    private Copies Copy(int database, in KeyProbe a, in KeyProbe b)
    {
        using (new MultiKeyRead(_store, ShardSet.Of(_store, a, b)))
        {
            ReadOnlySpan<byte> valueOfA = Find(database, a);
            ReadOnlySpan<byte> valueOfB = Find(database, b);
            if (!LongestCommonSubsequence.IsWithinLimit(valueOfA.Length, valueOfB.Length))
            {
                throw StringErrors.TooLongToCompare(a, b, valueOfA.Length, valueOfB.Length);
            }

            return new Copies(valueOfA, valueOfB);
        }
    }

    // The span holds until the shard is unlocked: finding another key moves nothing, and an expired one frees only its own record.
    private ReadOnlySpan<byte> Find(int database, in KeyProbe key, bool uses = true)
    {
        if (!_store.ShardOf(key).TryFind(database, key, out Entry entry, uses))
        {
            return default;
        }

        return entry.Kind == ValueKind.String ? entry.Value : throw StringErrors.WrongType(entry).Says("ERR The specified keys must contain string values");
    }

    private readonly ref struct Copies
    {
        private readonly byte[] _rented;
        private readonly int _lengthOfA;
        private readonly int _length;

        public Copies(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
        {
            _lengthOfA = a.Length;
            _length = a.Length + b.Length;
            _rented = ArrayPool<byte>.Shared.Rent(_length);
            a.CopyTo(_rented);
            b.CopyTo(_rented.AsSpan(a.Length));
        }

        public ReadOnlySpan<byte> A => _rented.AsSpan(0, _lengthOfA);

        public ReadOnlySpan<byte> B => _rented.AsSpan(_lengthOfA, _length - _lengthOfA);

        public void Dispose() => ArrayPool<byte>.Shared.Return(_rented);
    }
}
