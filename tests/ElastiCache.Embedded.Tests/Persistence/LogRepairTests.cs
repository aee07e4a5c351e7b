using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Checking a log without opening it, and giving it up from a damage on.</summary>
public sealed class LogRepairTests
{
    private static readonly string[] Values = ["one", "two-two", "three", "four-four-four", "five"];

    [Fact]
    public void Whatever_is_damaged_a_cut_log_opens_with_what_stood_before_it_and_nothing_is_thrown_away()
    {
        LogUnderTest whole = Written();
        string[] names = [.. whole.Log.Chain.Manifest.Files.Select(file => LogFolder.InDirectory(file.Name))];
        Assert.Equal(2, names.Length);
        int cuts = 0;
        foreach (string name in names)
        {
            byte[] bytes = whole.Disk[name];
            for (int i = 0; i < bytes.Length; i += 3)
            {
                LogUnderTest test = Copy(whole);
                byte[] damaged = [.. bytes];
                damaged[i] ^= 0x55;
                test.Disk[name] = damaged;
                if (LogCheck.Run(test.Disk).Find(file => file.Damage != null) is not { } found)
                {
                    continue;       // in the last batch, which nothing proves to have been on disk
                }

                List<string> dropped = LogRepair.CutAt(test.Disk, found);
                test.Open();

                Assert.Equal(Values[..test.Store.Applied.Count], test.Store.Applied.Select(command => command[(command.LastIndexOf(' ') + 1)..]));
                Assert.True(test.Report.TornBytes == 0 || name == names[1]);
                Assert.Equal(damaged, test.Disk[LogFolder.InDirectory("dropped-" + name[(name.LastIndexOf('/') + 1)..])]);
                Assert.Equal(name == names[0] ? 2 : 1, dropped.Count);
                cuts++;
            }
        }

        Assert.True(cuts > 150, $"{cuts} cuts");
    }

    [Fact]
    public void A_check_tells_a_torn_end_from_damage_and_changes_nothing()
    {
        LogUnderTest test = Written();
        string name = LogFolder.InDirectory(test.Log.Chain.Manifest.Files[^1].Name);
        byte[] torn = test.Disk[name][..^5];
        test.Disk[name] = torn;

        List<CheckedFile> files = LogCheck.Run(test.Disk);

        Assert.Equal([false, true], files.Select(file => file.IsTorn));
        Assert.All(files, file => Assert.Null(file.Damage));
        Assert.Equal(torn, test.Disk[name]);
    }

    [Fact]
    public void A_damaged_base_is_not_cut()
    {
        LogUnderTest test = Written();
        test.Source = new ModelSource(() => test.Store.Entries);
        test.Open();
        test.Log.Rewriter!.TryBegin();
        test.Log.RunCycle();
        test.Log.Rewriter!.RunBackground();
        test.Log.Close();
        string name = LogFolder.InDirectory(test.Log.Chain.Manifest.Base!.Name);
        byte[] damaged = test.Disk[name];
        damaged[^1] ^= 1;
        test.Disk[name] = damaged;

        CheckedFile found = LogCheck.Run(test.Disk).Single(file => file.Damage != null);

        Assert.Throws<InvalidOperationException>(() => LogRepair.CutAt(test.Disk, found));
        Assert.Equal(damaged, test.Disk[name]);
    }

    [Fact]
    public void A_log_that_somebody_has_open_is_checked_and_not_cut()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches(Values);

        CheckedFile file = Assert.Single(LogCheck.Run(test.Disk));

        Assert.Equal((5, null), (file.Commands, file.Damage));
        Assert.Throws<FolderInUseException>(() => LogRepair.CutAt(test.Disk, file));
    }

    // Two increments, closed: one with three values, one with two.
    private static LogUnderTest Written()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches(Values[..3]);
        LogFile next = test.Log.Chain.Commit(test.Log.Chain.Prepare(test.Disk[LogUnderTest.Increment].Length, 0));
        next.Dispose();
        test.Disk.Kill();
        test.Log.Close();
        test.Open();
        test.WriteBatches(Values[3..]);
        test.Log.Close();
        return test;
    }

    private static LogUnderTest Copy(LogUnderTest original)
    {
        var test = new LogUnderTest();
        test.Disk.MakeDirectory("");
        test.Disk.MakeDirectory("appendonlydir");
        foreach (string name in original.Disk.List("appendonlydir"))
        {
            test.Disk[LogFolder.InDirectory(name)] = original.Disk[LogFolder.InDirectory(name)];
        }

        return test;
    }
}
