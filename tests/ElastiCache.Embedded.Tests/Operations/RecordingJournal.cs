using System.Buffers;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Operations;

/// <summary>A journal that keeps the effects, as the commands that a log would hold, in the order in which they were completed.</summary>
internal sealed class RecordingJournal : Journal
{
    private readonly Lock _lock = new();
    private readonly EffectBuffer[] _buffers;
    private readonly List<byte[][]> _commands = [];
    private int _database;
    private long _commit;

    public RecordingJournal(int shards)
    {
        _buffers = Array.ConvertAll(new EffectBuffer[shards], _ => new EffectBuffer());
    }

    /// <summary>Makes <see cref="ThrowIfRefusing"/> throw.</summary>
    public bool IsRefusing { get; set; }

    /// <summary>All commands so far, with SELECT where the database changes, and MULTI and EXEC around blocks of several.</summary>
    public IReadOnlyList<byte[][]> Commands => _commands;

    /// <summary>The commands as text, one a line; bytes that are not printable as <c>\xNN</c>.</summary>
    public IEnumerable<string> Lines => _commands.Select(command => string.Join(' ', command.Select(Printable)));

    public override EffectBuffer this[int shard] => _buffers[shard];

    /// <summary>The lines, which are then forgotten.</summary>
    public string[] Drain()
    {
        string[] lines = [.. Lines];
        _commands.Clear();
        return lines;
    }

    public override void ThrowIfRefusing()
    {
        if (IsRefusing)
        {
            throw new IOException("The journal refuses writes.");
        }
    }

    public override JournalTicket Complete(int shard) => Record(_buffers[shard], isBlock: false);

    public override EffectBuffer BeginBlock(ReadOnlySpan<int> shards)
    {
        foreach (int shard in shards)
        {
            Record(_buffers[shard], isBlock: false);
        }

        return new EffectBuffer();
    }

    public override JournalTicket CompleteBlock(EffectBuffer block) => Record(block, isBlock: true);

    public override void Wait(JournalTicket ticket)
    {
    }

    public override ValueTask WaitAsync(JournalTicket ticket, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    private JournalTicket Record(EffectBuffer buffer, bool isBlock)
    {
        lock (_lock)
        {
            int commands = buffer.Commands;
            int firstDatabase = buffer.FirstDatabase;
            int lastDatabase = buffer.LastDatabase;
            if (commands == 0)
            {
                return default;
            }

            if (firstDatabase != _database)
            {
                Add("SELECT", firstDatabase.ToString(CultureInfo.InvariantCulture));
            }

            _database = lastDatabase;
            if (isBlock && commands > 1)
            {
                Add("MULTI");
            }

            ArraySegment<byte> bytes = buffer.Take();
            Parse(bytes);
            ArrayPool<byte>.Shared.Return(bytes.Array!);
            if (isBlock && commands > 1)
            {
                Add("EXEC");
            }

            return new JournalTicket(++_commit);
        }
    }

    private void Add(params string[] command) => _commands.Add(Array.ConvertAll(command, Encoding.ASCII.GetBytes));

    private void Parse(ReadOnlySpan<byte> resp)
    {
        while (!resp.IsEmpty)
        {
            if (resp[0] == '#')
            {
                resp = resp[(resp.IndexOf((byte)'\n') + 1)..];      // an annotation, which redis skips
                continue;
            }

            byte[][] command = new byte[ReadNumber(ref resp, '*')][];
            for (int i = 0; i < command.Length; i++)
            {
                int length = ReadNumber(ref resp, '$');
                command[i] = resp[..length].ToArray();
                Assert.True(resp.Slice(length, 2).SequenceEqual("\r\n"u8));
                resp = resp[(length + 2)..];
            }

            _commands.Add(command);
        }
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> resp, char kind)
    {
        Assert.Equal(kind, (char)resp[0]);
        int end = resp.IndexOf("\r\n"u8);
        int number = int.Parse(resp[1..end], CultureInfo.InvariantCulture);
        resp = resp[(end + 2)..];
        return number;
    }

    private static string Printable(byte[] argument) => string.Concat(argument.Select(value =>
        value is >= 0x20 and < 0x7F ? ((char)value).ToString() : @"\x" + value.ToString("x2", CultureInfo.InvariantCulture)));
}
