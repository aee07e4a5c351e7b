using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>Promises of the durability modes: when a write is acknowledged, refused, or waits.</summary>
public sealed class AppendLogTests
{
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void Always_acknowledges_a_write_after_the_sync_that_covers_it()
    {
        var test = new LogUnderTest(DurabilityMode.Always);
        test.Open();
        int syncs = test.Disk.Syncs;

        JournalTicket ticket = test.Set(0, "a", "1");
        ValueTask waiting = test.Log.WaitAsync(ticket, CancellationToken.None);

        Assert.False(waiting.IsCompleted);
        test.Log.RunCycle();
        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.True(test.Log.IsComplete(ticket));
        Assert.Equal(syncs + 1, test.Disk.Syncs);
    }

    [Fact]
    public void EverySecond_acknowledges_at_once_writes_when_a_cycle_runs_and_syncs_each_second()
    {
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Open();
        int syncs = test.Disk.Syncs;

        JournalTicket ticket = test.Set(0, "a", "1");
        test.Log.Wait(ticket);
        test.Log.RunCycle();
        Assert.Equal(syncs, test.Disk.Syncs);
        Assert.Contains("$1\r\na\r\n", Text(test.Disk[LogUnderTest.Increment]), StringComparison.Ordinal);

        test.Time.Advance(OneSecond);
        test.Log.RunCycle();
        Assert.Equal(syncs + 1, test.Disk.Syncs);

        test.Time.Advance(OneSecond);
        test.Log.RunCycle();
        Assert.Equal(syncs + 1, test.Disk.Syncs);
    }

    [Fact]
    public void EverySecond_syncs_without_the_timer_too_whose_calls_wait_where_the_pool_has_no_thread()
    {
        var time = new TimeWithoutTimers();
        var test = new LogUnderTest(DurabilityMode.EverySecond) { Clock = new CacheClock(time) };
        test.Open();
        int syncs = test.Disk.Syncs;

        test.Set(0, "a", "1");
        test.Log.RunCycle();
        time.Now += OneSecond;
        test.Set(0, "b", "2");
        test.Log.RunCycle();
        Assert.Equal(syncs, test.Disk.Syncs);

        time.Now += OneSecond;
        test.Log.RunCycle();
        Assert.Equal(syncs + 1, test.Disk.Syncs);
        Assert.Equal(TimeSpan.Zero, test.Log.Writer.Backlog.Age);
    }

