using ElastiCache.Embedded.Keyspace;
using Xunit;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The wheel against a plain list of deadlines, by random operations. A failure names seed and step.</summary>
public sealed class ExpiryWheelModelTests
{
    private const long Tick = 128;
    private const long Horizon = 1L << 27;
    private const int Steps = 6_000;

    public static TheoryData<int, long> SeedsAndStarts()
    {
        var data = new TheoryData<int, long>();
        for (int seed = 0; seed < 24; seed++)
        {
            data.Add(seed, (seed % 6) switch
            {
                0 => 0,
                1 => 1_767_225_600_123,
                2 => ((1L << 28) - 1) * Tick,               // one tick before the 28 bits of a tick begin again
                3 => ((51L << 28) - (1L << 20)) * Tick,     // 37 hours before
                4 => -12_345_678,
                _ => (((1L << 24) * 77) - 3) * Tick,        // the top level is about to turn
            });
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(SeedsAndStarts))]
    public void Every_node_is_due_exactly_when_a_list_of_deadlines_says(int seed, long start)
    {
        using var memory = new ExpiryWheelChunks.Arena();
        var model = new Model(seed, start, new ExpiryWheel<ExpiryWheelChunks>(new(memory), start));

        for (int step = 0; step < Steps; step++)
        {
            model.Where = $"seed {seed}, start {start}, step {step}";
            model.Step();
            Assert.True(model.Wheel.Nodes == model.Expected.Count, model.Where);
            Assert.True(model.Wheel.Bytes == memory.Live * 128, model.Where);
        }

        model.Where = $"seed {seed}, start {start}, end";
        model.AddsWhenDue = false;
        model.AdvanceCompletely(model.Now + ((Horizon + 1) * Tick));
        Assert.Empty(model.Expected);
        Assert.Equal(0, memory.Live);
    }

    /// <summary>A node must fire at a tick from Earliest to Latest; they differ only beyond the horizon of an interrupted Advance.</summary>
    private readonly record struct Node(int Database, byte Mark, long Earliest, long Latest);

    private sealed class Model(int seed, long start, ExpiryWheel<ExpiryWheelChunks> wheel)
    {
        private readonly Random _random = new(seed);
        private uint _nextHash;
        private long _settledTick = start >> 7;     // the newest Advance that ran to its end

        public ExpiryWheel<ExpiryWheelChunks> Wheel => wheel;

        public Dictionary<uint, Node> Expected { get; } = [];

        public long Now { get; private set; } = start;

        public string Where { get; set; } = "";

        public bool AddsWhenDue { get; set; } = true;

        private long NowTick { get; set; } = start >> 7;

        public void Step()
        {
            switch (_random.Next(20))
            {
                case < 9:
                    for (int n = _random.Next(1, 30); n > 0; n--)
                    {
                        Add(Deadline());
                    }

                    break;
                case < 15:
                    // Seldom a jump of years, or the upper levels would always be empty; sometimes the clock goes back.
                    Advance(Now + Pause(), _random.Next(4) switch { 0 => _random.Next(3), 1 => _random.Next(100), _ => int.MaxValue });
                    break;
                case 15:
                    AdvanceCompletely(Now);
                    break;
                case < 19:
                    Clean(_random.Next(60), oneIn: _random.Next(1, 4));
                    break;
                default:
                    SwapOrClear();
                    break;
            }
        }

        public void AdvanceCompletely(long now)
        {
            while (Advance(now, 50))
            {
            }
        }

        public void Fired(uint hash, int database, byte mark)
        {
            Assert.True(Expected.Remove(hash, out Node node), $"{Where}: {hash} fired twice or was dropped");
            Assert.True((node.Database, node.Mark) == (database, mark), Where);
            Assert.True(node.Earliest <= NowTick, $"{Where}: {hash} fired {node.Earliest - NowTick} ticks early");
            if (AddsWhenDue && _random.Next(10) == 0)
            {
                Add(Deadline());
            }
        }

        public bool Keep(uint hash, int database, byte mark, int oneIn)
        {
            Assert.True(Expected.TryGetValue(hash, out Node node), $"{Where}: asked about {hash}, which is not there");
            Assert.True((node.Database, node.Mark) == (database, mark), Where);
            if (_random.Next(oneIn) == 0)
            {
                return true;
            }

            Expected.Remove(hash);
            return false;
        }

