using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Keyspace;

public sealed unsafe class KeyProbeTests
{
    // ASCII; Latin-1; three bytes; a surrogate pair; NUL; DEL; the first character that is not ASCII.
    private static readonly string[] Alphabets = ["abcXYZ019:-_", "aé", "a漢", "ab😀c", "a\0b", "a\u007F", "a\u0080b"];

    [Fact]
    public void Text_and_its_bytes_give_the_same_hash_and_match_at_every_length()
    {
        foreach (string alphabet in Alphabets)
        {
            for (int length = 0; length <= 300; length++)
            {
                AssertSameKey(Repeat(alphabet, length), $"'{alphabet}' x {length}");
            }
        }
    }

    [Theory]
    [InlineData("\uD83D")]
    [InlineData("lone high \uD83D inside")]
    [InlineData("lone low \uDE00 inside a longer text than thirty-two")]
    [InlineData("0123456789abcde\uDE00")]
    [InlineData("\uDE00\uD83D")]
    public void A_lone_surrogate_is_the_replacement_character_as_in_Encoding_UTF8(string text) => AssertSameKey(text, text);

    [Fact]
    public void A_non_ASCII_character_at_any_place_of_a_short_key_is_noticed()
    {
        for (int length = 1; length <= 40; length++)
        {
            for (int at = 0; at < length; at++)
            {
                char[] text = Repeat("k", length).ToCharArray();
                text[at] = 'ÿ';
                AssertSameKey(new string(text), $"length {length}, place {at}");
            }
        }
    }

    [Fact]
    public void Flipping_any_bit_of_a_stored_key_ends_the_match_and_changes_the_hash()
    {
        var random = new Random(1);
        byte* stored = stackalloc byte[332];
        for (int length = 1; length <= 300; length++)
        {
            byte[] key = new byte[length];
            random.NextBytes(key);
            KeyProbe.Create(key, out KeyProbe probe);
            key.CopyTo(new Span<byte>(stored, length));
            Assert.True(probe.Matches(stored));

            for (int at = 0; at < length; at++)
            {
                byte flip = (byte)(1 << random.Next(8));
                stored[at] ^= flip;
                Assert.False(probe.Matches(stored), $"length {length}, byte {at}");
                Assert.NotEqual(probe.Hash, KeyProbe.HashOf(stored, length));
                stored[at] ^= flip;
            }
        }
    }

    [Fact]
    public void Bytes_before_and_behind_a_stored_key_do_not_matter()
    {
        byte* memory = stackalloc byte[160];
        for (int length = 0; length <= 64; length++)
        {
            byte[] key = Encoding.ASCII.GetBytes(Repeat("abcdefg", length));
            KeyProbe.Create(key, out KeyProbe probe);
            new Span<byte>(memory, 160).Fill(0xEE);

            probe.CopyTo(memory + 48);

            Assert.True(new Span<byte>(memory, 48).IndexOfAnyExcept((byte)0xEE) < 0, $"length {length}: wrote before the key");
            Assert.True(new Span<byte>(memory + 48 + length, 112 - length).IndexOfAnyExcept((byte)0xEE) < 0, $"length {length}: wrote behind the key");
            Assert.True(probe.Matches(memory + 48));
            new Span<byte>(memory, 48).Fill(0x11);
            new Span<byte>(memory + 48 + length, 112 - length).Fill(0x22);
            Assert.True(probe.Matches(memory + 48), $"length {length}");
        }
    }

    [Fact]
    public void Keys_that_differ_only_in_length_have_different_hashes()
    {
        var hashes = new HashSet<ulong>();
        for (int length = 0; length <= 300; length++)
        {
            KeyProbe.Create(new byte[length], out KeyProbe probe);
            Assert.True(hashes.Add(probe.Hash), $"length {length}");
        }
    }

