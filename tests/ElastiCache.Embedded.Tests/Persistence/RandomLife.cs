using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>One folder's life under one seed, beside a plain list of what was written.</summary>
internal sealed class RandomLife
{
    private const int Shards = 3;

    private readonly Random _random;
    private readonly LogUnderTest _test;
    private readonly ModelSource _source;
    private readonly WrittenHistory _history = new();
    private readonly List<(JournalTicket Ticket, int Writes)> _waiting = [];
    private readonly CrashOutcomes? _outcomes;
    private readonly Random _syncs;
    private readonly List<int> _completeAtCycle = [];       // the writes that were complete when a cycle of this opening began; the first is 1
    private int _deaths;
    private int _tornEnds;
    private bool _isLive;
    private bool _isClosed;

    /// <param name="mode">When writes are acknowledged.</param>
    /// <param name="seed">What makes it this life.</param>
    /// <param name="isEncrypted">Whether the folder is in an envelope.</param>
    /// <param name="looksAtOutcomes">Whether to look also at what crashes would leave of which the life does not die.</param>
    public RandomLife(DurabilityMode mode, int seed, bool isEncrypted, bool looksAtOutcomes = false)
    {
        _random = new Random((seed * 3) + (int)mode);
        _test = new LogUnderTest(mode, Shards);
        if (isEncrypted)
        {
            _test.Envelope = new EnvelopeOptions { Keys = new KeyRing("k1"), Compresses = _random.Next(2) == 0 };
        }

        _syncs = new Random(seed);
        _test.Shards.BeforeEnter = WriteWhileTheWriterTakesAShard;
        _source = new ModelSource(() => _history.Newest);
        _test.Source = _source;
        _test.Recovery = new RecoveryOptions(TimeSpan.FromSeconds(_random.Next(3)), null);
        if (looksAtOutcomes)
        {
            // Numbers of their own, so that the life is the same with and without.
            _outcomes = new CrashOutcomes(_test, _history, new Random(seed));
            _test.Disk.OnChange = _outcomes.Look;
        }
    }

    /// <summary>States that were opened after a crash or a kill.</summary>
    public int States => _deaths + (_outcomes?.States ?? 0);

    public int TornEnds => _tornEnds + (_outcomes?.TornEnds ?? 0);

    /// <summary>Openings that a crash cut, of those beside the life.</summary>
    public int CutOpenings => _outcomes?.CutOpenings ?? 0;

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
        try
        {
            _test.Open();
            _test.Log.Writer.NotesSyncLater = () => _syncs.Next(2) == 0;
            _completeAtCycle.Clear();
            _completeAtCycle.Add(_history.Written);
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
            _tornEnds++;
        }

        // What was seen once must stay, so recovery has synced it.
        _history.GoOnFrom(_history.FindPrefix(_test.Store.Entries, _history.Written));
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
        string value = _history.NextValue(_random.Next(5) == 0 ? _random.Next(1, 1500) : 8);
        int database = _random.Next(4) == 0 ? 1 : 0;
        if (_random.Next(4) == 0)
        {
            int[] shards = _random.Next(2) == 0 ? [0, 2] : [0, 1, 2];
            JournalTicket ticket = _test.Log.SetAll(_test.Shards, shards, shard => $"key:{shard}:a", value, database);
            _waiting.Add((ticket, _history.Add(value, Array.ConvertAll(shards, shard => (database, $"key:{shard}:a")))));
        }
        else
        {
            int shard = _random.Next(Shards);
            string key = $"key:{shard}:{(_random.Next(2) == 0 ? 'a' : 'b')}";
            JournalTicket ticket = _test.Set(shard, key, value, database);
            _waiting.Add((ticket, _history.Add(value, (database, key))));
        }
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
        int complete = _history.Writes;
        RunOneCycle();
        if (_test.Log.Failure is not null)
        {
            _isLive = false;
            NoteAcknowledged();
            return;
        }

        _history.NoteWritten(complete);
        _history.Acknowledge(_completeAtCycle[(int)_test.Log.Writer.Durable.Completed]);
        NoteAcknowledged();
    }

    private void RunOneCycle()
    {
        _completeAtCycle.Add(_history.Writes);
        _test.Log.RunCycle();
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
                _history.Acknowledge(writes);
            }
        }
    }

    private void Flush()
    {
        int complete = _history.Writes;
        Task flushed = _test.Log.FlushAsync(CancellationToken.None).AsTask();
        RunCycle();
        for (int cycle = 0; cycle < 100 && !flushed.IsCompleted; cycle++)
        {
            RunCycle();     // a sync that was begun earlier is noted, and another one begun and noted
        }

        Assert.True(flushed.IsCompleted);
        if (flushed.IsCompletedSuccessfully)
        {
            _history.Acknowledge(complete);
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
            _history.Acknowledge(_history.Writes);
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
            _history.LosePower();
        }

        dead?.Close();
        Assert.Equal(0, _source.Open);
        _waiting.Clear();
        _deaths++;
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
        RunOneCycle();
        Write();                        // by an operation that was under way when writes began to be refused
        RunOneCycle();
        Write();
        Assert.False(end.IsCompleted);
        rewriter.RunBackground();
        Assert.False(end.IsCompleted);
        Assert.NotNull(_test.Log.Failure);
        RunOneCycle();

        Assert.True(end.IsCompletedSuccessfully);
        Assert.Null(_test.Log.Failure);
        _test.Log.ThrowIfRefusing();
        _history.Acknowledge(_history.Writes);
        _waiting.Clear();
        _isLive = true;
    }
}
