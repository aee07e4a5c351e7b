using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Commands;

/// <summary>Applies the commands of a log to a store that is being loaded.</summary>
/// <remarks>
/// While <see cref="Store.IsLoading"/> nothing expires, and the store has no journal yet, so nothing is logged again. Redis ignores what commands answer
/// while it loads; here an answer that a log can't explain is reported, so that nothing is silently lost. Explained is <c>no such key</c>: a RENAME
/// whose effect is in the data already.
/// </remarks>
internal sealed class CommandReplay
{
    private readonly CommandContext _context;

    /// <summary>Prepares a replay.</summary>
    /// <param name="store">The store, with <see cref="Store.IsLoading"/> set for as long as the replay takes.</param>
    public CommandReplay(Store store)
    {
        _context = new CommandContext(store);
    }

    /// <summary>Applies one command.</summary>
    /// <param name="database">The database that was selected.</param>
    /// <param name="arguments">The command.</param>
    /// <returns>Null, or why it can't be applied, in words for a message: the command's name, keys and types, never a value.</returns>
    public string? Apply(int database, scoped in CommandArguments arguments)
    {
        if ((uint)database >= (uint)_context.Store.DatabaseCount)
        {
            return $"it writes to database {database}, and this cache has {_context.Store.DatabaseCount}, numbered from 0";
        }

        // The wire's answer to an unknown command quotes its arguments, which may be values.
        if (CommandTable.Core.Find(arguments.Name) == null)
        {
            return Describe(arguments, "this version does not know it");
        }

        _context.Database = database;
        try
        {
            CommandError? error = CommandTable.Core.Execute(_context, arguments);
            return error is null || ReferenceEquals(error, CommandError.NoSuchKey) ? null : Describe(arguments, error.Text);
        }
        catch (Exception refusal) when (refusal is CacheException or ArgumentException or FormatException or OverflowException)
        {
            return Describe(arguments, refusal.Message);
        }
    }

    private static string Describe(scoped in CommandArguments arguments, string what) => $"its command {KeyText.Of(arguments.Name)} can't be applied: {what}";
}
