using System.Text;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Envelope;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Files in an envelope: what comes back is what was written, or a prefix with the loss reported, or a typed error. Never wrong data, and nothing readable.</summary>
public sealed class EnvelopeTests
{
    private const string Increment = LogUnderTest.Increment;
    private const string ManifestFile = LogUnderTest.ManifestFile;

    private static readonly string[] Values = ["one", "two-two", "three", "four-four-four", "five".PadRight(300, '5')];

    public static TheoryData<bool, bool> Envelopes => new() { { true, false }, { false, true }, { true, true } };

    [Theory]
    [MemberData(nameof(Envelopes))]
    public void What_was_written_in_any_pieces_is_read_in_any_pieces(bool encrypts, bool compresses)
    {
        var random = new Random(7);
        var disk = new SimulatedDisk();
        disk.MakeDirectory("");
        EnvelopeStorage storage = Over(disk, encrypts, compresses);
        byte[] content = new byte[3_500_000];
        random.NextBytes(content.AsSpan(0, 2_000_000));
        using (IStorageFile file = storage.Open("file", StorageOpen.Create))
        {
            for (int at = 0; at < content.Length;)
            {
                int count = Math.Min(content.Length - at, random.Next(4) switch { 0 => random.Next(1, 100), 1 => random.Next(1, 5000), 2 => random.Next(1, 300_000), _ => random.Next(1, 2_000_000) });
                file.Write(at, content.AsSpan(at, count));
                at += count;
            }

            file.Sync();
            Assert.Equal(content.Length, file.Length);
        }

        using IStorageFile read = storage.Open("file", StorageOpen.Existing);
        Assert.Equal((content.Length, 0L, null), ((int)read.Length, read.TornBytes, read.Damage));
        for (int i = 0; i < 200; i++)
        {
            int at = i < 2 ? 0 : random.Next(content.Length);
            byte[] buffer = new byte[random.Next(1, i < 2 ? content.Length : 100_000)];
            int count = ReadAll(read, at, buffer);
            Assert.True(buffer.AsSpan(0, count).SequenceEqual(content.AsSpan(at, Math.Min(buffer.Length, content.Length - at))), $"read {i} at {at}, seed 7");
        }
    }

