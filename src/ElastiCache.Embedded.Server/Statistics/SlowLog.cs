using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;

namespace ElastiCache.Embedded.Server.Statistics;

/// <summary>One slow command.</summary>
/// <param name="Id">Counts up from 0 while the server lives.</param>
/// <param name="UnixSeconds">When it ran.</param>
/// <param name="Microseconds">How long it took.</param>
/// <param name="Arguments">Its arguments, shortened.</param>
/// <param name="Address">The client's.</param>
/// <param name="ClientName">The client's.</param>
internal sealed record SlowCommand(long Id, long UnixSeconds, long Microseconds, byte[][] Arguments, string Address, string ClientName);

/// <summary>SLOWLOG: the last commands that took long.</summary>
internal sealed class SlowLog
{
    private const int MostArguments = 32;
    private const int MostArgumentBytes = 128;

    private readonly Lock _lock = new();
    private readonly LinkedList<SlowCommand> _commands = new();
    private long _nextId;
    private long _maxLength = 128;

    /// <summary>Commands that took at least so many microseconds are kept; negative for none.</summary>
    public long SlowerThan { get; set; } = 10000;

    /// <summary>How many are kept.</summary>
    public long MaxLength
    {
        get => _maxLength;
        set
        {
            lock (_lock)
            {
                _maxLength = value;
                Cut();
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _commands.Count;
            }
        }
    }

    public void Add(long unixSeconds, long microseconds, scoped in CommandArguments arguments, string address, string clientName)
    {
        byte[][] shortened = Shorten(arguments);
        lock (_lock)
        {
            _commands.AddFirst(new SlowCommand(_nextId++, unixSeconds, microseconds, shortened, address, clientName));
            Cut();
        }
    }

    /// <summary>The newest, newest first.</summary>
    public SlowCommand[] Newest(int count)
    {
        lock (_lock)
        {
            return [.. _commands.Take(count)];
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _commands.Clear();
        }
    }

    private static byte[][] Shorten(scoped in CommandArguments arguments)
    {
        byte[][] kept = new byte[Math.Min(arguments.Count, MostArguments)][];
        for (int i = 0; i < kept.Length; i++)
        {
            ReadOnlySpan<byte> argument = arguments[i];
            kept[i] = arguments.Count > MostArguments && i == MostArguments - 1
                ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"... ({arguments.Count - MostArguments + 1} more arguments)"))
                : argument.Length > MostArgumentBytes
                    ? [.. argument[..MostArgumentBytes], .. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"... ({argument.Length - MostArgumentBytes} more bytes)"))]
                    : argument.ToArray();
        }

        return kept;
    }

    private void Cut()
    {
        while (_commands.Count > _maxLength)
        {
            _commands.RemoveLast();
        }
    }
}
