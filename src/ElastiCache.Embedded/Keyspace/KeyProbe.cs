using System.IO.Hashing;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;

namespace ElastiCache.Embedded.Keyspace;

/// <summary>A key made ready for a look-up: its hash, and up to 32 bytes of it in two vector registers.</summary>
/// <remarks>
/// Most keys are short ASCII strings. Such a key is never written to memory as bytes: its characters are narrowed, hashed and
/// later compared in registers. (Writing it to the stack in overlapping pieces and loading it wider stalls on store
/// forwarding; without that trip a GET took half the time. Benchmark: compare, "get hit".)
/// <code>
///   length   A                                     B
///    0       0                                     0
///    1-3     first, middle, last byte              0
///    4-7     first 4, last 4 bytes (overlapping)   0
///    8-15    first 8, last 8 bytes                 0
///   16-32    first 16 bytes                        last 16 bytes
///   33-      from Bytes
/// </code>
/// With the length, the two vectors determine the key. The hash is keyed by a seed that is drawn once per process and never stored: an
/// attacker who picks keys can't pick collisions. Up to 32 bytes it is two folded 64x64-bit multiplications in the manner of
/// wyhash, above that XXH3 with a seed.
/// </remarks>
internal unsafe ref struct KeyProbe
{
    /// <summary>The longest key that lies in the two vectors.</summary>
    public const int InlineBytes = 32;

    private static readonly Seeds ProcessSeeds = Seeds.Draw();

    private Vector128<byte> _a;
    private Vector128<byte> _b;
    private ReadOnlySpan<byte> _bytes;

    /// <summary>The keyed hash of the whole key.</summary>
    public ulong Hash { readonly get; private set; }

    /// <summary>The key's length in bytes.</summary>
    public int Length { readonly get; private set; }

    /// <summary>The 32 bits of the hash that a table keeps in its slot and picks the bucket by.</summary>
    public readonly uint SlotHash => (uint)Hash;

    /// <summary>Makes a probe.</summary>
    /// <param name="key">The key; the probe borrows its memory.</param>
    /// <param name="scratch">Where text that isn't short ASCII is encoded; must live as long as the probe.</param>
    /// <param name="probe">The probe. Written field by field and never copied: copying it would load 32 bytes at once over two
    /// 16-byte stores that are still on their way, which stalls for longer than the rest takes (a GET of 400 ns against 210).</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Create(CacheKey key, ref KeyScratch scratch, out KeyProbe probe)
    {
        Unsafe.SkipInit(out probe);
        if (key.IsText && key.Text.Length is >= 8 and <= InlineBytes)
        {
            ReadOnlySpan<char> text = key.Text;
            ref ushort first = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(text));
            Vector128<ushort> head = Vector128.LoadUnsafe(ref first);
            Vector128<ushort> tail = Vector128.LoadUnsafe(ref first, (nuint)(text.Length - 8));
            if (text.Length < 16)
            {
                if (IsAscii(head | tail))
                {
                    probe.Set(text.Length, Narrow(head, tail), Vector128<byte>.Zero);
                    return;
                }
            }
            else
            {
                Vector128<ushort> second = Vector128.LoadUnsafe(ref first, 8);
                Vector128<ushort> beforeTail = Vector128.LoadUnsafe(ref first, (nuint)(text.Length - 16));
                if (IsAscii(head | second | beforeTail | tail))
                {
                    probe.Set(text.Length, Narrow(head, second), Narrow(beforeTail, tail));
                    return;
                }
            }
        }

        CreateFromAny(key, ref scratch, out probe);
    }

    /// <summary>Makes a probe from bytes, which it borrows.</summary>
    public static void Create(ReadOnlySpan<byte> key, out KeyProbe probe)
    {
        Unsafe.SkipInit(out probe);
        if (key.Length > InlineBytes)
        {
            probe.Length = key.Length;
            probe._bytes = key;
            probe.Hash = XxHash3.HashToUInt64(key, ProcessSeeds.Long);
            return;
        }

        fixed (byte* start = key)
        {
            (Vector128<byte> a, Vector128<byte> b) = Load(start, key.Length);
            probe.Set(key.Length, a, b);
        }
    }

    /// <summary>The hash of a stored key.</summary>
    public static ulong HashOf(byte* key, int length)
    {
        if (length > InlineBytes)
        {
            return XxHash3.HashToUInt64(new ReadOnlySpan<byte>(key, length), ProcessSeeds.Long);
        }

        (Vector128<byte> a, Vector128<byte> b) = Load(key, length);
        return HashOf(length, a, b);
    }

    /// <summary>Whether the <see cref="Length"/> bytes at an address are this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Matches(byte* key)
    {
        if (Length is >= 16 and <= InlineBytes)
        {
            return ((Vector128.Load(key) ^ _a) | (Vector128.Load(key + Length - 16) ^ _b)) == Vector128<byte>.Zero;
        }

        return MatchesShortOrLong(key);
    }

    /// <summary>Writes the key's <see cref="Length"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void CopyTo(byte* destination)
    {
        if (Length is >= 16 and <= InlineBytes)
        {
            _a.Store(destination);
            _b.Store(destination + Length - 16);
            return;
        }

        CopyShortOrLongTo(destination);
    }

    /// <summary>The key's bytes.</summary>
    public readonly byte[] ToArray()
    {
        byte[] bytes = new byte[Length];
        fixed (byte* start = bytes)
        {
            CopyTo(start);
        }

        return bytes;
    }

    /// <summary>Writes the key's bytes to the front of a span.</summary>
    public readonly int CopyTo(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, Length);
        fixed (byte* start = destination)
        {
            CopyTo(start);
        }

        return Length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CreateFromAny(CacheKey key, ref KeyScratch scratch, out KeyProbe probe)
    {
        if (!key.IsText)
        {
            Create(key.Bytes, out probe);
            return;
        }

        ReadOnlySpan<char> text = key.Text;
        Span<byte> encoded = scratch;
        if (!Encoding.UTF8.TryGetBytes(text, encoded, out int written))
        {
            encoded = new byte[Encoding.UTF8.GetByteCount(text)];
            written = Encoding.UTF8.GetBytes(text, encoded);
        }

        Create(encoded[..written], out probe);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsAscii(Vector128<ushort> text) =>
        (text & Vector128.Create((ushort)0xFF80)) == Vector128<ushort>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Narrow(Vector128<ushort> low, Vector128<ushort> high) => Sse2.IsSupported
        ? Sse2.PackUnsignedSaturate(low.AsInt16(), high.AsInt16())
        : Vector128.Narrow(low, high);

    private static (Vector128<byte> A, Vector128<byte> B) Load(byte* key, int length)
    {
        ulong low = 0;
        ulong high = 0;
        if (length >= 16)
        {
            return (Vector128.Load(key), Vector128.Load(key + length - 16));
        }

        if (length >= 8)
        {
            low = *(ulong*)key;
            high = *(ulong*)(key + length - 8);
        }
        else if (length >= 4)
        {
            low = *(uint*)key | ((ulong)*(uint*)(key + length - 4) << 32);
        }
        else if (length > 0)
        {
            low = key[0] | ((ulong)key[length >> 1] << 8) | ((ulong)key[length - 1] << 16);
        }

        return (Vector128.Create(low, high).AsByte(), Vector128<byte>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Set(int length, Vector128<byte> a, Vector128<byte> b)
    {
        Length = length;
        _a = a;
        _b = b;
        _bytes = default;
        Hash = HashOf(length, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HashOf(int length, Vector128<byte> a, Vector128<byte> b)
    {
        ref readonly Seeds seeds = ref ProcessSeeds;
        ulong aHigh = Multiply(a.AsUInt64().GetElement(0) ^ seeds.A0, a.AsUInt64().GetElement(1) ^ seeds.A1, out ulong aLow);
        ulong bHigh = Multiply(b.AsUInt64().GetElement(0) ^ seeds.B0, b.AsUInt64().GetElement(1) ^ seeds.B1, out ulong bLow);
        ulong high = Multiply(aLow ^ bHigh ^ seeds.Last, aHigh ^ bLow ^ (uint)length, out ulong low);
        return high ^ low;
    }

    // Math.BigMul fetches the low half through memory; a second multiplication is done sooner.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Multiply(ulong a, ulong b, out ulong low)
    {
        if (Bmi2.X64.IsSupported)
        {
            low = a * b;
            return Bmi2.X64.MultiplyNoFlags(a, b);
        }

        return Math.BigMul(a, b, out low);
    }

    private readonly bool MatchesShortOrLong(byte* key)
    {
        if (Length > InlineBytes)
        {
            return new ReadOnlySpan<byte>(key, Length).SequenceEqual(_bytes);
        }

        return Load(key, Length).A == _a;
    }

    private readonly void CopyShortOrLongTo(byte* destination)
    {
        if (Length > InlineBytes)
        {
            _bytes.CopyTo(new Span<byte>(destination, Length));
            return;
        }

        ulong low = _a.AsUInt64().GetElement(0);
        if (Length >= 8)
        {
            *(ulong*)destination = low;
            *(ulong*)(destination + Length - 8) = _a.AsUInt64().GetElement(1);
        }
        else if (Length >= 4)
        {
            *(uint*)destination = (uint)low;
            *(uint*)(destination + Length - 4) = (uint)(low >> 32);
        }
        else if (Length > 0)
        {
            destination[0] = (byte)low;
            destination[Length >> 1] = (byte)(low >> 8);
            destination[Length - 1] = (byte)(low >> 16);
        }
    }

    private readonly struct Seeds
    {
        public readonly ulong A0, A1, B0, B1, Last;
        public readonly long Long;

        private Seeds(ReadOnlySpan<ulong> random)
        {
            (A0, A1, B0, B1, Last, Long) = (random[0], random[1], random[2], random[3], random[4], (long)random[5]);
        }

        public static Seeds Draw()
        {
            Span<ulong> random = stackalloc ulong[6];
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(random));
            return new Seeds(random);
        }
    }
}

/// <summary>Room on the stack for a key that has to be encoded; longer text takes an array.</summary>
[InlineArray(Bytes)]
internal struct KeyScratch
{
    public const int Bytes = 256;
    private byte _first;
}
