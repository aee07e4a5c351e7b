using System.Globalization;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>The rewrite of the log, step by step on a simulated disk.</summary>
public sealed class RewriteTests
{
    private const string Manifest = LogUnderTest.ManifestFile;
    private const string First = LogUnderTest.Increment;
    private const string Second = "appendonlydir/appendonly.aof.2.incr.aof";
    private const string Base = "appendonlydir/appendonly.aof.2.base.rdb";

    private readonly LogUnderTest _test = new();
    private readonly Dictionary<(int, string), string> _state = [];
    private readonly ModelSource _source;

    public RewriteTests()
    {
        _source = new ModelSource(() => _state);
        _test.Source = _source;
        _test.Open();
    }

    private LogRewriter Rewriter => _test.Log.Rewriter!;

    [Fact]
    public void A_base_and_a_new_increment_take_the_place_of_the_log()
    {
        Write("before");
        Task end = Rewriter.TryBegin()!;
        _test.Log.RunCycle();
        Write("meanwhile");

        Assert.Equal([First, Second, Manifest], Files());
        Assert.False(end.IsCompleted);
        Assert.True(Rewriter.RunBackground());

        Assert.True(end.IsCompletedSuccessfully);
        Assert.Equal([Base, Second, Manifest], Files());
        Write("after");
        _test.Reopen();

        Assert.Equal(_state, _test.Store.Entries);
        Assert.Equal(["0 LOAD key:before before", "0 SET key:meanwhile meanwhile", "0 SET key:after after"], _test.Store.Applied);
        Assert.Equal(1, _test.Report.Entries);
        Assert.Equal(2, _test.Report.Files);
    }

    [Fact]
    public void What_was_written_before_the_moment_is_in_the_base_and_what_came_after_is_not()
    {
        // Nothing of it was taken by the writer when the moment came.
        Set("before");
        Rewriter.TryBegin();
        _test.Log.RunCycle();
        Set("after");
        _test.Log.RunCycle();
        Rewriter.RunBackground();
        _test.Reopen();

        Assert.Equal(["0 LOAD key:before before", "0 SET key:after after"], _test.Store.Applied);
    }

    [Fact]
    public void A_write_just_before_the_moment_is_in_the_base_alone()
    {
        _source.BeforeMoment = () => Set("between");
        Rewriter.TryBegin();
        _test.Log.RunCycle();
        _test.Log.RunCycle();
        Rewriter.RunBackground();
        _test.Reopen();

        Assert.Equal(["0 LOAD key:between between"], _test.Store.Applied);
    }

    [Fact]
    public void One_runs_at_a_time_and_a_closed_log_begins_none()
    {
        Task first = Rewriter.TryBegin()!;
        Assert.Null(Rewriter.TryBegin());
        _test.Log.RunCycle();
        Assert.Null(Rewriter.TryBegin());

        LogRewriter rewriter = Rewriter;
        _test.Log.Close();

        Assert.IsType<ObjectDisposedException>(first.Exception!.InnerException);
        Assert.IsType<ObjectDisposedException>(Record.Exception(() => { rewriter.TryBegin(); }));
        Assert.Equal([First, Second, Manifest], Files());
        _test.Open();
        Assert.Equal(_state, _test.Store.Entries);
    }

    [Fact]
    public void Left_overs_of_a_rewrite_that_a_crash_cut_short_go_with_the_next()
    {
        Write("one");
        Rewriter.TryBegin();
        _test.Log.RunCycle();
        _test.Disk[Base] = [1, 2, 3];
        _test.Disk["appendonlydir/notes.txt"] = [4];
        _test.Disk.Kill();
        _test.Log.Close();
        _test.Open();
        Rewriter.TryBegin();
        _test.Log.RunCycle();
        Rewriter.RunBackground();

        Assert.Equal(["appendonlydir/appendonly.aof.3.base.rdb", "appendonlydir/appendonly.aof.3.incr.aof", Manifest, "appendonlydir/notes.txt"], Files());
        _test.Reopen();
        Assert.Equal(_state, _test.Store.Entries);
    }

    [Fact]
    public void A_log_that_has_grown_is_rewritten_by_itself_and_not_again_before_it_has_grown_again()
    {
        _test.Options = _test.Options with { RewriteGrowthPercent = 100, RewriteMinBytes = 4_000 };
        _test.Reopen();
        int rewrites = 0;
        for (int i = 0; i < 200; i++)
        {
            Write($"value {i % 10}");
            _test.Time.Advance(TimeSpan.FromSeconds(1));
            _test.Log.RunCycle();
            bool ran = Rewriter.RunBackground();
            rewrites += ran ? 1 : 0;
            Assert.True(_test.Log.Writer.LogBytes < 4_500, $"{_test.Log.Writer.LogBytes} bytes");
        }

        Assert.InRange(rewrites, 5, 12);
        Assert.Equal(rewrites, Rewriter.Rewrites);
        _test.Reopen();
        Assert.Equal(_state, _test.Store.Entries);
    }

    [Fact]
    public void After_a_failure_the_disk_is_given_a_minute()
    {
        var failures = new List<Exception>();
        _test.Options = _test.Options with { RewriteGrowthPercent = 1, RewriteMinBytes = 0, RewriteFailed = failures.Add };
        _test.Reopen();
        Write("grown");
        _test.Time.Advance(TimeSpan.FromSeconds(1));
        _test.Log.RunCycle();
        _test.Disk.FailAfter(2, DiskFault.NoSpace);
        Rewriter.RunBackground();

        Assert.IsType<LogRewriteException>(Assert.Single(failures));
        Assert.Equal(1, Rewriter.FailuresInARow);
        for (int second = 0; second < 59; second++)
        {
            Write($"{second}");
            _test.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(Rewriter.IsRunning);
        }

        _test.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Rewriter.IsRunning);
        _test.Log.RunCycle();
        Rewriter.RunBackground();
        Assert.Equal((1, 0), (Rewriter.Rewrites, Rewriter.FailuresInARow));
        _test.Reopen();
        Assert.Equal(_state, _test.Store.Entries);
    }

    [Fact]
    public void A_base_that_is_cut_or_changed_anywhere_is_damage()
    {
        Write("one");
        Write("two");
        Rewriter.TryBegin();
        _test.Log.RunCycle();
        Rewriter.RunBackground();
        _test.Log.Close();
        byte[] whole = _test.Disk[Base];

        for (int i = 0; i < whole.Length; i++)
        {
            AssertDamaged(whole[..i]);
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] flipped = [.. whole];
                flipped[i] ^= (byte)(1 << bit);
                AssertDamaged(flipped);
            }
        }

        _test.Disk[Base] = whole;
        _test.Open();
        Assert.Equal(_state, _test.Store.Entries);
    }

    private void AssertDamaged(byte[] bytes)
    {
        _test.Disk[Base] = bytes;
        Exception? error = Record.Exception(() => _test.Open());
        Assert.True(error is LogDamagedException or LogFormatException, $"{error?.GetType().Name ?? "nothing"}: {error?.Message}");
        Assert.Equal(bytes, _test.Disk[Base]);
    }

    private void Write(string value)
    {
        Set(value);
        _test.Log.RunCycle();
    }

    private void Set(string value)
    {
        _test.Set(value.Length % _test.Shards.Count, "key:" + value, value);
        _state[(0, "key:" + value)] = value;
    }

    private string[] Files() => [.. _test.Disk.List("appendonlydir").Select(name => string.Create(CultureInfo.InvariantCulture, $"appendonlydir/{name}")).Order(StringComparer.Ordinal)];
}