        private bool Advance(long now, int maxNodes)
        {
            Now = Math.Max(Now, now);
            NowTick = Now >> 7;
            var sink = new Sink(this);

            bool more = wheel.Advance(now, maxNodes, ref sink);

            Assert.True(sink.Fired <= maxNodes, Where);
            if (!more)
            {
                _settledTick = NowTick;
                foreach ((uint hash, Node node) in Expected)
                {
                    Assert.True(node.Latest > NowTick, $"{Where}: {hash} is {NowTick - node.Latest} ticks late");
                }
            }

            return more;
        }

        private void Add(long deadline)
        {
            uint hash = _nextHash++ * 0x9E3779B1;
            int database = _random.Next(16);

            byte mark = wheel.Add(hash, database, deadline);

            long tick = (long)Math.Ceiling((decimal)deadline / Tick);
            tick = Math.Max(tick, NowTick + 1);
            Expected.Add(hash, new Node(database, mark, Math.Min(tick, _settledTick + Horizon), Math.Min(tick, NowTick + Horizon)));
        }

        private void Clean(int maxNodes, int oneIn)
        {
            int before = Expected.Count;
            var cleaner = new Cleaner(this, oneIn);

            int dropped = wheel.Clean(maxNodes, ref cleaner);

            Assert.True(dropped == before - Expected.Count, Where);
            Assert.True(cleaner.Asked == Math.Min(maxNodes, before), Where);
        }

        private void SwapOrClear()
        {
            if (_random.Next(100) == 0)
            {
                wheel.Clear();
                Expected.Clear();
                return;
            }

            int a = _random.Next(16);
            int b = _random.Next(16);
            wheel.SwapDatabases(a, b);
            foreach ((uint hash, Node node) in Expected.ToArray())
            {
                Expected[hash] = node with { Database = node.Database == a ? b : node.Database == b ? a : node.Database };
            }
        }

        private long Deadline()
        {
            // A tick from each level's edge, a spread over each level, the ends of the range.
            int level = _random.Next(5);
            long levelTicks = 1L << (6 * (level + 1));
            return _random.Next(12) switch
            {
                0 => _random.Next(4) switch { 0 => long.MinValue, 1 => -1, 2 => 0, _ => Now - _random.Next(1000) },
                1 => Now + _random.Next(-2, 3),
                2 => Now + Tick + _random.Next(-2, 3),
                3 => Now + (levelTicks * Tick) + _random.Next(-130, 130),
                4 => ((NowTick / levelTicks) + 1) * levelTicks * Tick + _random.Next(-130, 130),
                5 => Now + (Horizon * Tick) + _random.Next(-300, 300),
                6 => _random.Next(3) switch { 0 => long.MaxValue, 1 => long.MaxValue - 127, _ => Now + (Horizon * Tick * 3) },
                _ => Now + _random.NextInt64(Math.Min(levelTicks, Horizon) * Tick),
            };
        }

        private long Pause() => _random.Next(40) switch
        {
            < 4 => 0,
            < 6 => -_random.Next(100_000),
            < 10 => _random.Next(1, 4),
            < 20 => _random.Next(1, 1000),
            < 28 => _random.Next(100_000),
            < 35 => _random.Next(10_000_000),
            < 38 => _random.NextInt64(5L * 86_400_000),
            38 => _random.NextInt64(100L * 86_400_000),
            _ => _random.Next(8) == 0 ? _random.NextInt64(2000L * 365 * 86_400_000) : _random.NextInt64(400L * 86_400_000),
        };
    }

    private struct Sink(Model model) : IExpirySink
    {
        public int Fired { get; private set; }

        public void Due(uint hash, int database, byte mark)
        {
            Fired++;
            model.Fired(hash, database, mark);
        }
    }

    private struct Cleaner(Model model, int oneIn) : IExpiryCleaner
    {
        public int Asked { get; private set; }

        public bool Keep(uint hash, int database, byte mark)
        {
            Asked++;
            return model.Keep(hash, database, mark, oneIn);
        }
    }
}
