using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>A client's transaction: the commands between MULTI and EXEC, and the keys that it watches.</summary>
internal sealed class QueuedCommands(Store store)
{
    private readonly List<(Command Command, byte[] Bytes, (int Start, int Length)[] Places)> _commands = [];

    /// <summary>Whether MULTI has begun: commands are queued.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether a command could not be queued: EXEC will refuse.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Commands queued.</summary>
    public int Count => _commands.Count;

    /// <summary>What the queued commands are, taken together.</summary>
    public CommandFlags Flags { get; private set; }

    /// <summary>Bytes of the queued commands.</summary>
    public long Bytes { get; private set; }

    public WatchedKeys Watched { get; } = new(store);

    /// <summary>MULTI.</summary>
    public void Open() => IsOpen = true;

    /// <summary>Makes EXEC refuse, if MULTI has begun.</summary>
    public void Break() => IsBroken = IsOpen;

    /// <summary>Queues a command, copying its arguments.</summary>
    public void Add(Command command, scoped in CommandArguments arguments)
    {
        int total = 0;
        for (int i = 0; i < arguments.Count; i++)
        {
            total += arguments[i].Length;
        }

        byte[] bytes = new byte[total];
        var places = new (int Start, int Length)[arguments.Count];
        int position = 0;
        for (int i = 0; i < arguments.Count; i++)
        {
            arguments[i].CopyTo(bytes.AsSpan(position));
            places[i] = (position, arguments[i].Length);
            position += arguments[i].Length;
        }

        Bytes += total;
        Flags |= command.Flags;
        _commands.Add((command, bytes, places));
    }

    /// <summary>Ends the transaction without running it, and the watching.</summary>
    public void Discard()
    {
        Close();
        Watched.Clear();
    }

    /// <summary>Runs the commands as one step, if no watched key has changed; writes the reply. Ends transaction and watching.</summary>
    public void Execute(CommandContext context)
    {
        bool denied = context.DeniesWaiting;
        var commands = _commands.ToArray();
        ShardSet shards = ShardsOf();
        Close();
        try
        {
            var transaction = new StoreTransaction(store, shards);
            try
            {
                context.DeniesWaiting = true;
                RunAll(context, commands);
            }
            finally
            {
                transaction.Dispose();
                context.Ticket = transaction.Ticket;
            }
        }
        finally
        {
            context.DeniesWaiting = denied;
            Watched.Clear();
        }
    }

    private void RunAll(CommandContext context, ReadOnlySpan<(Command Command, byte[] Bytes, (int Start, int Length)[] Places)> commands)
    {
        if (Watched.HasChanged())
        {
            context.Reply.NullArray();
            return;
        }

        context.Reply.Array(commands.Length);
        foreach ((Command command, byte[] bytes, (int Start, int Length)[] places) in commands)
        {
            context.Run(command, new CommandArguments(bytes, places));
        }
    }

    private void Close()
    {
        IsOpen = false;
        IsBroken = false;
        Bytes = 0;
        Flags = CommandFlags.None;
        _commands.Clear();
    }

    private ShardSet ShardsOf()
    {
        var shards = default(ShardSet);
        var positions = new List<int>();
        foreach ((Command command, byte[] bytes, (int Start, int Length)[] places) in _commands)
        {
            var arguments = new CommandArguments(bytes, places);
            positions.Clear();
            bool found = CommandKeyPositions.Find(command, arguments, positions);
            if (!command.NamesAllKeys || (found && positions.Count == 0 && UsesData(command)))
            {
                return ShardSet.AllOf(store);
            }

            foreach (int position in positions)
            {
                arguments.Probe(position, out KeyProbe key);
                shards.Add(store.ShardIndexOf(key.Hash));
            }
        }

        foreach (int shard in Watched.Shards())
        {
            shards.Add(shard);
        }

        return shards;
    }

    // PING and PUBLISH don't; KEYS and FLUSHALL do, and INFO counts.
    private static bool UsesData(Command command) =>
        command.Group is not (CommandGroup.Connection or CommandGroup.PubSub or CommandGroup.Transactions) && command.Name != "SELECT";
}
