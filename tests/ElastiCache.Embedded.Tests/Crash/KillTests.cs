using System.Globalization;
using ElastiCache.Embedded.CrashChild;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>
/// A process with several folders and four writing threads in each is killed with SIGKILL, at a different point each time: while it opens them, when it has
/// acknowledged so many writes, in its Nth storage call with half of a write done. Each time each folder must open without a repair,
/// and hold for each thread exactly what its first n operations make, n being no smaller than what was acknowledged.
/// </summary>
/// <remarks>
/// A folder lives through several deaths, so that most processes recover what a killed one left; mostly a copy of the folder is
/// checked, so that the next process meets the traces of the kill and not those of the check. Half of the folders are encrypted and
/// compressed. A process takes most of its time to start, so it has several folders: each is a point. ELASTICACHE_KILL_POINTS sets how many points (default 600, with 150 kills).
/// A failure names the seed and the point.
/// </remarks>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int DefaultPoints = 600;
    private const int DeathsAFolder = 10;
    private const int FoldersAProcess = 4;
    private const int Threads = 4;

    // One operation where each is acknowledged, up to a flush elsewhere.
    private const int MostUnacknowledged = 16;

    private static int Points => LongRun.Count("ELASTICACHE_KILL_POINTS", DefaultPoints);

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    [InlineData(DurabilityMode.EverySecond, true)]
    [InlineData(DurabilityMode.No, true)]
    public async Task A_process_killed_at_any_point_loses_nothing_that_it_acknowledged(DurabilityMode mode, bool isSealed)
    {
        var tally = new Tally();
        int points = (Points + 5) / 6;
        for (int seed = 0; tally.Points < points; seed++)
        {
            using var life = new KilledFolders(mode, isSealed, seed, tally);
            for (int death = 0; death < DeathsAFolder && tally.Points < points; death++)
            {
                try
                {
                    await life.LiveAndDieAsync();
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Mode {mode}{(isSealed ? ", sealed" : "")}, seed {seed}, death {death + 1} ({life.HowTheyDied}): {e.Message}", e);
                }
            }
        }

        output.WriteLine($"{mode}{(isSealed ? ", sealed" : "")}: {tally}");
        Assert.True(tally.Acknowledged > 0, "nothing was acknowledged: the processes die too early to test anything");
    }

    private sealed record Tally
    {
        public int Kills { get; set; }

        public int Points { get; set; }

        public int WhileOpening { get; set; }

        public int TornEnds { get; set; }

        public long Acknowledged { get; set; }

        public long Found { get; set; }
    }

    /// <summary>Folders that live and die in one process, again and again.</summary>
    private sealed class KilledFolders : IDisposable
    {
        // About as many calls as opening makes, and as a short life does; both of one folder.
        private const int CallsOfOpening = 30;
        private const int CallsOfLife = 400;
        private const int AcknowledgementsOfLife = 150;

        private readonly TemporaryFolder _parent = new();
        private readonly DurabilityMode _mode;
        private readonly bool _isSealed;
        private readonly int _seed;
        private readonly Random _random;
        private readonly Tally _tally;
        private readonly WorkloadFolder[] _folders;

        public KilledFolders(DurabilityMode mode, bool isSealed, int seed, Tally tally)
        {
            (_mode, _isSealed, _seed, _tally) = (mode, isSealed, seed, tally);
            _random = new Random((seed * 3) + (int)mode);
            _folders = [.. Enumerable.Range(0, FoldersAProcess).Select(
                folder => new WorkloadFolder(_parent[folder.ToString(CultureInfo.InvariantCulture)], isSealed, Workload.SeedOf(seed, folder), Threads, MostUnacknowledged))];
        }

        public string HowTheyDied { get; private set; } = "not at all";

        public async Task LiveAndDieAsync()
        {
            switch (_random.Next(3))
            {
                case 0:
                    DieInCall(_random.Next(1, FoldersAProcess * CallsOfOpening));
                    break;
                case 1:
                    DieInCall(_random.Next(FoldersAProcess * CallsOfOpening, FoldersAProcess * CallsOfLife));
                    break;
                default:
                    DieAfter(_random.Next(FoldersAProcess * AcknowledgementsOfLife));
                    break;
            }

            _tally.Kills++;
            foreach (WorkloadFolder folder in _folders)
            {
                _tally.Points++;
                _tally.Found += await folder.CheckAsync(itself: _random.Next(4) == 0, cache =>
                {
                    _tally.TornEnds += cache.Recovery!.TornBytes > 0 ? 1 : 0;
                    return ValueTask.CompletedTask;
                });
            }
        }

        public void Dispose() => _parent.Dispose();

        private void DieInCall(int call)
        {
            HowTheyDied = $"in storage call {call}";
            using ChildProcess child = Start("die-at", call.ToString(CultureInfo.InvariantCulture));
            Follow(child, int.MaxValue);
        }

        private void DieAfter(int acknowledgements)
        {
            HowTheyDied = acknowledgements == 0 ? "when it began to open" : $"after acknowledgement {acknowledgements}";
            using ChildProcess child = Start();
            Follow(child, acknowledgements);
        }

        private ChildProcess Start(params string[] options) => ChildProcess.Start(
            _isSealed,
            [
                "write", _parent, _mode.ToString(), _seed.ToString(CultureInfo.InvariantCulture),
                string.Join(';', _folders.Select(folder => folder.NextOperations)), .. options,
            ]);

        private void Follow(ChildProcess child, int lastAcknowledgement)
        {
            int acknowledgements = 0;
            _tally.WhileOpening += _folders.Length;
            while (child.ReadLine() is { } line)
            {
                switch (line.Split(' '))
                {
                    case ["opening"]:
                        break;
                    case ["open", _]:
                        _tally.WhileOpening--;
                        break;
                    case ["ack", var folder, var thread, var number]:
                        acknowledgements++;
                        _tally.Acknowledged++;
                        _folders[int.Parse(folder, CultureInfo.InvariantCulture)].Acknowledge(
                            int.Parse(thread, CultureInfo.InvariantCulture), long.Parse(number, CultureInfo.InvariantCulture));
                        break;
                    default:
                        Assert.Fail($"the child said '{line}'");
                        break;
                }

                if (acknowledgements == lastAcknowledgement && !child.HasExited)
                {
                    child.Kill();
                }
            }

            Assert.Equal(128 + 9, child.WaitForExit());
        }
    }
}