    [Fact]
    public void Numbered_keys_spread_evenly_over_buckets_and_shards()
    {
        const int keys = 1 << 18;
        int[] shards = new int[64];
        int[] buckets = new int[64];
        var scratch = default(KeyScratch);
        for (int i = 0; i < keys; i++)
        {
            KeyProbe.Create($"user:{i:D10}", ref scratch, out KeyProbe probe);
            shards[probe.Hash >> 58]++;
            buckets[probe.SlotHash & 63]++;
        }

        // 4,096 a cell, standard deviation 64: six of them are never exceeded by chance.
        Assert.All(shards.Concat(buckets), count => Assert.InRange(count, 4096 - 384, 4096 + 384));
    }

    [Fact]
    public void A_key_is_the_same_from_string_span_array_and_bytes()
    {
        byte[] utf8 = [.. "user:é"u8];

        AssertEqualKeys("user:é", utf8);
        AssertEqualKeys("user:é".AsSpan(), utf8.AsSpan());
        AssertEqualKeys((string)"", Array.Empty<byte>());
        Assert.Equal(utf8, new CacheKey("user:é").ToArray());
        Assert.Equal(utf8, new CacheKey(utf8).ToArray());
        Assert.Equal("user:é", new CacheKey(utf8).ToString());
        Assert.Equal("user:é", new CacheKey("user:é").ToString());
        Assert.Empty(default(CacheKey).ToArray());
    }

    [Fact]
    public void A_null_key_is_refused_by_name()
    {
        Assert.Equal("text", Assert.Throws<ArgumentNullException>(() => _ = ((CacheKey)(string)null!).IsText).ParamName);
        Assert.Equal("bytes", Assert.Throws<ArgumentNullException>(() => _ = ((CacheKey)(byte[])null!).IsText).ParamName);
    }

    [Fact]
    public void Making_a_probe_reads_nothing_beyond_the_end_of_the_key()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Half of a reservation can't be released on Windows.");
        }

        // The text ends at the last byte of a page, and the page behind it is gone: reading on would end the process.
        const int page = 64 * 1024;
        byte* memory = VirtualMemory.Reserve(2 * page);
        VirtualMemory.Release(memory + page, page);
        for (int length = 0; length <= 64; length++)
        {
            char* text = (char*)(memory + page) - length;
            new Span<char>(text, length).Fill('k');
            var scratch = default(KeyScratch);
            KeyProbe.Create(new ReadOnlySpan<char>(text, length), ref scratch, out KeyProbe probe);
            Assert.Equal(length, probe.Length);
            KeyProbe.Create(new ReadOnlySpan<byte>(memory + page - length, length), out probe);
            Assert.Equal(length, probe.Length);
        }

        VirtualMemory.Release(memory, page);
    }

    private static void AssertEqualKeys(CacheKey a, CacheKey b)
    {
        var scratchA = default(KeyScratch);
        var scratchB = default(KeyScratch);
        KeyProbe.Create(a, ref scratchA, out KeyProbe probeA);
        KeyProbe.Create(b, ref scratchB, out KeyProbe probeB);
        Assert.Equal(probeA.Hash, probeB.Hash);
        Assert.Equal(probeA.ToArray(), probeB.ToArray());
    }

    private static void AssertSameKey(string text, string what)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var scratch = default(KeyScratch);
        KeyProbe.Create(text, ref scratch, out KeyProbe fromText);
        KeyProbe.Create(bytes, out KeyProbe fromBytes);

        Assert.True(fromText.Hash == fromBytes.Hash, what);
        Assert.True(fromText.Length == bytes.Length, what);
        Assert.Equal(bytes, fromText.ToArray());
        Assert.Equal(bytes, fromBytes.ToArray());
        byte* stored = stackalloc byte[bytes.Length + 32];
        fromText.CopyTo(stored);
        Assert.True(fromBytes.Matches(stored), what);
        Assert.True(fromText.Matches(stored), what);
        Assert.True(KeyProbe.HashOf(stored, bytes.Length) == fromText.Hash, what);
    }

    private static string Repeat(string alphabet, int length) => string.Create(length, alphabet, static (span, alphabet) =>
    {
        for (int i = 0; i < span.Length; i++)
        {
            span[i] = alphabet[i % alphabet.Length];
        }
    });
}
