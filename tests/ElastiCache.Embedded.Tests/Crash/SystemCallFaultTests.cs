using System.Globalization;
using ElastiCache.Embedded.CrashChild;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>
/// A process with two writing threads, which also rewrite the log, works on a real folder, and strace lets a system call on the folder's files fail: the Nth of a
/// kind in each thread, or all from the Nth on, at any time from before the folder is opened until it is closed. Whatever it was: errors are typed, reads go on, the
/// process closes in order, and the folder then opens without a repair and holds for each thread what its first n operations make, n being no smaller than what was
/// acknowledged; and all of them if it said that it had closed without a failure.
/// </summary>
/// <remarks>
/// What <see cref="FaultTests"/> is for the storage seam this is for what lies below it: DiskStorage, the runtime's files, our own calls. A folder lives through several
/// faults. ELASTICACHE_FAULT_POINTS sets how many (default 24).
/// </remarks>
public sealed class SystemCallFaultTests(ITestOutputHelper output)
{
    private const int DefaultPoints = 24;
    private const int LivesAFolder = 8;
    private const int Threads = 2;
    private const int Operations = 60;
    private const int MostUnacknowledged = 20;

    // As many increments and bases as a folder of so many lives can come to.
    private const int MostFiles = 80;

    private const int LongestLine = 900;

    private static readonly Call[] Calls =
    [
        new("write,?pwrite64,?writev,?pwritev", MustBeTold: true, 60, "EIO", "ENOSPC", "EFBIG", "EDQUOT"),
        new("?fdatasync", MustBeTold: true, 60, "EIO", "ENOSPC", "EROFS"),
        new("?fsync", MustBeTold: true, 12, "EIO", "ENOSPC"),
        new("?rename,?renameat,?renameat2", MustBeTold: true, 6, "EIO", "ENOSPC", "EROFS", "EACCES"),
        new("?open,?openat", MustBeTold: false, 40, "EIO", "ENOSPC", "EROFS", "EACCES", "EMFILE"),
        new("?ftruncate", MustBeTold: false, 8, "EIO", "EFBIG", "EROFS"),
        new("?pread64,?preadv,read", MustBeTold: false, 20, "EIO"),
        new("?unlink,?unlinkat", MustBeTold: false, 6, "EIO", "EROFS", "EACCES"),
        new("?getdents64", MustBeTold: false, 16, "EIO", "ENOMEM"),
        new("?stat,?lstat,?newfstatat,?statx", MustBeTold: false, 16, "EIO", "EACCES"),
        new("?fstat", MustBeTold: false, 12, "EIO"),
        new("?mkdir,?mkdirat", MustBeTold: false, 2, "EIO", "ENOSPC", "EROFS", "EACCES"),
        new("?flock", MustBeTold: false, 6, "EIO", "ENOLCK"),
    ];

    private static int Points => LongRun.Count("ELASTICACHE_FAULT_POINTS", DefaultPoints);

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    public async Task A_system_call_that_fails_costs_nothing_that_was_acknowledged(DurabilityMode mode, bool isSealed)
    {
        Strace.Require();
        var tally = new Tally();
        int points = (Points + 3) / 4;
        for (int seed = 0; tally.Points < points; seed++)
        {
            using var life = new FaultyFolder(mode, isSealed, seed, tally);
            for (int i = 0; i < LivesAFolder && tally.Points < points; i++)
            {
                try
                {
                    await life.LiveAsync();
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Mode {mode}{(isSealed ? ", sealed" : "")}, seed {seed}, life {i + 1}, {life.Fault}: {e.Message}\n{life.Story}", e);
                }
            }
        }

        output.WriteLine($"{mode}{(isSealed ? ", sealed" : "")}: {tally}");
        Assert.True(tally.Struck * 2 >= tally.Points, "too few faults were met");
        Assert.True(tally.Acknowledged > 0, "nothing was acknowledged");
    }

    /// <summary>System calls that do the same on one machine or another.</summary>
    /// <param name="Names">Their names.</param>
    /// <param name="MustBeTold">Whether somebody must have heard of each that failed. A write or sync that fails under strace takes nothing with it that the disk has already, so
    /// what is there when the folder opens again does not show whether the failure was noticed.</param>
    /// <param name="About">About how many a thread makes in a life.</param>
    /// <param name="Errors">What they can fail with.</param>
    private sealed record Call(string Names, bool MustBeTold, int About, params string[] Errors);

    private sealed record Tally
    {
        public int Points { get; set; }

        public int Struck { get; set; }

        public int WhileOpening { get; set; }

        public int Refusals { get; set; }

        public int ClosedWell { get; set; }

        public long Acknowledged { get; set; }
    }

    private sealed class FaultyFolder : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly DurabilityMode _mode;
        private readonly bool _isSealed;
        private readonly int _seed;
        private readonly Random _random;
        private readonly Tally _tally;
        private readonly WorkloadFolder _cache;
        private readonly List<string> _story = [];

