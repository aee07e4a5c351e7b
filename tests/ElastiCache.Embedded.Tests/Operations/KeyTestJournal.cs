using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>A command of a log: its database and its arguments.</summary>
internal sealed record LoggedCommand(int Database, byte[][] Arguments)
{
    /// <summary>As arguments of the command table.</summary>
    public CommandArguments ToArguments()
    {
        var places = new List<(int, int)>();
        int start = 0;
        foreach (byte[] argument in Arguments)
        {
            places.Add((start, argument.Length));
            start += argument.Length;
        }

        return new CommandArguments(Arguments.SelectMany(argument => argument).ToArray(), places.ToArray());
    }

    /// <summary><c>0: DEL a</c></summary>
    public override string ToString() => $"{Database}: {string.Join(' ', Arguments.Select(Encoding.UTF8.GetString))}";

    /// <summary>Reads RESP, following SELECT. Lines that begin with <c>#</c> are skipped.</summary>
    public static List<LoggedCommand> Parse(ReadOnlySpan<byte> resp, int database)
    {
        var commands = new List<LoggedCommand>();
        int position = 0;
        while (position < resp.Length)
        {
            string line = ReadLine(resp, ref position);
            if (line[0] == '#')
            {
                continue;
            }

            byte[][] arguments = new byte[int.Parse(line[1..])][];
            for (int i = 0; i < arguments.Length; i++)
            {
                int length = int.Parse(ReadLine(resp, ref position)[1..]);
                arguments[i] = resp.Slice(position, length).ToArray();
                position += length + 2;
            }

            if (Encoding.ASCII.GetString(arguments[0]).Equals("SELECT", StringComparison.OrdinalIgnoreCase))
            {
                database = int.Parse(arguments[1]);
            }
            else
            {
                commands.Add(new LoggedCommand(database, arguments));
            }
        }

        return commands;
    }

    private static string ReadLine(ReadOnlySpan<byte> bytes, ref int position)
    {
        int end = bytes[position..].IndexOf("\r\n"u8);
        string line = Encoding.ASCII.GetString(bytes.Slice(position, end));
        position += end + 2;
        return line;
    }
}

/// <summary>Keeps what is logged, in order, for one thread.</summary>
internal sealed class KeyTestJournal : Journal
{
    private readonly EffectBuffer[] _buffers;
    private EffectBuffer? _block;
    private long _commits;

    public KeyTestJournal(int shards)
    {
        _buffers = [.. Enumerable.Range(0, shards).Select(_ => new EffectBuffer())];
    }

    public List<LoggedCommand> Commands { get; } = [];

    public bool Refuses { get; set; }

    public override EffectBuffer this[int shard] => _buffers[shard];

    public override void ThrowIfRefusing()
    {
        if (Refuses)
        {
            throw new InvalidOperationException("The log refuses writes.");
        }
    }

    public override JournalTicket Complete(int shard) => Keep(_buffers[shard]);

    public override EffectBuffer BeginBlock(ReadOnlySpan<int> shards)
    {
        Assert.Null(_block);
        return _block = new EffectBuffer();
    }

    public override JournalTicket CompleteBlock(EffectBuffer block)
    {
        Assert.Same(_block, block);
        _block = null;
        return block.Length == 0 ? default : Keep(block);
    }

    public override void Wait(JournalTicket ticket)
    {
    }

    public override ValueTask WaitAsync(JournalTicket ticket, CancellationToken cancellationToken) => default;

    private JournalTicket Keep(EffectBuffer buffer)
    {
        Commands.AddRange(LoggedCommand.Parse(buffer.Written, buffer.FirstDatabase));
        buffer.Take();
        return new JournalTicket(++_commits);
    }
}
