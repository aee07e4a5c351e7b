using ElastiCache.Embedded.Persistence;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Cuts and flipped bits anywhere: the outcome is exact, or a prefix with the loss reported, or a typed error. Never wrong data.</summary>
public sealed class DamageTests
{
    private const string Increment = LogUnderTest.Increment;
    private const string ManifestFile = LogUnderTest.ManifestFile;

    private static readonly string[] Values = ["one", "two-two", "three", "four-four-four", "five"];

    [Fact]
    public void Cutting_the_log_at_any_byte_keeps_every_batch_before_the_cut()
    {
        byte[] whole = WrittenLog(closed: true, out int[] ends);

        for (int length = LogFormat.HeaderBytes; length < whole.Length; length++)
        {
            LogUnderTest test = With(whole[..length]);
            test.Open();

            int batches = Array.FindLastIndex(ends, end => end <= length) + 1;
            int lastEnd = batches == 0 ? LogFormat.HeaderBytes : ends[batches - 1];
            Assert.Equal(Values[..Math.Min(batches, Values.Length)], ValuesIn(test));
            Assert.Equal(length - lastEnd, test.Report.TornBytes);
            Assert.False(test.Report.ClosedCleanly, $"cut at {length}");
        }
    }

    [Fact]
    public void Cutting_the_log_within_its_header_is_damage_because_the_header_was_durable_before_the_manifest_named_it()
    {
        byte[] whole = WrittenLog(closed: true, out _);

        for (int length = 0; length < LogFormat.HeaderBytes; length++)
        {
            LogUnderTest test = With(whole[..length]);

            Assert.Throws<LogDamagedException>(test.Open);
            Assert.Equal(whole[..length], test.Disk[Increment]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Flipping_any_bits_of_the_log_is_noticed(bool closed)
    {
        byte[] whole = WrittenLog(closed, out int[] ends);
        int[] masks = [1, 2, 4, 8, 16, 32, 64, 128, 255, '#' ^ '*'];
        int damaged = 0;
        for (int i = 0; i < whole.Length; i++)
        {
            foreach (int mask in masks)
            {
                byte[] bytes = [.. whole];
                bytes[i] ^= (byte)mask;
                LogUnderTest test = With(bytes);
                try
                {
                    test.Open();
                }
                catch (LogDamagedException e)
                {
                    damaged++;
                    Assert.InRange(i, e.Offset, e.Offset + e.BytesAfter);
                    Assert.Equal(bytes, test.Disk[Increment]);
                    continue;
                }

                // Only the last batch of all has no later one to prove that it was on disk.
                int lastBatch = ends[^2];
                Assert.True(i >= lastBatch, $"byte {i} flipped by {mask} was let pass");
                Assert.Equal(whole.Length - lastBatch, test.Report.TornBytes);
                Assert.Equal(lastBatch, test.Report.TornOffset);
                Assert.Equal(closed ? Values : Values[..^1], ValuesIn(test));
            }
        }

        Assert.True(damaged > whole.Length * 7, $"{damaged} of {whole.Length * masks.Length} flips were called damage");
    }

    [Fact]
    public void Cutting_the_manifest_or_flipping_any_of_its_bits_is_noticed()
    {
        byte[] log = WrittenLog(closed: true, out _);
        byte[] manifest = With(log).Disk[ManifestFile];

        for (int i = 0; i < manifest.Length; i++)
        {
            AssertRefusedOrExact(log, manifest[..i]);
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] bytes = [.. manifest];
                bytes[i] ^= (byte)(1 << bit);
                AssertRefusedOrExact(log, bytes);
            }
        }
    }

    [Fact]
    public void A_batch_that_was_doubled_swapped_or_taken_from_another_file_is_damage()
    {
        byte[] log = WrittenLog(closed: true, out int[] ends);
        byte[] other = WrittenLog(closed: true, out _);
        Range first = LogFormat.HeaderBytes..ends[0];
        Range second = ends[0]..ends[1];
        Range rest = ends[1]..;

        byte[][] forgeries =
        [
            [.. log[..ends[0]], .. log[first], .. log[second], .. log[rest]],
            [.. log[..LogFormat.HeaderBytes], .. log[second], .. log[first], .. log[rest]],
            [.. log[..ends[0]], .. other[second], .. log[rest]],
            [.. log[..ends[0]], .. log[rest]],
        ];

        foreach (byte[] forgery in forgeries)
        {
            Assert.Throws<LogDamagedException>(With(forgery).Open);
        }
    }

    [Fact]
    public void A_value_that_holds_a_commit_line_of_its_own_proves_nothing()
    {
        byte[] forger = WrittenLog(closed: true, out int[] ends);
        string forged = System.Text.Encoding.Latin1.GetString(forger[ends[2]..ends[3]]);
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches("before", forged);
        byte[] log = test.Disk[Increment];

        LogUnderTest torn = With(log[..^10], test);
        torn.Open();

        Assert.Equal(["before"], ValuesIn(torn));
    }

    [Fact]
    public void Damage_below_the_watermark_is_an_error_that_names_file_offset_and_bytes_after_it()
    {
        byte[] log = WrittenLog(closed: true, out int[] ends);
        log[ends[1] + 20] ^= 4;

        var error = Assert.Throws<LogDamagedException>(With(log).Open);

        Assert.Equal($"disk/{Increment}", error.Path);
        Assert.Equal(ends[1], error.Offset);
        Assert.Equal(log.Length - ends[1], error.BytesAfter);
        Assert.Equal(
            $"Log 'disk/{Increment}' is damaged at byte {ends[1]}: {log.Length - ends[1]} bytes follow, so this is not a torn last write. " +
            "Repair it with 'elasticache-embedded check --fix', or restore a snapshot.", error.Message);
    }

    [Fact]
    public void Batches_that_were_never_synced_may_be_lost_from_the_middle_and_are_cut_as_a_torn_end()
    {
        var test = new LogUnderTest(DurabilityMode.No);
        test.Open();
        test.WriteBatches(Values);
        byte[] log = test.Disk[Increment];
        int second = log.AsSpan().IndexOf("two-two"u8);
        log.AsSpan(second, 4).Clear();

        LogUnderTest torn = With(log, test);
        torn.Open();

        Assert.Equal(Values[..1], ValuesIn(torn));
        Assert.Equal(torn.Report.TornOffset + torn.Report.TornBytes, log.Length);
    }

    [Fact]
    public void A_torn_end_is_cut_once_and_the_log_goes_on_behind_it()
    {
        byte[] log = WrittenLog(closed: false, out _);
        LogUnderTest test = With(log[..^5]);
        test.Open();
        test.WriteBatches("after");
        test.Reopen();

        Assert.Equal([.. Values[..^1], "after"], ValuesIn(test));
        Assert.Equal(0, test.Report.TornBytes);
        Assert.True(test.Report.ClosedCleanly);
    }

    /// <summary>One batch a value, and the end of each batch in the file.</summary>
    private static byte[] WrittenLog(bool closed, out int[] ends)
    {
        var test = new LogUnderTest();
        test.Open();
        var found = new List<int>();
        foreach (string value in Values)
        {
            test.WriteBatches(value);
            found.Add(test.Disk[Increment].Length);
        }

        if (closed)
        {
            test.Log.Close();
            found.Add(test.Disk[Increment].Length);
        }

        ends = [.. found];
        return test.Disk[Increment];
    }

    private static LogUnderTest With(byte[] log, LogUnderTest? original = null)
    {
        var test = new LogUnderTest();
        test.Disk.MakeDirectory("");
        test.Disk.MakeDirectory("appendonlydir");
        test.Disk[ManifestFile] = original?.Disk[ManifestFile] ??
            new Manifest([new ManifestFile("appendonly.aof.1.incr.aof", 1, ManifestFileType.Increment)], isOurs: true).ToBytes();
        test.Disk[Increment] = log;
        return test;
    }

    private static void AssertRefusedOrExact(byte[] log, byte[] manifest)
    {
        LogUnderTest test = With(log);
        test.Disk[ManifestFile] = manifest;
        try
        {
            test.Open();
        }
        catch (LogException)
        {
            return;
        }

        Assert.Equal(Values, ValuesIn(test));
        Assert.Equal(0, test.Report.TornBytes);
    }

    private static IEnumerable<string> ValuesIn(LogUnderTest test) => test.Store.Applied.Select(command => command[(command.LastIndexOf(' ') + 1)..]);
}
