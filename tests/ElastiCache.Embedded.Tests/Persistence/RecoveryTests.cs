using System.Text;
using ElastiCache.Embedded.Persistence;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Opening what is there: our own files, redis-server's, mixtures, and what must be refused.</summary>
public sealed class RecoveryTests
{
    private const string Increment = LogUnderTest.Increment;
    private const string SecondIncrement = "appendonlydir/appendonly.aof.2.incr.aof";
    private const string Base = "appendonlydir/appendonly.aof.1.base.aof";
    private const string ManifestFile = LogUnderTest.ManifestFile;
    private const string Select0 = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";

    [Fact]
    public void An_empty_folder_becomes_a_log_with_a_manifest_and_one_increment_named_as_redis_names_them()
    {
        var test = new LogUnderTest();

        test.Open();

        Assert.Equal(0, test.Report.Files);
        Assert.Equal(LogFormat.HeaderBytes, test.Disk[Increment].Length);
        Assert.EndsWith("\nfile appendonly.aof.1.incr.aof seq 1 type i\n", Encoding.ASCII.GetString(test.Disk[ManifestFile]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_written_is_replayed_with_its_databases_in_order()
    {
        var test = new LogUnderTest();
        test.Open();
        test.Set(0, "a", "1", database: 3);
        test.Set(0, "a", "2", database: 0);
        test.Set(0, "b", "3", database: 0);
        test.Set(1, "c", "4", database: 3);
        test.Log.RunCycle();
        test.Set(1, "c", "5", database: 3);
        test.Reopen();

        Assert.Equal(["3 SET a 1", "0 SET a 2", "0 SET b 3", "3 SET c 4", "3 SET c 5"], test.Store.Applied);
        Assert.Equal(5, test.Report.Commands);
        Assert.Equal(1, test.Report.Files);
        Assert.True(test.Report.ClosedCleanly);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_767_225_600), test.Report.NewestTimestamp);
    }

    [Fact]
    public void A_log_that_was_closed_and_is_open_again_no_longer_counts_as_closed()
    {
        var test = new LogUnderTest();
        test.Open();
        test.Reopen();
        Assert.True(test.Report.ClosedCleanly);

        test.Disk.Kill();
        test.Open();

        Assert.False(test.Report.ClosedCleanly);
    }

    [Fact]
    public void A_log_of_redis_with_base_and_increments_is_read_and_a_new_increment_begun()
    {
        LogUnderTest test = Redis(
            "file appendonly.aof.1.base.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
            (Base, "#TS:1700000000\r\n" + Select0 + Set("a", "1")),
            (Increment, "#TS:1700000005\r\n" + Select0 + Set("b", "2", "set") + "*1\r\n$5\r\nMULTI\r\n" + Set("c", "3") + "*1\r\n$4\r\nEXEC\r\n"));

        test.Open();
        test.WriteBatches("ours");

        Assert.Equal(["0 SET a 1", "0 SET b 2", "0 SET c 3"], test.Store.Applied);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_005), test.Report.NewestTimestamp);
        Assert.False(test.Report.ClosedCleanly);

        test.Reopen();