        public FaultyFolder(DurabilityMode mode, bool isSealed, int seed, Tally tally)
        {
            (_mode, _isSealed, _seed, _tally) = (mode, isSealed, seed, tally);
            _random = new Random((seed * 8) + ((int)mode * 2) + (isSealed ? 1 : 0));
            _cache = new WorkloadFolder(_folder["cache"], isSealed, seed, Threads, MostUnacknowledged);
        }

        public string Fault { get; private set; } = "no fault";

        /// <summary>What the last process said, and the calls that failed.</summary>
        public string Story => string.Join('\n', _story);

        public async Task LiveAsync()
        {
            Call call = Calls[_random.Next(Calls.Length)];

            // Small numbers as often as large ones: the first calls are those of opening.
            int number = (int)Math.Exp(_random.NextDouble() * Math.Log(call.About + 1));
            Fault = string.Create(CultureInfo.InvariantCulture, $"inject={call.Names}:error={call.Errors[_random.Next(call.Errors.Length)]}:when={number}{(_random.Next(3) == 0 ? "+" : "")}");
            _story.Clear();
            bool told;
            using (ChildProcess child = ChildProcess.StartTraced(
                [.. Options(), "-e", Fault], _isSealed, "endure", _folder["cache"], _mode.ToString(), _seed.ToString(CultureInfo.InvariantCulture),
                _cache.NextOperations, Operations.ToString(CultureInfo.InvariantCulture)))
            {
                told = Follow(child);
            }

            List<string> struck = [.. File.ReadLines(_folder["trace"]).Where(line => line.Contains("(INJECTED)", StringComparison.Ordinal))];
            _story.AddRange(struck);
            Assert.True(told || struck.Count == 0 || !call.MustBeTold, "a call failed, and nobody was told");
            _tally.Points++;
            _tally.Struck += struck.Count > 0 ? 1 : 0;
            await _cache.CheckAsync(itself: _random.Next(4) == 0, WriteAgainAsync);
        }

        public void Dispose() => _folder.Dispose();

        // Only calls on the files of the folder: the runtime opens and reads some hundreds of its own.
        private IEnumerable<string> Options()
        {
            string log = Path.Combine(_folder["cache"], "appendonlydir");
            IEnumerable<string> files =
            [
                _folder["cache"], Path.Combine(_folder["cache"], "elasticache.lock"), log,
                .. new[] { "appendonly.aof.manifest", "temp-appendonly.aof.manifest", "history.manifest", "temp-history.manifest" }.Select(name => Path.Combine(log, name)),
                .. Enumerable.Range(1, MostFiles).SelectMany(i => new[] { Path.Combine(log, $"appendonly.aof.{i}.incr.aof"), Path.Combine(log, $"appendonly.aof.{i}.base.rdb") }),
            ];
            return ["-f", "--seccomp-bpf", "-qq", "-o", _folder["trace"], "-e", "trace=%file,%desc", .. files.SelectMany(file => new[] { "-P", file })];
        }

        /// <returns>Whether it heard of a failure: the folder did not open, a write or rewrite was refused, or it did not close well.</returns>
        private bool Follow(ChildProcess child)
        {
            bool opened = false;
            bool closedWell = false;
            int refusals = _tally.Refusals;
            long[] done = new long[Threads];
            while (child.ReadLine() is { } line)
            {
                _story.Add(line.Length <= LongestLine ? line : line[..LongestLine]);
                string[] words = line.Split(' ');
                switch (words[0])
                {
                    case "opening":
                        break;
                    case "open":
                        opened = true;
                        break;
                    case "refused":
                        _tally.Refusals++;
                        break;
                    case "ack":
                        _tally.Acknowledged++;
                        _cache.Acknowledge(ThreadIn(words), NumberIn(words));
                        break;
                    case "done":
                        done[ThreadIn(words)] = NumberIn(words);
                        break;
                    case "closed":
                        closedWell = opened && words.Length == 1;
                        break;
                    default:
                        Assert.Fail("the child said what it must not");
                        break;
                }
            }

            Assert.Equal(0, child.WaitForExit());
            _tally.WhileOpening += opened ? 0 : 1;
            for (int thread = 0; closedWell && thread < Threads; thread++)
            {
                _cache.Acknowledge(thread, done[thread]);
            }

            _tally.ClosedWell += closedWell ? 1 : 0;
            return !closedWell || _tally.Refusals > refusals;
        }

        private static int ThreadIn(string[] words) => int.Parse(words[1], CultureInfo.InvariantCulture);

        private static long NumberIn(string[] words) => long.Parse(words[2], CultureInfo.InvariantCulture);

        private static async ValueTask WriteAgainAsync(EmbeddedCache cache)
        {
            cache.Strings.Set("written", "again"u8);
            await cache.FlushAsync(TestContext.Current.CancellationToken);
            cache.Keys.Delete("written");
        }
    }
}
