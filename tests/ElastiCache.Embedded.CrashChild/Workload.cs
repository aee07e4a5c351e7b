using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>What one thread writes: an endless sequence of operations on keys of its own. Number n is the same in every process.</summary>
/// <remarks>
/// The test that killed the writer computes from the same sequence what the folder must hold after the first n operations, and looks
/// for an n that is no smaller than what was acknowledged. Of each seven operations four are plain writes of a value that says its
/// number, so the states that two n make differ, or those in between changed nothing.
/// </remarks>
internal sealed class Workload(int seed, int thread)
{
    private const int Values = 24;
    private const int Counters = 3;
    private const int Texts = 2;

    // Larger than what the log writes at once, so that a batch is several writes.
    private const int HugeBytes = 300 * 1024;

    // 1 January 2100: no run of the tests lives to see it.
    private const long FarDeadline = 4_102_444_800_000;

    public int Thread => thread;

    /// <summary>The seed for one of several folders of a process.</summary>
    public static int SeedOf(int seed, int folder) => (seed * 16) + folder;

    /// <summary>Every key that the thread may write.</summary>
    public IEnumerable<string> Keys =>
    [
        .. Enumerable.Range(0, Values).Select(Value),
        .. Enumerable.Range(0, Counters).Select(Counter),
        .. Enumerable.Range(0, Texts).Select(Text),
    ];

    /// <summary>Operation <paramref name="number"/>, counted from 1.</summary>
    public Operation this[long number]
    {
        get
        {
            var random = new Random(HashCode(number));
            string key = Value(random.Next(Values));
            string other = Value(random.Next(Values));
            byte[] value = Bytes(number, Length(random));
            return random.Next(14) switch
            {
                < 7 => new Store(key, value),
                7 => new StoreUntil(key, value, FarDeadline + number),
                8 => new StoreAll([key, other, Value(random.Next(Values)), Counter(random.Next(Counters))], Bytes(number, 40), Number(number)),
                9 => new Delete([key, other]),
                10 => new ExpireAt(key, FarDeadline + number),
                11 => new Rename(key, other),
                12 => new Add(Counter(random.Next(Counters)), number),
                _ => new Append(Text(random.Next(Texts)), Bytes(number, 12), IsFirst: random.Next(8) == 0),
            };
        }
    }

    private static int Length(Random random) => random.Next(100) switch
    {
        0 => HugeBytes,
        < 8 => random.Next(1_000, 40_000),
        < 30 => random.Next(100, 1_000),
        _ => random.Next(16, 100),
    };

    private static byte[] Bytes(long number, int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill((byte)('a' + (number % 26)));
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number}:"), bytes);
        return bytes;
    }

    private static byte[] Number(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    // System.HashCode differs from process to process.
    private int HashCode(long number) => unchecked((int)((((seed * 31L) + thread) * 1_000_003) + (number * 7_919)));

    private string Value(int index) => Key("value", index);

    private string Counter(int index) => Key("counter", index);

    private string Text(int index) => Key("text", index);

    private string Key(string kind, int index) => string.Create(CultureInfo.InvariantCulture, $"thread:{thread}:{kind}:{index}");
}