    [Fact]
    public void No_leaves_syncing_to_the_operating_system_but_a_flush_syncs()
    {
        var test = new LogUnderTest(DurabilityMode.No);
        test.Open();
        int syncs = test.Disk.Syncs;
        test.Log.Wait(test.Set(0, "a", "1"));
        test.Log.RunCycle();
        test.Time.Advance(100 * OneSecond);
        test.Log.RunCycle();
        Assert.Equal(syncs, test.Disk.Syncs);

        ValueTask flush = test.Log.FlushAsync(CancellationToken.None);
        Assert.False(flush.IsCompleted);
        test.Log.RunCycle();

        Assert.True(flush.IsCompletedSuccessfully);
        Assert.Equal(syncs + 1, test.Disk.Syncs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Writers_that_come_during_a_sync_share_the_next_one(bool asynchronous)
    {
        const int Callers = 64;
        var test = new LogUnderTest(DurabilityMode.Always);
        test.Options = test.Options with { StartThread = true };
        test.Open();
        using var gate = new SyncGate(test.Disk);
        Task first = Task.Run(() => test.Log.Wait(test.Set(0, "first", "1")), Cancelled);
        gate.WaitUntilEntered();
        int syncs = test.Disk.Syncs;

        var written = new CountdownEvent(Callers);
        Task[] callers = [.. Enumerable.Range(0, Callers).Select(i => Task.Factory.StartNew(async () =>
        {
            JournalTicket ticket = test.Set(i % 4, $"key:{i}", "1");
            written.Signal();
            if (asynchronous)
            {
                await test.Log.WaitAsync(ticket, Cancelled);
            }
            else
            {
                test.Log.Wait(ticket);
            }
        }, Cancelled, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap())];
        written.Wait(Cancelled);
        Assert.DoesNotContain(callers, caller => caller.IsCompleted);
        gate.Open();
        await first;
        await Task.WhenAll(callers);

        Assert.Equal(syncs + 2, test.Disk.Syncs);
        test.Log.Close();
    }

    [Fact]
    public async Task A_failed_sync_poisons_the_log_for_good_and_tells_everybody()
    {
        var told = new List<LogPoisonedException>();
        var test = new LogUnderTest(DurabilityMode.Always);
        test.Options = test.Options with { Poisoned = told.Add };
        test.Open();
        test.WriteBatches("one");
        Task waiting = test.Log.WaitAsync(test.Set(0, "two", "2"), Cancelled).AsTask();
        test.Disk.FailAfter(1, DiskFault.InputOutput); // the write succeeds, the sync does not

        test.Log.RunCycle();

        var error = await Assert.ThrowsAsync<LogPoisonedException>(() => waiting);
        Assert.Equal("Simulated InputOutput.", error.InnerException!.Message);
        Assert.Equal($"disk/{LogUnderTest.Increment}", error.Path);
        Assert.Single(told);
        Assert.Throws<LogPoisonedException>(test.Log.ThrowIfRefusing);

        // A write that had passed the check before: the disk works again, and still nothing is acknowledged.
        JournalTicket late = test.Set(1, "late", "3");
        test.Log.RunCycle();
        Assert.Throws<LogPoisonedException>(() => test.Log.Wait(late));
        await Assert.ThrowsAsync<LogPoisonedException>(async () => await test.Log.FlushAsync(Cancelled));
        Assert.Throws<LogPoisonedException>(test.Log.Flush);
        Assert.Single(told);

        test.Log.Close();
        test.Disk.Crash(new Random(1));
        test.Open();
        Assert.Equal("one", test.Store.Entries[(0, "key:one")]);
        Assert.False(test.Store.Entries.ContainsKey((0, "late")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_disk_that_fails_while_the_log_is_closed_is_told_of_too(int callsBefore)
    {
        var told = new List<LogPoisonedException>();
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Options = test.Options with { Poisoned = told.Add };
        test.Open();
        test.Set(0, "one", "1");
        test.Disk.FailAfter(callsBefore, DiskFault.InputOutput); // the write, or the sync

        test.Log.Close();

        Assert.Single(told);
        Assert.Equal("Simulated InputOutput.", test.Log.Failure!.Message);
    }

    [Theory]
    [InlineData(DiskFault.ShortWrite)]
    [InlineData(DiskFault.NoSpace)]
    [InlineData(DiskFault.FileTooLarge)]
    internal void A_write_that_fails_part_way_is_cut_back(DiskFault fault)
    {
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Open();
        test.WriteBatches("one");
        byte[] before = test.Disk[LogUnderTest.Increment];
        test.Set(0, "two", "2");
        test.Disk.FailAfter(0, fault);

        test.Log.RunCycle();

        Assert.Equal(before, test.Disk[LogUnderTest.Increment]);
        Assert.Throws<LogPoisonedException>(test.Log.ThrowIfRefusing);
    }

    [Fact]
    public async Task Cycles_go_on_while_a_sync_is_under_way_which_covers_only_what_came_before_it()
    {
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Options = test.Options with { StartThread = true, PendingBytesLimit = 100 };
        test.Open();
        using var gate = new SyncGate(test.Disk);
        int syncs = test.Disk.Syncs;
        test.Set(0, "a", "1");
        Task first = test.Log.FlushAsync(Cancelled).AsTask();
        gate.WaitUntilEntered();
        test.Time.Advance(5 * OneSecond);

        for (int i = 0; i < 10; i++)
        {
            test.Log.Wait(test.Set(0, "b", new string('x', 100)));      // more than may be pending: it waits until a cycle has taken it
        }

        Task second = test.Log.FlushAsync(Cancelled).AsTask();
        Assert.False(first.IsCompleted);
        gate.Open();
        await first;
        await second;
        Assert.Equal(syncs + 2, test.Disk.Syncs);
        test.Log.Close();
    }

    [Fact]
    public void What_came_during_a_sync_is_as_old_afterwards_as_it_is()
    {
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Open();
        test.Log.Writer.NotesSyncLater = () => true;
        test.Set(0, "a", "1");
        test.Log.RunCycle();
        test.Time.Advance(OneSecond);
        test.Log.RunCycle();                    // begins a sync
        test.Time.Advance(3 * OneSecond);
        test.Log.Writer.Backlog.Wakes();
        test.Set(0, "b", "2");
        test.Log.RunCycle();
        test.Time.Advance(2 * OneSecond);
        Assert.Equal(6 * OneSecond, test.Log.Writer.Backlog.Age);

        int asked = 0;
        test.Log.Writer.NotesSyncLater = () => ++asked > 1;
        test.Log.RunCycle();                    // notes it, and begins the next

        Assert.Equal(2 * OneSecond, test.Log.Writer.Backlog.Age);
        test.Log.Close();
    }

    [Fact]
    public void Writes_are_refused_while_the_disk_is_further_behind_than_allowed_and_taken_again_afterwards()
    {
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Options = test.Options with { StartThread = true };
        test.Open();
        using var gate = new SyncGate(test.Disk);
        test.Set(0, "a", "1");
        ValueTask flush = test.Log.FlushAsync(CancellationToken.None);
        gate.WaitUntilEntered();

        test.Time.Advance(9 * OneSecond);
        test.Log.ThrowIfRefusing();
        test.Time.Advance(2 * OneSecond);
        var error = Assert.Throws<LogBehindException>(test.Log.ThrowIfRefusing);
        Assert.Equal(TimeSpan.FromSeconds(10), error.Limit);
        Assert.Equal(TimeSpan.FromSeconds(11), error.Age);

        gate.Open();
        test.Log.Flush();
        test.Time.Advance(OneSecond);
        test.Log.ThrowIfRefusing();
        Assert.True(flush.IsCompletedSuccessfully);
        test.Log.Close();
    }

    [Fact]
    public void A_log_that_was_idle_for_long_is_not_behind_when_a_write_comes()
    {
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Options = test.Options with { StartThread = true };
        test.Open();
        test.Set(0, "a", "1");
        test.Log.Flush();
        SpinWait.SpinUntil(() => test.Log.IsParked);
        test.Time.Advance(1000 * OneSecond);
        using var gate = new SyncGate(test.Disk);
        test.Set(0, "a", "2");
        ValueTask flush = test.Log.FlushAsync(CancellationToken.None);
        gate.WaitUntilEntered();

        test.Time.Advance(OneSecond);

        test.Log.ThrowIfRefusing();
        gate.Open();
        test.Log.Close();
        Assert.True(flush.IsCompleted);
    }

    [Fact]
    public void A_writer_waits_when_too_many_bytes_are_pending_even_where_the_mode_would_not_have_it_wait()
    {
        var test = new LogUnderTest(DurabilityMode.No);
        test.Options = test.Options with { PendingBytesLimit = 4 * 1000 };
        test.Open();

        Assert.Equal(default, test.Set(0, "a", new string('x', 900)));
        JournalTicket ticket = test.Set(0, "b", new string('x', 900));
        Assert.Equal(default, test.Set(1, "c", "1"));
        ValueTask waiting = test.Log.WaitAsync(ticket, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        test.Log.RunCycle();

        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.Equal(default, test.Set(0, "a", "1"));
    }

    [Fact]
    public void A_block_waits_too_when_too_many_bytes_are_pending()
    {
        var test = new LogUnderTest(DurabilityMode.No);
        test.Options = test.Options with { PendingBytesLimit = 1000 };
        test.Open();

        Assert.Equal(default, test.Log.SetAll(test.Shards, [0, 1], shard => $"key:{shard}", "1"));
        Assert.NotEqual(default, test.Log.SetAll(test.Shards, [0, 1], shard => $"key:{shard}", new string('x', 600)));
    }

    [Fact]
    public void Blocks_stand_between_MULTI_and_EXEC_behind_what_their_shards_had_pending()
    {
        var test = new LogUnderTest();
        test.Open();
        test.Set(2, "c", "0");
        test.Set(0, "a", "1");
        test.Log.SetAll(test.Shards, [0, 1], shard => $"key:{shard}", "2");
        test.Set(0, "a", "3");
        test.Log.SetAll(test.Shards, [1], shard => $"key:{shard}", "4");
        test.Log.SetAll(test.Shards, [], shard => "", "");
        test.Log.RunCycle();

        string[] commands = [.. Text(test.Disk[LogUnderTest.Increment]).Split('*')[1..].Select(command => string.Join(' ', command.Split("\r\n").Where((_, i) => i % 2 == 0)).Split(" #")[0].Trim())];

        string[] expected = ["SELECT 0", "SET a 1", "MULTI", "SET key:0 2", "SET key:1 2", "EXEC", "SET key:1 4", "SET a 3", "SET c 0"];
        Assert.Equal(expected, commands.Select(command => command[(command.IndexOf(' ') + 1)..]));
        Assert.Equal(default, test.Log.SetAll(test.Shards, [], shard => "", ""));
    }

    [Fact]
    public void A_time_stamp_is_written_when_the_second_has_changed_and_never_goes_back()
    {
        var test = new LogUnderTest();
        test.Open();
        test.WriteBatches("one", "two");
        test.Time.Advance(TimeSpan.FromMilliseconds(1500));
        test.WriteBatches("three");
        test.Time.Advance(TimeSpan.FromHours(1));
        test.WriteBatches("four");
        test.Log.Close();
        Assert.Equal([0, 1, 3601], Stamps(test.Disk));

        // The machine's clock was wrong, has been set right, and is now behind the log.
        var later = new LogUnderTest();
        later.Disk.MakeDirectory("");
        later.Disk.MakeDirectory("appendonlydir");
        later.Disk[LogUnderTest.ManifestFile] = test.Disk[LogUnderTest.ManifestFile];
        later.Disk[LogUnderTest.Increment] = test.Disk[LogUnderTest.Increment];
        later.Open();
        later.WriteBatches("five");
        later.Log.Close();

        Assert.Equal([0, 1, 3601, 3601], Stamps(later.Disk)); // the last marks the opening
    }

    [Fact]
    public async Task Cancelling_ends_the_waiting_and_not_the_write()
    {
        var test = new LogUnderTest();
        test.Open();
        using var cancellation = new CancellationTokenSource();
        JournalTicket ticket = test.Set(0, "a", "1");
        Task waiting = test.Log.WaitAsync(ticket, cancellation.Token).AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        test.Log.RunCycle();

        Assert.True(test.Log.IsComplete(ticket));
    }

    [Fact]
    public async Task Closing_writes_what_is_left_refuses_what_comes_and_gives_the_folder_back()
    {
        var test = new LogUnderTest(DurabilityMode.EverySecond);
        test.Options = test.Options with { StartThread = true };
        AppendLog log = test.Open();
        for (int i = 0; i < 1000; i++)
        {
            test.Set(i % 4, $"key:{i}", "1");
        }

        await log.CloseAsync();
        log.Close();

        Assert.Throws<ObjectDisposedException>(log.ThrowIfRefusing);
        Assert.Throws<ObjectDisposedException>(log.Flush);
        test.Open();
        Assert.Equal(1000, test.Store.Entries.Count);
        Assert.True(test.Report.ClosedCleanly);
        test.Log.Close();
    }

    [Theory]
    [InlineData(DurabilityMode.Always)]
    [InlineData(DurabilityMode.EverySecond)]
    public void One_keys_effects_and_blocks_over_shards_are_in_the_file_in_the_order_in_which_they_happened(DurabilityMode mode)
    {
        const int Threads = 4;
        const int Rounds = 3000;
        var test = new LogUnderTest(mode, shards: 2);
        test.Options = test.Options with { StartThread = true, PendingBytesLimit = 20_000 };
        test.Open();
        int[] counters = new int[2];

        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(t => new Thread(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                JournalTicket ticket;
                if (i % 5 == t)
                {
                    lock (test.Shards[0])
                    {
                        lock (test.Shards[1])
                        {
                            EffectBuffer block = test.Log.BeginBlock([0, 1]);
                            Append(block, 0, ++counters[0], "block");
                            Append(block, 1, ++counters[1], "block");
                            ticket = test.Log.CompleteBlock(block);
                        }
                    }
                }
                else
                {
                    int shard = (i + t) % 2;
                    lock (test.Shards[shard])
                    {
                        Append(test.Log[shard], shard, ++counters[shard], "single");
                        ticket = test.Log.Complete(shard);
                    }
                }

                if (i % 16 == 0)
                {
                    test.Log.Wait(ticket);
                }
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        test.Reopen();

        int[] seen = new int[2];
        for (int i = 0; i < test.Store.Applied.Count; i++)
        {
            string[] words = test.Store.Applied[i].Split(' ');
            int shard = int.Parse(words[2]);
            Assert.Equal($"{++seen[shard]}", words[3][..^1]);
            if (words[3].EndsWith('b') && shard == 0)
            {
                Assert.StartsWith("0 SET 1 ", test.Store.Applied[i + 1], StringComparison.Ordinal);
                Assert.EndsWith("b", test.Store.Applied[i + 1], StringComparison.Ordinal);
            }
        }

        Assert.Equal(counters, seen);
        test.Log.Close();
    }

    [Fact]
    public void A_write_that_follows_another_is_never_in_an_earlier_batch()
    {
        // The writer is about to take shard 1. Just before, somebody writes to shard 0, which has been taken already, and then to
        // shard 1. If shard 1's write went into this batch, a crash after it would show the second write without the first.
        var test = new LogUnderTest(DurabilityMode.EverySecond, shards: 2);
        test.Open();
        test.Set(0, "a", "1");
        test.Set(1, "b", "1");
        test.Shards.BeforeEnter = shard =>
        {
            if (shard == 1)
            {
                test.Shards.BeforeEnter = null;
                test.Set(0, "a", "2");
                test.Set(1, "b", "2");
            }
        };
        test.Log.RunCycle();
        test.Disk.Kill();

        test.Open();

        Assert.Equal(["0 SET a 1", "0 SET b 1"], test.Store.Applied);
    }

    private static void Append(EffectBuffer buffer, int shard, int number, string kind) =>
        buffer.Begin(0, 3).Argument("SET"u8).Argument(shard).Argument(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture) + kind[0]));

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static IEnumerable<long> Stamps(SimulatedDisk disk) =>
        Text(disk[LogUnderTest.Increment]).Split("\r\n").Where(line => line.StartsWith("#TS:", StringComparison.Ordinal)).Select(line => long.Parse(line[4..]) - 1_767_225_600);

    /// <summary>Holds every sync until it is opened.</summary>

    private sealed class TimeWithoutTimers : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(1_767_225_600);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new NoTimer();

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
