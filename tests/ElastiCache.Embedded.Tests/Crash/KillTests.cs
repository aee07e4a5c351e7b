using System.Globalization;
using ElastiCache.Embedded.CrashChild;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>
/// A process with four writing threads is killed with SIGKILL, at a different point each time: while it opens a folder, when it has
/// acknowledged so many writes, in its Nth storage call with half of a write done. Each time the folder must open without a repair,
/// and hold for each thread exactly what its first n operations make, n being no smaller than what was acknowledged.
/// </summary>
/// <remarks>
/// A folder lives through several deaths, so that most processes recover what a killed one left; mostly a copy of the folder is
/// checked, so that the next process meets the traces of the kill and not those of the check. ELASTICACHE_KILL_POINTS sets how
/// often (default 200). A failure names the seed and the point.
/// </remarks>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int DefaultPoints = 200;
    private const int DeathsAFolder = 10;

    private static int Points => int.TryParse(
        Environment.GetEnvironmentVariable("ELASTICACHE_KILL_POINTS"), CultureInfo.InvariantCulture, out int points) ? points : DefaultPoints;

    [Theory]
    [InlineData(DurabilityMode.Always)]
    [InlineData(DurabilityMode.EverySecond)]
    [InlineData(DurabilityMode.No)]
    public async Task A_process_killed_at_any_point_loses_nothing_that_it_acknowledged(DurabilityMode mode)
    {
        var tally = new Tally();
        int deaths = (Points + 2) / 3;
        for (int seed = 0; tally.Deaths < deaths; seed++)
        {
            using var life = new KilledFolder(mode, seed, tally);
            for (int death = 0; death < DeathsAFolder && tally.Deaths < deaths; death++)
            {
                try
                {
                    await life.LiveAndDieAsync();
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Mode {mode}, seed {seed}, death {death + 1} ({life.HowItDied}): {e.Message}", e);
                }
            }
        }

        output.WriteLine($"{mode}: {tally}");
        Assert.True(tally.Acknowledged > 0, "nothing was acknowledged: the processes die too early to test anything");
    }

    private sealed record Tally
    {
        public int Deaths { get; set; }

        public int WhileOpening { get; set; }

        public int TornEnds { get; set; }

        public long Acknowledged { get; set; }

        public long Found { get; set; }
    }

    /// <summary>A folder, and what its writers have been known to do.</summary>
    private sealed class KilledFolder : IDisposable
    {
        private const int Threads = 4;

        // One operation where each is acknowledged, up to a flush elsewhere.
        private const int MostUnacknowledged = 16;

        // About as many calls as opening makes, and as a short life does.
        private const int CallsOfOpening = 30;
        private const int CallsOfLife = 400;
        private const int AcknowledgementsOfLife = 150;

        private readonly TemporaryFolder _folder = new();
        private readonly DurabilityMode _mode;
        private readonly int _seed;
        private readonly Random _random;
        private readonly Tally _tally;
        private readonly WorkloadModel[] _models;

        public KilledFolder(DurabilityMode mode, int seed, Tally tally)
        {
            (_mode, _seed, _tally) = (mode, seed, tally);
            _random = new Random((seed * 3) + (int)mode);
            _models = [.. Enumerable.Range(0, Threads).Select(thread => new WorkloadModel(new Workload(seed, thread)))];
        }

        public string HowItDied { get; private set; } = "not at all";

        public async Task LiveAndDieAsync()
        {
            bool opened = _random.Next(3) switch
            {
                0 => DieInCall(_random.Next(1, CallsOfOpening)),
                1 => DieInCall(_random.Next(CallsOfOpening, CallsOfLife)),
                _ => DieAfter(_random.Next(AcknowledgementsOfLife)),
            };
            _tally.Deaths++;
            _tally.WhileOpening += opened ? 0 : 1;

            if (_random.Next(4) == 0)
            {
                await CheckAsync(_folder["cache"]);
                return;
            }

            using var copy = new TemporaryFolder();
            if (Directory.Exists(_folder["cache"]))
            {
                TemporaryFolder.Copy(_folder["cache"], copy["cache"]);
            }

            await CheckAsync(copy["cache"]);
        }

        public void Dispose() => _folder.Dispose();

        private bool DieInCall(int call)
        {
            HowItDied = $"in storage call {call}";
            using ChildProcess child = Start("die-at", call.ToString(CultureInfo.InvariantCulture));
            return Follow(child, int.MaxValue);
        }

        private bool DieAfter(int acknowledgements)
        {
            HowItDied = acknowledgements == 0 ? "when it began to open" : $"after acknowledgement {acknowledgements}";
            using ChildProcess child = Start();
            return Follow(child, acknowledgements);
        }

        private ChildProcess Start(params string[] options) => ChildProcess.Start(
        [
            "write", _folder["cache"], _mode.ToString(), _seed.ToString(CultureInfo.InvariantCulture),
            string.Join(',', _models.Select(model => model.Done + 1)), .. options,
        ]);

        /// <returns>Whether it lived long enough to open the folder.</returns>
        private bool Follow(ChildProcess child, int lastAcknowledgement)
        {
            bool opened = false;
            int acknowledgements = 0;
            while (child.ReadLine() is { } line)
            {
                switch (line.Split(' '))
                {
                    case ["opening"]:
                        break;
                    case ["open"]:
                        opened = true;
                        break;
                    case ["ack", var thread, var number]:
                        acknowledgements++;
                        _tally.Acknowledged++;
                        _models[int.Parse(thread, CultureInfo.InvariantCulture)].Acknowledged = long.Parse(number, CultureInfo.InvariantCulture);
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
            return opened;
        }

        private async Task CheckAsync(string folder)
        {
            await using EmbeddedCache cache = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions { Folder = folder, Shards = 16 });
            _tally.TornEnds += cache.Recovery!.TornBytes > 0 ? 1 : 0;

            long found = 0;
            foreach (WorkloadModel model in _models)
            {
                long before = model.Done;
                model.AdvanceTo(cache, MostUnacknowledged);
                found += model.Count;
                _tally.Found += model.Done - before;
            }

            Assert.Equal(found, cache.Keys.Count);
        }
    }
}
