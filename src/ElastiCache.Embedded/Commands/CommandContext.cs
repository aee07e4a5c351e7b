using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded.Commands;

/// <summary>For whom commands run: the operations that they call, the selected database, and what to wait for afterwards.</summary>
/// <remarks>One a connection, or one for a replay. Not thread-safe.</remarks>
internal sealed class CommandContext
{
    private JournalTicket _ticket;

    public CommandContext(Store store)
    {
        Store = store;
        Strings = new StringOperations(store);
        Edits = new StringEdits(store);
        Numbers = new NumberOperations(store);
        Batches = new StringBatches(store);
        Bits = new BitmapOperations(store);
        BitFields = new BitFieldOperations(store);
        Keys = new KeyOperations(store);
        Expiry = new ExpireOperations(store);
        Databases = new DatabaseOperations(store);
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

    /// <summary>The selected database.</summary>
    public int Database { get; set; }

    /// <summary>The ticket of the last write.</summary>
    public ref JournalTicket Ticket => ref _ticket;

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
