using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Commands;

/// <summary>For whom commands run: the operations that they call, the selected database, and what to wait for afterwards.</summary>
/// <remarks>One a connection, or one for a replay; a server's has more in a class of its own. Not thread-safe.</remarks>
internal class CommandContext
{
    private JournalTicket _ticket;

    /// <summary>Makes a context.</summary>
    /// <param name="store">The data.</param>
    /// <param name="reply">Where replies go; null to throw them away.</param>
    public CommandContext(Store store, RespWriter? reply = null)
    {
        Store = store;
        Reply = reply ?? new RespWriter { Discards = true };
        Strings = new StringOperations(store);
        Edits = new StringEdits(store);
        Numbers = new NumberOperations(store);
        Batches = new StringBatches(store);
        Bits = new BitmapOperations(store);
        BitFields = new BitFieldOperations(store);
        Keys = new KeyOperations(store);
        Expiry = new ExpireOperations(store);
        Databases = new DatabaseOperations(store);
        Scans = new ScanOperations(store);
        Objects = new ObjectOperations(store);
        Subsequences = new LcsOperations(store);
        Lists = new ListOperations(store);
        Hashes = new HashOperations(store);
        Sets = new SetOperations(store);
        SortedSets = new SortedSetOperations(store);
        Streams = new StreamOperations(store);
        HyperLogLogs = new HyperLogLogOperations(store);
        GeoSets = new GeoOperations(store);
        Sorts = new SortOperations(store);
        Dumps = new DumpOperations(store);
        Marks = new EntryMarkOperations(store);
        Transaction = new QueuedCommands(store);
    }

    public Store Store { get; }

    public StringOperations Strings { get; }

    public StringEdits Edits { get; }

    public NumberOperations Numbers { get; }

    public StringBatches Batches { get; }

    public BitmapOperations Bits { get; }

    public BitFieldOperations BitFields { get; }

    public KeyOperations Keys { get; }

    public ExpireOperations Expiry { get; }

    public DatabaseOperations Databases { get; }

    public ScanOperations Scans { get; }

    public ObjectOperations Objects { get; }

    public LcsOperations Subsequences { get; }

    public ListOperations Lists { get; }

    public HashOperations Hashes { get; }

    public SetOperations Sets { get; }

    public SortedSetOperations SortedSets { get; }

    public StreamOperations Streams { get; }

    public HyperLogLogOperations HyperLogLogs { get; }

    public GeoOperations GeoSets { get; }

    public SortOperations Sorts { get; }

    public DumpOperations Dumps { get; }

    public EntryMarkOperations Marks { get; }

    /// <summary>Where replies go.</summary>
    public RespWriter Reply { get; }

    /// <summary>Who waits for keys; null where commands can't wait, as in a replay.</summary>
    public KeyWaiters? Waiters { get; init; }

    /// <summary>Where messages are published; null where nobody can subscribe, as in a replay.</summary>
    public ChannelHub? Channels { get; init; }

    /// <summary>Who gets this client's messages; null for a client that can't be sent any.</summary>
    public ClientSubscriber? Subscriber { get; init; }

    /// <summary>What stands between MULTI and EXEC.</summary>
    public QueuedCommands Transaction { get; }

    /// <summary>Whether a command that would wait answers at once as if its time were up: inside MULTI.</summary>
    public bool DeniesWaiting { get; set; }

    /// <summary>Set by a command that waits: who runs commands awaits it, and only then takes the next.</summary>
    public WaitingCommand? Waiting { get; set; }

    /// <summary>The selected database.</summary>
    public int Database { get; set; }

    /// <summary>The ticket of the last write.</summary>
    public ref JournalTicket Ticket => ref _ticket;

    /// <summary>Runs a command whose row is known and writes its reply: an error if it refuses or throws a refusal.</summary>
    public virtual void Run(Command command, scoped in CommandArguments arguments)
    {
        int start = Reply.Length;
        try
        {
            if (command.Handler(this, arguments) is { } error)
            {
                Reply.CutBack(start);
                Reply.Error(error.ToString());
            }
        }
        catch (Exception refusal) when (CommandFailure.ReplyFor(refusal) is not null)
        {
            Reply.CutBack(start);
            Reply.Error(CommandFailure.ReplyFor(refusal)!);
        }
    }

    /// <summary>Reads an argument as a database's number.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="index">Which.</param>
    /// <param name="database">The number.</param>
    /// <param name="notANumber">The error for what is no integer of 32 bits, where the command has one of its own.</param>
    /// <returns>Null, or what is wrong.</returns>
    public CommandError? ReadDatabase(scoped in CommandArguments arguments, int index, out int database, CommandError? notANumber = null)
    {
        database = 0;
        if (!arguments.TryInteger(index, out long number))
        {
            return notANumber ?? CommandError.NotAnInteger;
        }

        if (number is < int.MinValue or > int.MaxValue)
        {
            return notANumber ?? CommandError.NotAnInteger32;
        }

        database = (int)number;
        return (uint)database < (uint)Store.DatabaseCount ? null : CommandError.NoSuchDatabase;
    }
}
