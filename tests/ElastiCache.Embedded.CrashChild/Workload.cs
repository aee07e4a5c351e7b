using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>What one thread writes: an endless sequence of operations on keys of its own. Number n is the same in every process.</summary>
/// <remarks>
/// The test that killed the writer computes from the same sequence what the folder must hold after the first n operations, and looks
/// for an n that is no smaller than what was acknowledged. Each value says its number, so two such states are never the same.
/// </remarks>
internal sealed class Workload(int seed, int thread)
{
    private const int Keys = 24;

    // Larger than what the log writes at once, so that a batch is several writes.
    private const int HugeBytes = 300 * 1024;

    public int Thread => thread;

    /// <summary>The prefix of this thread's keys.</summary>
    public string Prefix => string.Create(CultureInfo.InvariantCulture, $"thread:{thread}:");

    /// <summary>Every key that the thread may write.</summary>
    public IEnumerable<string> AllKeys => Enumerable.Range(0, Keys).Select(KeyOf);

    /// <summary>Operation <paramref name="number"/>, counted from 1.</summary>
    public Operation this[long number]
    {
        get
        {
            var random = new Random(HashCode(number));
            int bytes = random.Next(100) switch
            {
                0 => HugeBytes,
                < 8 => random.Next(1_000, 40_000),
                < 30 => random.Next(100, 1_000),
                _ => random.Next(16, 100),
            };
            return new Operation(KeyOf(random.Next(Keys)), ValueOf(number, bytes));
        }
    }

    /// <summary>The number of the operation that wrote a value.</summary>
    public static long NumberIn(byte[] value) => long.Parse(value.AsSpan(0, value.AsSpan().IndexOf((byte)':')), CultureInfo.InvariantCulture);

    // System.HashCode differs from process to process.
    private int HashCode(long number) => unchecked((int)((((seed * 31L) + thread) * 1_000_003) + (number * 7_919)));

    private string KeyOf(int key) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{key}");

    private static byte[] ValueOf(long number, int bytes)
    {
        byte[] value = new byte[bytes];
        value.AsSpan().Fill((byte)('a' + (number % 26)));
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number}:"), value);
        return value;
    }
}

/// <summary>One acknowledged step: what it does to a cache, and what it does to a plain model of one.</summary>
internal sealed record Operation(string Key, byte[] Value)
{
    public void Apply(EmbeddedCache cache) => cache.Strings.Set(Key, Value);

    /// <returns>The keys that it touched.</returns>
    public IEnumerable<string> Apply(Dictionary<string, byte[]> model)
    {
        model[Key] = Value;
        return [Key];
    }
}
