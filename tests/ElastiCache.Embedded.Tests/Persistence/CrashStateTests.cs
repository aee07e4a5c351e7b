using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>
/// Random histories of writes, flushes, rewrites, closes, power cuts and kills on a simulated disk. After each the folder must open without a
/// repair, and hold the effects of a prefix of the history that is no shorter than what was acknowledged.
/// </summary>
public sealed class CrashStateTests(ITestOutputHelper output)
{
    private const int DefaultStates = 20_000;

    private static int States => int.TryParse(
        Environment.GetEnvironmentVariable("ELASTICACHE_CRASH_STATES"), CultureInfo.InvariantCulture, out int states) ? states : DefaultStates;

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    [InlineData(DurabilityMode.EverySecond, true)]
    [InlineData(DurabilityMode.No, true)]
    public void After_any_crash_the_state_is_a_prefix_of_history_no_shorter_than_what_was_acknowledged(DurabilityMode mode, bool isEncrypted)
    {
        int wanted = States / 6;
        int states = 0;
        int torn = 0;
        int rewrites = 0;
        for (int seed = 0; states < wanted; seed++)
        {
            var life = new RandomLife(mode, seed, isEncrypted);
            try
            {
                life.Run();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Mode {mode}, {(isEncrypted ? "encrypted, " : "")}seed {seed}: {e.Message}", e);
            }

            states += life.States;
            torn += life.TornEnds;
            rewrites += life.Rewrites;
        }

        output.WriteLine($"{mode}{(isEncrypted ? ", encrypted" : "")}: {states} crash states from seeds 0.., {torn} of them with a torn end, {rewrites} rewrites");
        Assert.True(torn > states / 200, "too few torn ends: the histories don't test what they are for");
        Assert.True(rewrites > states / 20, "too few rewrites");
    }

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    [InlineData(DurabilityMode.No, true)]
    public void A_storage_call_that_fails_loses_nothing_that_was_acknowledged_whichever_call_it_is(DurabilityMode mode, bool isEncrypted)
    {
        int faults = 0;
        foreach ((DiskFault fault, int seed) in Enum.GetValues<DiskFault>().SelectMany(fault => Enumerable.Range(0, 8).Select(seed => (fault, seed))))
        {
            bool met = true;
            for (int call = 0; met; call++)
            {
                try
                {
                    met = new RandomLife(mode, seed, isEncrypted).RunWithFault(call, fault);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Mode {mode}, {(isEncrypted ? "encrypted, " : "")}seed {seed}, {fault} at call {call}: {e.Message}", e);
                }

                faults++;
            }
        }

        output.WriteLine($"{mode}: {faults} faults");
        Assert.True(faults > 1000, $"only {faults} calls were failed");
    }

    /// <summary>One folder's life under one seed, beside a plain list of what was written.</summary>
    private sealed class RandomLife
    {
        private const int Shards = 3;

        private readonly Random _random;
        private readonly LogUnderTest _test;
        private readonly ModelSource _source;
        private readonly List<Dictionary<(int, string), string>> _history = [new()]; // the state after 0, 1, 2 … writes
        private int _acknowledged;      // survives the machine
        private int _written;           // survives the process, never fewer
        private readonly List<(JournalTicket Ticket, int Writes)> _waiting = [];
        private bool _isLive;
        private bool _isClosed;

        public RandomLife(DurabilityMode mode, int seed, bool isEncrypted)
        {
            _random = new Random((seed * 3) + (int)mode);
            _test = new LogUnderTest(mode, Shards);
            if (isEncrypted)
            {
                _test.Envelope = new EnvelopeOptions { Keys = new KeyRing("k1"), Compresses = _random.Next(2) == 0 };
            }

            _test.Shards.BeforeEnter = WriteWhileTheWriterTakesAShard;
            _source = new ModelSource(() => _history[^1]);
            _test.Source = _source;
            _test.Recovery = new RecoveryOptions(TimeSpan.FromSeconds(_random.Next(3)), null);
        }

        public int States { get; private set; }

        public int TornEnds { get; private set; }

        public int Rewrites { get; private set; }