        Assert.Equal(3, test.Report.Files);
        Assert.Equal(["0 SET a 1", "0 SET b 2", "0 SET c 3", "0 SET key:ours ours"], test.Store.Applied);
        Assert.StartsWith("#EC:log v=1 ", Encoding.ASCII.GetString(test.Disk[SecondIncrement]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_redis_appended_to_our_increment_is_read_and_a_new_increment_begun_behind_it()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches("ours");
        test.Log.Close();
        test.Disk[Increment] = [.. test.Disk[Increment], .. Encoding.ASCII.GetBytes(Select0 + Set("theirs", "1"))];

        test.Open();
        test.WriteBatches("again");
        test.Reopen();

        Assert.Equal(["0 SET key:ours ours", "0 SET theirs 1", "0 SET key:again again"], test.Store.Applied);
        Assert.True(test.Report.ClosedCleanly);
    }

    [Fact]
    public void A_torn_end_of_redis_is_cut_behind_its_last_whole_command()
    {
        string whole = Select0 + Set("a", "1");
        string rest = "*1\r\n$5\r\nMULTI\r\n" + Set("b", "2") + "*1\r\n$4\r\nEXEC\r\n";
        for (int length = 0; length < rest.Length; length++)
        {
            LogUnderTest test = Redis("file appendonly.aof.1.incr.aof seq 1 type i\n", (Increment, whole + rest[..length]));

            test.Open();

            Assert.Equal(["0 SET a 1"], test.Store.Applied);
            Assert.Equal(length, test.Report.TornBytes);
            Assert.Equal(whole.Length, test.Disk[Increment].Length);
        }
    }

    [Theory]
    [InlineData("*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n")]
    [InlineData("*1\r\n$4\r\nEXEC\r\n")]
    [InlineData("*0\r\n")]
    [InlineData("*1\r\n$3\r\nGETxx")]
    [InlineData("*-1\r\n")]
    [InlineData("*99999999999\r\n")]
    [InlineData("*1\r\n$600000000\r\nx")]
    [InlineData("*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n")]
    [InlineData("GET a\r\n")]
    [InlineData("\0\0\0\0")]
    public void A_log_of_redis_that_no_crash_explains_is_damage(string end)
    {
        LogUnderTest test = Redis("file appendonly.aof.1.incr.aof seq 1 type i\n", (Increment, Select0 + end));

        var error = Assert.Throws<LogDamagedException>(test.Open);

        Assert.Equal(Select0.Length, error.Offset);
        Assert.Equal(Select0 + end, Encoding.ASCII.GetString(test.Disk[Increment]));
    }

    [Fact]
    public void A_torn_end_in_a_file_that_is_not_the_last_is_damage()
    {
        LogUnderTest test = Redis(
            "file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n",
            (Increment, Select0 + Set("a", "1")[..^3]),
            (SecondIncrement, Select0 + Set("b", "2")));

        Assert.Throws<LogDamagedException>(test.Open);
    }

    [Fact]
    public void Cutting_an_increment_that_is_not_the_last_is_seen_even_between_two_commands()
    {
        LogUnderTest test = Redis("file appendonly.aof.1.incr.aof seq 1 type i\n", (Increment, Select0 + Set("a", "1") + Set("b", "2")));
        test.Open();
        test.Log.Close();
        test.Disk[Increment] = test.Disk[Increment][..^Set("b", "2").Length];

        var error = Assert.Throws<LogDamagedException>(test.Open);

        Assert.Equal($"disk/{SecondIncrement}", error.Path);
    }

    [Fact]
    public void A_base_in_RDB_format_of_a_later_version_is_refused_and_nothing_is_changed()
    {
        LogUnderTest test = Redis(
            "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
            ("appendonlydir/appendonly.aof.1.base.rdb", "REDIS0099\u00ff"),
            (Increment, Select0 + "*2\r\n$3\r\nDE"));

        var error = Assert.Throws<LogFormatException>(test.Open);

        Assert.Equal("disk/appendonlydir/appendonly.aof.1.base.rdb", error.Path);
        Assert.Contains("version 99", error.Message, StringComparison.Ordinal);
        Assert.Equal(Select0 + "*2\r\n$3\r\nDE", Encoding.ASCII.GetString(test.Disk[Increment]));
        Assert.Empty(test.Store.Applied);
    }

    [Fact]
    public void An_increment_in_RDB_format_is_refused_and_nothing_is_changed()
    {
        LogUnderTest test = Redis("file appendonly.aof.1.incr.aof seq 1 type i\n", (Increment, "REDIS0010\u00ff"));

        var error = Assert.Throws<LogFormatException>(test.Open);

        Assert.Contains("the manifest calls it an increment", error.Message, StringComparison.Ordinal);
        Assert.Empty(test.Store.Applied);
    }

    [Fact]
    public void A_file_of_a_newer_format_version_is_refused_as_such_and_not_as_damage()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches("one");
        test.Log.Close();
        byte[] log = test.Disk[Increment];
        string header = Encoding.ASCII.GetString(log[..(LogFormat.HeaderBytes - 18)]).Replace("v=1", "v=2", StringComparison.Ordinal);
        string check = $"{System.IO.Hashing.XxHash3.HashToUInt64(Encoding.ASCII.GetBytes(header)):x16}\r\n";
        test.Disk[Increment] = [.. Encoding.ASCII.GetBytes(header + check), .. log[LogFormat.HeaderBytes..]];

        var error = Assert.Throws<LogFormatException>(test.Open);

        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_that_the_store_refuses_is_an_error_with_its_place()
    {
        LogUnderTest test = Redis("file appendonly.aof.1.incr.aof seq 1 type i\n", (Increment, Select0 + "*1\r\n$6\r\nFUTURE\r\n"));

        var error = Assert.Throws<LogFormatException>(test.Open);

        Assert.Equal(Select0.Length, error.Offset);
        Assert.Contains("'FUTURE'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_the_manifest_names_and_that_is_gone_is_damage()
    {
        var test = new LogUnderTest();
        test.Open();
        test.Log.Close();
        test.Disk.Remove(Increment);

        Assert.Throws<LogDamagedException>(test.Open);
    }

    [Fact]
    public void A_log_without_its_manifest_is_not_taken_for_an_empty_folder()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches("one");
        test.Log.Close();
        test.Disk.Remove(ManifestFile);

        var error = Assert.Throws<LogDamagedException>(test.Open);

        Assert.Equal($"disk/{ManifestFile}", error.Path);
    }

    [Fact]
    public void A_short_log_of_redis_without_its_manifest_is_not_taken_for_an_empty_folder()
    {
        LogUnderTest test = Redis("", (Increment, Set("a", "1")));
        test.Disk.Remove(ManifestFile);

        Assert.Throws<LogDamagedException>(test.Open);
    }

    [Fact]
    public void The_single_file_log_of_Redis_6_is_not_taken_for_an_empty_folder()
    {
        LogUnderTest test = Redis("", ("appendonly.aof", Set("a", "1")));

        Assert.Throws<LogFormatException>(test.Open);
    }

    [Fact]
    public void A_folder_whose_opening_failed_can_be_opened_again()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches("one", "two-two");
        byte[] log = test.Disk[Increment];
        test.Log.Close();
        test.Disk[Increment] = [.. log[..150], .. new byte[10], .. log[160..]];
        Assert.Throws<LogDamagedException>(test.Open);
        test.Disk[Increment] = log;

        test.Open();

        Assert.Equal(2, test.Report.Commands);
    }

    [Fact]
    public void A_second_owner_of_an_open_folder_is_refused()
    {
        var test = new LogUnderTest();
        test.Open();

        Assert.Throws<FolderInUseException>(() => Recovery.Run(test.Disk, new ModelStore(), test.Clock));
    }

    [Fact]
    public void A_value_larger_than_every_buffer_is_written_and_read()
    {
        var test = new LogUnderTest();
        test.Open();
        string large = new('x', 3_000_000);
        test.Set(0, "large", large);
        test.Set(0, "small", "y");
        test.Reopen();

        Assert.Equal(large, test.Store.Entries[(0, "large")]);
        Assert.Equal("y", test.Store.Entries[(0, "small")]);
    }

    [Theory]
    [InlineData("file a seq 1 type i\nfile b seq 1 type i\n", 2)]
    [InlineData("file a seq 1 type b\nfile b seq 2 type b\n", 2)]
    [InlineData("file a seq 1 type x\n", 1)]
    [InlineData("file a seq 0 type i\n", 1)]
    [InlineData("file a seq 01x type i\n", 1)]
    [InlineData("file ../a seq 1 type i\n", 1)]
    [InlineData("file .. seq 1 type i\n", 1)]
    [InlineData("file a seq 1 type i more 1\n", 1)]
    [InlineData("file a seq 1\n", 1)]
    [InlineData("file a seq 1 type i\n\n", 2)]
    [InlineData("file a seq 1 type i\nfile a seq 2 type i\n", 2)]
    [InlineData("file appendonly.aof.1.incr.aof seq 2 type i\n", 1)]
    [InlineData("# a comment\nfile a seq 1 type i", 2)]
    public void A_manifest_that_says_what_we_do_not_know_is_refused_with_the_line(string manifest, int line)
    {
        LogUnderTest test = Redis(manifest);

        var error = Assert.Throws<LogFormatException>(test.Open);

        Assert.Equal(line, error.Line);
        Assert.Contains($"line {line}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_flipped_bit_of_a_manifest_makes_it_pass_over_an_increment()
    {
        LogUnderTest original = Redis("file appendonly.aof.1.incr.aof seq 1 type i\n", (Increment, Select0 + Set("a", "1")));
        original.Open();
        original.WriteBatches("ours");
        original.Log.Close();
        byte[] manifest = original.Disk[ManifestFile];

        for (int i = 0; i < manifest.Length * 8; i++)
        {
            byte[] flipped = [.. manifest];
            flipped[i / 8] ^= (byte)(1 << (i % 8));
            LogUnderTest test = Redis(
                Encoding.Latin1.GetString(flipped),
                (Increment, Encoding.Latin1.GetString(original.Disk[Increment])),
                (SecondIncrement, Encoding.Latin1.GetString(original.Disk[SecondIncrement])));
            try
            {
                test.Open();
            }
            catch (LogException)
            {
                continue;
            }

            Assert.Equal(["0 SET a 1", "0 SET key:ours ours"], test.Store.Applied);
        }
    }

    private static LogUnderTest Redis(string manifest, params (string Name, string Content)[] files)
    {
        var test = new LogUnderTest();
        test.Disk.MakeDirectory("");
        test.Disk.MakeDirectory("appendonlydir");
        test.Disk[ManifestFile] = Encoding.Latin1.GetBytes(manifest);
        foreach ((string name, string content) in files)
        {
            test.Disk[name] = Encoding.Latin1.GetBytes(content);
        }

        return test;
    }

    private static string Set(string key, string value, string name = "SET") =>
        $"*3\r\n$3\r\n{name}\r\n${key.Length}\r\n{key}\r\n${value.Length}\r\n{value}\r\n";
}