    [Theory]
    [MemberData(nameof(Envelopes))]
    public void Flipping_any_bit_of_the_log_is_noticed(bool encrypts, bool compresses)
    {
        LogUnderTest original = Written(encrypts, compresses);
        byte[] whole = original.Disk[Increment];
        int damaged = 0;
        for (int i = 0; i < whole.Length; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] bytes = [.. whole];
                bytes[i] ^= (byte)(1 << bit);
                LogUnderTest test = With(original, bytes);
                try
                {
                    test.Open();
                }
                catch (LogException e) when (e is LogDamagedException or LogFormatException or EncryptionKeyException)
                {
                    damaged++;
                    Assert.Equal(bytes, test.Disk[Increment]);
                    continue;
                }

                // Only the mark of the orderly close has nothing behind it that proves that it was on disk.
                Assert.Equal(Values, ValuesIn(test));
                Assert.True(test.Report.TornBytes > 0, $"bit {bit} of byte {i} was let pass");
                Assert.False(test.Report.ClosedCleanly);
            }
        }

        Assert.True(damaged > whole.Length * 7, $"{damaged} of {whole.Length * 8} flips were called damage");
    }

    [Theory]
    [MemberData(nameof(Envelopes))]
    public void Cutting_the_log_at_any_byte_leaves_a_prefix_or_an_error(bool encrypts, bool compresses)
    {
        LogUnderTest original = Written(encrypts, compresses);
        byte[] whole = original.Disk[Increment];
        int least = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            LogUnderTest test = With(original, whole[..length]);
            try
            {
                test.Open();
            }
            catch (LogException)
            {
                Assert.Equal(0, least);
                continue;
            }

            string[] found = [.. ValuesIn(test)];
            Assert.Equal(Values[..found.Length], found);
            Assert.True(found.Length >= least, $"cut at {length}");
            least = found.Length;
        }

        Assert.Equal(Values.Length, least);
    }

    [Theory]
    [MemberData(nameof(Envelopes))]
    public void Frames_that_were_swapped_doubled_zeroed_dropped_or_taken_from_another_file_are_damage(bool encrypts, bool compresses)
    {
        LogUnderTest original = Written(encrypts, compresses);
        byte[] log = original.Disk[Increment];
        byte[] other = Written(encrypts, compresses).Disk[Increment];
        int[] at = FrameStarts(log);
        Range first = at[1]..at[2];
        Range second = at[2]..at[3];
        Range rest = at[3]..;
        byte[] zeroed = [.. log];
        zeroed.AsSpan(first).Clear();

        byte[][] forgeries =
        [
            [.. log[..at[1]], .. log[second], .. log[first], .. log[rest]],
            [.. log[..at[2]], .. log[first], .. log[second], .. log[rest]],
            [.. log[..at[1]], .. other[first], .. log[second], .. log[rest]],
            [.. log[..at[1]], .. log[second], .. log[rest]],
            zeroed,
        ];

        foreach (byte[] forgery in forgeries)
        {
            LogUnderTest test = With(original, forgery);
            Assert.Throws<LogDamagedException>(test.Open);
            Assert.Equal(forgery, test.Disk[Increment]);
        }
    }

    [Fact]
    public void A_missing_or_wrong_key_is_named_and_nothing_is_written()
    {
        LogUnderTest original = Written(encrypts: true, compresses: false);
        byte[] log = original.Disk[Increment];
        IKeyProvider wrong = KeyProvider.FromCallback(() => KeyRing.KeyOf("k1", 99), id => KeyRing.KeyOf(id, 99));
        foreach (EnvelopeOptions? envelope in new[] { null, new EnvelopeOptions { Keys = new KeyRing("k2") }, new EnvelopeOptions { Keys = wrong }, new EnvelopeOptions { Compresses = true } })
        {
            LogUnderTest test = With(original, log);
            test.Envelope = envelope;

            var error = Assert.Throws<EncryptionKeyException>(test.Open);

            Assert.Equal("k1", error.KeyId);
            Assert.Contains("'k1'", error.Message, StringComparison.Ordinal);
            Assert.Equal(log, test.Disk[Increment]);
            Assert.Equal(original.Disk[ManifestFile], test.Disk[ManifestFile]);
        }
    }

    [Fact]
    public void Each_opening_begins_a_file_of_its_own_and_no_nonce_comes_twice()
    {
        var test = new LogUnderTest { Envelope = new EnvelopeOptions { Keys = new KeyRing("k1") } };
        test.Open();
        test.WriteBatches("a");
        test.Reopen();
        test.WriteBatches("b");
        test.Reopen();

        Assert.Equal(["a", "b"], ValuesIn(test));
        byte[][] files = [.. test.Disk.List("appendonlydir").Select(name => test.Disk[$"appendonlydir/{name}"])];
        Assert.Equal(4, files.Length);      // three increments and the manifest
        Assert.Equal(4, files.Select(file => Convert.ToHexString(file.AsSpan(24, 32))).Distinct().Count());
        Assert.All(files, file => Assert.Equal(Enumerable.Range(0, FrameStarts(file).Length - 1).Select(number => (long)number), NumbersOf(file)));
    }

    [Fact]
    public void After_a_rotation_old_files_are_read_and_new_ones_are_under_the_new_key()
    {
        var test = new LogUnderTest { Envelope = new EnvelopeOptions { Keys = new KeyRing("k1") } };
        test.Open();
        test.WriteBatches("before");
        test.Log.Close();
        test.Envelope = new EnvelopeOptions { Keys = new KeyRing("k2", "k1") };
        test.Open();
        test.WriteBatches("after");
        test.Reopen();

        Assert.Equal(["before", "after"], ValuesIn(test));
        test.Log.Close();
        test.Envelope = new EnvelopeOptions { Keys = new KeyRing("k2") };
        Assert.Equal("k1", Assert.Throws<EncryptionKeyException>(test.Open).KeyId);
    }

    [Fact]
    public void A_plain_log_is_refused_where_there_are_keys_unless_it_is_said_to_be_accepted()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches("plain");
        test.Log.Close();
        byte[] log = test.Disk[Increment];
        test.Envelope = new EnvelopeOptions { Keys = new KeyRing("k1") };

        Assert.Throws<LogFormatException>(test.Open);
        Assert.Equal(log, test.Disk[Increment]);

        test.Envelope.AcceptsPlainFiles = true;
        test.Open();
        test.WriteBatches("secret");
        test.Reopen();
        Assert.Equal(["plain", "secret"], ValuesIn(test));
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(test.Disk[Increment]), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_was_written_can_be_read_in_an_encrypted_file()
    {
        LogUnderTest test = Written(encrypts: true, compresses: false);

        foreach (string name in test.Disk.List("appendonlydir"))
        {
            string bytes = Encoding.Latin1.GetString(test.Disk[$"appendonlydir/{name}"]);
            Assert.All(["two-two", "key:", "SET", "appendonly", "555"], text => Assert.DoesNotContain(text, bytes, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_damaged_log_in_an_envelope_is_repaired_to_the_batch_before_the_damage()
    {
        LogUnderTest original = Written(encrypts: true, compresses: false);
        byte[] log = [.. original.Disk[Increment]];
        log[FrameStarts(log)[3] + FrameHeader.Bytes] ^= 1;
        LogUnderTest test = With(original, log);
        CheckedFile damaged = Assert.Single(LogCheck.Run(test.Storage));
        Assert.IsType<LogDamagedException>(damaged.Damage);
        Assert.Equal(2, damaged.Commands);

        LogRepair.CutAt(test.Storage, damaged);
        test.Open();

        Assert.Equal(Values[..2], ValuesIn(test));
    }

    [Theory]
    [InlineData("k1", "it must be id:key")]
    [InlineData("k1:AAAA", "it must be id:key")]
    [InlineData("# nothing", "it holds no key")]
    [InlineData(":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "it must be id:key")]
    public void Text_that_holds_no_keys_is_refused_without_being_shown(string text, string why)
    {
        string variable = $"ELASTICACHE_TEST_{Guid.NewGuid():N}";
        Environment.SetEnvironmentVariable(variable, text);

        var error = Assert.Throws<EncryptionKeyException>(() => KeyProvider.FromEnvironment(variable).Current);

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains(variable, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", error.Message, StringComparison.Ordinal);
        Environment.SetEnvironmentVariable(variable, null);
    }

    [Fact]
    public void Keys_come_from_text_the_first_as_the_current_one()
    {
        string variable = $"ELASTICACHE_TEST_{Guid.NewGuid():N}";
        EncryptionKey second = EncryptionKey.Generate("second");
        Environment.SetEnvironmentVariable(variable, $"# keys\n{EncryptionKey.Generate("first").ToSecretText()}; {second.ToSecretText()}\n");
        IKeyProvider keys = KeyProvider.FromEnvironment(variable);

        Assert.Equal("first", keys.Current.Id);
        Assert.Equal(second.ToSecretText(), keys.Find("second")!.ToSecretText());
        Assert.Null(keys.Find("third"));
        Environment.SetEnvironmentVariable(variable, null);
    }

    private static EnvelopeStorage Over(SimulatedDisk disk, bool encrypts, bool compresses) => new(disk, Options(encrypts, compresses), new FakeTimeProvider());

    private static EnvelopeOptions Options(bool encrypts, bool compresses) => new() { Keys = encrypts ? new KeyRing("k1") : null, Compresses = compresses };

    private static LogUnderTest Written(bool encrypts, bool compresses)
    {
        var test = new LogUnderTest { Envelope = Options(encrypts, compresses) };
        test.Open();
        test.WriteBatches(Values);
        test.Log.Close();
        return test;
    }

    private static LogUnderTest With(LogUnderTest original, byte[] log)
    {
        var test = new LogUnderTest { Envelope = original.Envelope };
        test.Disk.MakeDirectory("");
        test.Disk.MakeDirectory("appendonlydir");
        test.Disk[ManifestFile] = original.Disk[ManifestFile];
        test.Disk[Increment] = log;
        return test;
    }

    private static IEnumerable<string> ValuesIn(LogUnderTest test) => test.Store.Applied.Select(command => command[(command.LastIndexOf(' ') + 1)..]);

    // Their headers tell their lengths.
    private static int[] FrameStarts(byte[] file)
    {
        var starts = new List<int> { EnvelopeHeader.Bytes };
        while (starts[^1] < file.Length)
        {
            starts.Add(starts[^1] + FrameHeader.Bytes + BitConverter.ToInt32(file, starts[^1] + 4) + FrameHeader.TagBytes);
        }

        return [.. starts];
    }

    private static IEnumerable<long> NumbersOf(byte[] file) => FrameStarts(file)[..^1].Select(start => BitConverter.ToInt64(file, start + 16));

    private static int ReadAll(IStorageFile file, long offset, Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length && file.Read(offset + count, buffer[count..]) is > 0 and var read)
        {
            count += read;
        }

        return count;
    }
}