        public void Run()
        {
            for (int generation = _random.Next(2, 5); generation > 0; generation--)
            {
                if (_random.Next(5) > 0)
                {
                    // From the first call of recovery on, to about the end of this generation.
                    _test.Disk.FailAfter(_random.Next(70), DiskFault.PowerCut);
                }

                if (TryOpen())
                {
                    Live(_random.Next(50));
                }

                Die();
            }

            Assert.True(TryOpen());
            _test.Log.Close();
        }

        /// <returns>Whether the fault was met.</returns>
        public bool RunWithFault(int call, DiskFault fault)
        {
            _test.Disk.FailAfter(call, fault);
            bool opened = TryOpen();
            if (opened)
            {
                Live(30);
                if (_test.Log.Failure is null)
                {
                    Close();
                }
                else
                {
                    RefusesWrites();
                    if (!_isClosed && fault != DiskFault.PowerCut)
                    {
                        Resume();
                        if (_random.Next(2) == 0)
                        {
                            Live(10);
                            Close();
                        }
                    }
                }
            }

            bool met = _test.Disk.HasFailed;
            Assert.True(met || opened);
            Die();
            Assert.True(TryOpen());
            Live(5);
            Die();
            Assert.True(TryOpen());
            return met;
        }

        private bool TryOpen()
        {
            RecoveryReport before = _test.Report;
            try
            {
                _test.Open();
            }
            catch (IOException) when (_test.Disk.HasFailed)
            {
                _isLive = false;
                return false;
            }

            Check();
            (_isLive, _isClosed) = (true, false);
            return true;
        }

        private void Check()
        {
            if (_test.Report.TornBytes > 0)
            {
                TornEnds++;
            }

            int found = _history.FindLastIndex(state => Same(state, _test.Store.Entries));
            Assert.True(found >= 0, $"the state is that of no prefix of the {_history.Count - 1} writes: {Describe(_test.Store.Entries)}");
            Assert.True(found >= _written, $"the state is that of the first {found} writes, and {_written} were acknowledged");

            // What was seen once must stay, so recovery has synced it.
            _history.RemoveRange(found + 1, _history.Count - found - 1);
            _acknowledged = _written = found;
        }

