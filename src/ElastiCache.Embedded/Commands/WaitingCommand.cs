using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded.Commands;

/// <summary>A command that waits for its keys: whoever runs commands awaits <see cref="KeyWaiter.Completion"/> and then asks for the reply.</summary>
/// <param name="Waiter">The wait.</param>
/// <param name="WriteReply">Writes the reply: with <c>true</c> what the attempt has got, with <c>false</c> that the time was up.</param>
internal sealed record WaitingCommand(KeyWaiter Waiter, Action<CommandContext, bool> WriteReply)
{
    /// <summary>The frame of a blocking command.</summary>
    /// <param name="context">For whom it runs.</param>
    /// <param name="keys">Its keys in order of preference.</param>
    /// <param name="attempt">What it does as soon as a key allows it.</param>
    /// <param name="timeout">How long it waits; null for ever.</param>
    /// <param name="writeReply">Writes the reply: with <c>true</c> what the attempt has got, with <c>false</c> that the time was up.</param>
    /// <remarks>Inside MULTI and in a replay nothing waits: the reply is that of a time that is up.</remarks>
    public static void Run(CommandContext context, byte[][] keys, KeyAttempt attempt, TimeSpan? timeout, Action<CommandContext, bool> writeReply)
    {
        if (context.DeniesWaiting || context.Waiters == null)
        {
            bool served = false;
            for (int i = 0; i < keys.Length && !served; i++)
            {
                served = attempt.TryRun(i, ref context.Ticket);
            }

            writeReply(context, served);
            return;
        }

        KeyWaiter waiter = context.Waiters.Wait(context.Database, keys, attempt, timeout);
        if (waiter.IsServed)
        {
            context.Ticket = waiter.Ticket;
            writeReply(context, true);
            return;
        }

        context.Waiting = new WaitingCommand(waiter, writeReply);
    }

    /// <summary>Reads a timeout in seconds, as text, as blocking commands take it. 0 is for ever.</summary>
    public static CommandError? ReadTimeout(scoped in CommandArguments arguments, int index, out TimeSpan? timeout)
    {
        timeout = null;
        if (!Values.DoubleText.TryParse(arguments[index], out double seconds))
        {
            return new CommandError("timeout is not a float or out of range");
        }

        if (seconds < 0)
        {
            return new CommandError("timeout is negative");
        }

        double milliseconds = Math.Ceiling(seconds * 1000);
        if (milliseconds > long.MaxValue / 2)
        {
            return new CommandError("timeout is out of range");
        }

        timeout = milliseconds == 0 ? null : TimeSpan.FromMilliseconds(Math.Min(milliseconds, TimeSpan.MaxValue.TotalMilliseconds / 2));
        return null;
    }
}