        private void Live(int steps)
        {
            for (; steps > 0 && _isLive; steps--)
            {
                switch (_random.Next(10))
                {
                    case < 4:
                        Write();
                        break;
                    case < 7:
                        RunCycle();
                        break;
                    case 7:
                        _test.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(1500)));
                        break;
                    case 8:
                        Flush();
                        break;
                    default:
                        if (_random.Next(4) == 0)
                        {
                            CloseAndOpen();
                        }
                        else
                        {
                            Rewrite();
                        }

                        break;
                }
            }
        }

        private void Write()
        {
            int number = _history.Count;
            string value = number.ToString(CultureInfo.InvariantCulture).PadRight(_random.Next(5) == 0 ? _random.Next(1, 1500) : 8, '.');
            int database = _random.Next(4) == 0 ? 1 : 0;
            var state = new Dictionary<(int, string), string>(_history[^1]);
            JournalTicket ticket;
            if (_random.Next(4) == 0)
            {
                int[] shards = _random.Next(2) == 0 ? [0, 2] : [0, 1, 2];
                ticket = _test.Log.SetAll(_test.Shards, shards, shard => $"key:{shard}:a", value, database);
                Array.ForEach(shards, shard => state[(database, $"key:{shard}:a")] = value);
            }
            else
            {
                int shard = _random.Next(Shards);
                string key = $"key:{shard}:{(_random.Next(2) == 0 ? 'a' : 'b')}";
                ticket = _test.Set(shard, key, value, database);
                state[(database, key)] = value;
            }

            _history.Add(state);
            _waiting.Add((ticket, number));
        }

        private void WriteWhileTheWriterTakesAShard(int shard)
        {
            if (_isLive && _random.Next(3) == 0)
            {
                Write();
            }
        }

        private void RunCycle()
        {
            int complete = _history.Count - 1;
            long durable = _test.Log.Writer.Durable.Completed;
            _test.Log.RunCycle();
            if (_test.Log.Failure is not null)
            {
                _isLive = false;
                NoteAcknowledged();
                return;
            }

            _written = Math.Max(_written, complete);
            if (_test.Log.Writer.Durable.Completed > durable)
            {
                NoteProgress(complete);
            }

            NoteAcknowledged();
        }

        private void NoteAcknowledged()
        {
            if (_test.Options.Mode != DurabilityMode.Always)
            {
                _waiting.Clear();
                return;
            }

            foreach ((JournalTicket ticket, int writes) in _waiting)
            {
                if (_test.Log.IsComplete(ticket))
                {
                    NoteProgress(writes);
                }
            }
        }

        private void Flush()
        {
            int complete = _history.Count - 1;
            Task flushed = _test.Log.FlushAsync(CancellationToken.None).AsTask();
            RunCycle();
            Assert.True(flushed.IsCompleted);
            if (flushed.IsCompletedSuccessfully)
            {
                NoteProgress(complete);
            }
        }

        // The moment, the background part and the switch, or one of them, with writes between; the next step of the same rewrite comes with a later call.
        private void Rewrite()
        {
            LogRewriter rewriter = _test.Log.Rewriter!;
            if (!rewriter.IsRunning)
            {
                rewriter.TryBegin();
                RunCycle();
            }

            if (_isLive && _random.Next(2) == 0)
            {
                Write();
            }

            if (_random.Next(3) > 0)
            {
                long before = rewriter.Rewrites;
                rewriter.RunBackground();
                Rewrites += (int)(rewriter.Rewrites - before);
            }
        }

        private void CloseAndOpen()
        {
            Close();
            if (_test.Log.Failure is null && TryOpen())
            {
                Assert.True(_test.Report.ClosedCleanly);
            }
        }

        private void Close()
        {
            _isLive = false; // the store stops before its log does
            _isClosed = true;
            _test.Log.Close();
            if (_test.Log.Failure is null)
            {
                NoteProgress(_history.Count - 1);
                _waiting.Clear();
            }
        }

        private void Die()
        {
            _isLive = false;
            AppendLog dead = _test.Log;
            if (_random.Next(4) == 0)
            {
                _test.Disk.Kill();
            }
            else
            {
                _test.Disk.Crash(_random);
                _written = _acknowledged;
            }

            dead?.Close();
            Assert.Equal(0, _source.Open);
            _waiting.Clear();
            States++;
        }

        private void NoteProgress(int writes)
        {
            _acknowledged = Math.Max(_acknowledged, writes);
            _written = Math.Max(_written, writes);
        }

        private void RefusesWrites()
        {
            Assert.Throws<LogPoisonedException>(_test.Log.ThrowIfRefusing);
            Task flush = _test.Log.FlushAsync(CancellationToken.None).AsTask();
            Assert.IsType<LogPoisonedException>(flush.Exception!.InnerException);
        }

        // There was one fault, so the disk is well again.
        private void Resume()
        {
            LogRewriter rewriter = _test.Log.Rewriter!;
            rewriter.RunBackground();       // one that was running
            Task end = rewriter.TryBegin()!;
            _test.Log.RunCycle();
            Write();                        // by an operation that was under way when writes began to be refused
            _test.Log.RunCycle();
            Write();
            Assert.False(end.IsCompleted);
            rewriter.RunBackground();
            Assert.False(end.IsCompleted);
            Assert.NotNull(_test.Log.Failure);
            _test.Log.RunCycle();

            Assert.True(end.IsCompletedSuccessfully);
            Assert.Null(_test.Log.Failure);
            _test.Log.ThrowIfRefusing();
            NoteProgress(_history.Count - 1);
            _waiting.Clear();
            _isLive = true;
        }

        private static bool Same(Dictionary<(int, string), string> left, Dictionary<(int, string), string> right) =>
            left.Count == right.Count && left.All(entry => right.TryGetValue(entry.Key, out string? value) && value == entry.Value);

        private static string Describe(Dictionary<(int Database, string Key), string> state) =>
            string.Join(", ", state.OrderBy(entry => entry.Key).Select(entry => $"{entry.Key.Database}/{entry.Key.Key}={entry.Value.TrimEnd('.')}"));
    }
}
