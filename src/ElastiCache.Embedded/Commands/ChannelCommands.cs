using System.Text;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on channels.</summary>
internal static class ChannelCommands
{
    private const CommandFlags Subscribing = CommandFlags.PubSub | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;
    private const CommandFlags Publishing = CommandFlags.PubSub | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast | CommandFlags.MayReplicate;
    private const CommandFlags Asking = CommandFlags.PubSub | CommandFlags.Loading | CommandFlags.Stale;

    private static readonly string[] AllowedWhileSubscribed =
        ["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE", "PING", "QUIT", "RESET"];

    private static readonly string[] HelpLines =
    [
        "PUBSUB <subcommand> [<arg> ...]. Subcommands are:",
        "CHANNELS [<pattern>]",
        "    The channels that have subscribers, or those whose names match.",
        "NUMPAT",
        "    How many different patterns have subscribers.",
        "NUMSUB [<channel> ...]",
        "    For each channel how many have subscribed to it by its name.",
        "SHARDCHANNELS [<pattern>]",
        "    As CHANNELS, for sharded channels.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    As NUMSUB, for sharded channels.",
        "HELP",
        "    These lines.",
    ];

    public static readonly Command[] Rows =
    [
        new("SUBSCRIBE", -2, Subscribing, KeyPositions.None, (context, in arguments) => Subscribe(context, arguments, ChannelKind.Channel), "Listens to channels.")
        {
            Since = "2.0.0", Complexity = "O(n) for n channels",
        },
        new("UNSUBSCRIBE", -1, Subscribing, KeyPositions.None, (context, in arguments) => Unsubscribe(context, arguments, ChannelKind.Channel), "Stops listening to channels.")
        {
            Since = "2.0.0", Complexity = "O(n) for n subscribers of the channels",
        },
        new("PSUBSCRIBE", -2, Subscribing, KeyPositions.None, (context, in arguments) => Subscribe(context, arguments, ChannelKind.Pattern), "Listens to all channels whose names match.")
        {
            Since = "2.0.0", Complexity = "O(n) for n patterns",
        },
        new("PUNSUBSCRIBE", -1, Subscribing, KeyPositions.None, (context, in arguments) => Unsubscribe(context, arguments, ChannelKind.Pattern), "Stops listening to patterns.")
        {
            Since = "2.0.0", Complexity = "O(n) for n patterns of all clients",
        },
        new("SSUBSCRIBE", -2, Subscribing, KeyPositions.All, (context, in arguments) => Subscribe(context, arguments, ChannelKind.Sharded), "Listens to sharded channels.")
        {
            Since = "7.0.0", Complexity = "O(n) for n channels",
        },
        new("SUNSUBSCRIBE", -1, Subscribing, KeyPositions.All, (context, in arguments) => Unsubscribe(context, arguments, ChannelKind.Sharded), "Stops listening to sharded channels.")
        {
            Since = "7.0.0", Complexity = "O(n) for n subscribers of the channels",
        },
        new("PUBLISH", 3, Publishing, KeyPositions.None, (context, in arguments) => Publish(context, arguments, isSharded: false), "Sends a message to a channel.")
        {
            Since = "2.0.0", Complexity = "O(n + m) for n subscribers and m patterns of all clients",
        },
        new("SPUBLISH", 3, Publishing, KeyPositions.One, (context, in arguments) => Publish(context, arguments, isSharded: true), "Sends a message to a sharded channel.")
        {
            Since = "7.0.0", Complexity = "O(n) for n subscribers",
        },
        new("PUBSUB", -2, CommandFlags.None, KeyPositions.None, static (_, in _) => CommandError.Syntax, "Tells of channels and subscribers.")
        {
            Since = "2.8.0", Complexity = "That of the subcommand",
            Subcommands =
            [
                new("CHANNELS", -2, Asking, KeyPositions.None, (context, in arguments) => Active(context, arguments, ChannelKind.Channel), "Names active channels.")
                {
                    Since = "2.8.0", Complexity = "O(n) for n active channels",
                },
                new("NUMSUB", -2, Asking, KeyPositions.None, (context, in arguments) => Count(context, arguments, ChannelKind.Channel), "Counts subscribers of channels.")
                {
                    Since = "2.8.0", Complexity = "O(n) for n channels",
                },
                new("NUMPAT", 2, Asking, KeyPositions.None, CountPatterns, "Counts patterns.") { Since = "2.8.0", Complexity = "O(1)" },
                new("SHARDCHANNELS", -2, Asking, KeyPositions.None, (context, in arguments) => Active(context, arguments, ChannelKind.Sharded), "Names active sharded channels.")
                {
                    Since = "7.0.0", Complexity = "O(n) for n active channels",
                },
                new("SHARDNUMSUB", -2, Asking, KeyPositions.None, (context, in arguments) => Count(context, arguments, ChannelKind.Sharded), "Counts subscribers of sharded channels.")
                {
                    Since = "7.0.0", Complexity = "O(n) for n channels",
                },
                new("HELP", 2, CommandFlags.Loading | CommandFlags.Stale, KeyPositions.None, Help, "Explains the subcommands.") { Since = "6.2.0", Complexity = "O(1)" },
            ],
        },
    ];

    /// <summary>What a client of RESP2 is told that has subscribed and sends an ordinary command; null if it may send the command.</summary>
    public static CommandError? RefusalWhileSubscribed(CommandContext context, Command command)
    {
        if (context.Subscriber is not { IsRestricted: true } || (command.Container == null && AllowedWhileSubscribed.Contains(command.Name)))
        {
            return null;
        }

        string name = command.Container == null ? command.Name : $"{command.Container}|{command.Name}";
        return new CommandError(
            $"Can't execute '{name.ToLowerInvariant()}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
    }

    /// <summary>Whether a command answers with messages of its own, which CLIENT REPLY does not silence.</summary>
    public static bool AnswersByMessages(Command command) => command.Container == null && command.Name.EndsWith("SUBSCRIBE", StringComparison.Ordinal);

    /// <summary>Ends all subscriptions of a client without a word, as RESET does.</summary>
    public static void UnsubscribeAll(CommandContext context)
    {
        if (context is { Channels: { } hub, Subscriber: { } subscriber })
        {
            foreach (ChannelKind kind in Enum.GetValues<ChannelKind>())
            {
                foreach (byte[] name in hub.NamesOf(subscriber, kind))
                {
                    hub.Unsubscribe(subscriber, kind, name);
                }
            }
        }
    }

    private static CommandError? Subscribe(CommandContext context, scoped in CommandArguments arguments, ChannelKind kind)
    {
        if (context is not { Channels: { } hub, Subscriber: { } subscriber })
        {
            return new CommandError($"{Word(kind)}SUBSCRIBE isn't allowed for a DENY BLOCKING client");
        }

        for (int i = 1; i < arguments.Count; i++)
        {
            hub.Subscribe(subscriber, kind, arguments[i]);
            Confirm(context, kind, isBegin: true, arguments[i]);
        }

        return null;
    }

    private static CommandError? Unsubscribe(CommandContext context, scoped in CommandArguments arguments, ChannelKind kind)
    {
        if (context is not { Channels: { } hub, Subscriber: { } subscriber })
        {
            for (int i = 1; i < Math.Max(2, arguments.Count); i++)
            {
                Confirm(context, kind, isBegin: false, arguments.Count > 1 ? arguments[i] : default, hasName: arguments.Count > 1);
            }

            return null;
        }

        if (arguments.Count > 1)
        {
            for (int i = 1; i < arguments.Count; i++)
            {
                hub.Unsubscribe(subscriber, kind, arguments[i]);
                MovePending(context);
                Confirm(context, kind, isBegin: false, arguments[i]);
            }

            return null;
        }

        byte[][] names = hub.NamesOf(subscriber, kind);
        foreach (byte[] name in names)
        {
            hub.Unsubscribe(subscriber, kind, name);
            MovePending(context);
            Confirm(context, kind, isBegin: false, name);
        }

        if (names.Length == 0)
        {
            Confirm(context, kind, isBegin: false, default, hasName: false);
        }

        return null;
    }

    private static void Confirm(CommandContext context, ChannelKind kind, bool isBegin, ReadOnlySpan<byte> name, bool hasName = true)
    {
        context.Reply.Push(3);
        context.Reply.Bulk((kind, isBegin) switch
        {
            (ChannelKind.Channel, true) => "subscribe"u8,
            (ChannelKind.Channel, false) => "unsubscribe"u8,
            (ChannelKind.Pattern, true) => "psubscribe"u8,
            (ChannelKind.Pattern, false) => "punsubscribe"u8,
            (_, true) => "ssubscribe"u8,
            (_, false) => "sunsubscribe"u8,
        });
        if (hasName)
        {
            context.Reply.Bulk(name);
        }
        else
        {
            context.Reply.Null();
        }

        context.Reply.Integer(context.Subscriber is not { } subscriber ? 0
            : kind == ChannelKind.Sharded ? subscriber.Count(kind) : subscriber.ChannelsAndPatterns);
    }

    private static CommandError? Publish(CommandContext context, scoped in CommandArguments arguments, bool isSharded)
    {
        int receivers = context.Channels is not { } hub ? 0
            : isSharded ? hub.PublishSharded(arguments[1], arguments[2]) : hub.Publish(arguments[1], arguments[2]);
        MovePending(context);
        context.Reply.Integer(receivers);
        return null;
    }

    // A client that publishes to itself gets its message before the answer. Inside EXEC of RESP2 nothing may come between the array's elements.
    private static void MovePending(CommandContext context)
    {
        if (context.Subscriber is { } subscriber && (!context.DeniesWaiting || subscriber.Protocol >= 3))
        {
            subscriber.MovePendingTo(context.Reply);
        }
    }

    private static CommandError? Active(CommandContext context, scoped in CommandArguments arguments, ChannelKind kind)
    {
        if (arguments.Count > 3)
        {
            return new CommandError(
                $"unknown subcommand or wrong number of arguments for '{Encoding.Latin1.GetString(arguments[1])}'. Try PUBSUB HELP.");
        }

        List<ChannelName> names = context.Channels?.ActiveChannels(kind, arguments.Count == 3 ? arguments[2] : default, all: arguments.Count == 2) ?? [];
        context.Reply.Array(names.Count);
        foreach (ChannelName name in names)
        {
            context.Reply.Bulk(name.Bytes);
        }

        return null;
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments, ChannelKind kind)
    {
        context.Reply.Array(2 * (arguments.Count - 2));
        for (int i = 2; i < arguments.Count; i++)
        {
            context.Reply.Bulk(arguments[i]);
            context.Reply.Integer(context.Channels?.SubscriberCount(kind, arguments[i]) ?? 0);
        }

        return null;
    }

    private static CommandError? CountPatterns(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Integer(context.Channels?.PatternCount ?? 0);
        return null;
    }

    private static CommandError? Help(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Array(HelpLines.Length);
        foreach (string line in HelpLines)
        {
            context.Reply.Simple(Encoding.ASCII.GetBytes(line));
        }

        return null;
    }

    private static string Word(ChannelKind kind) => kind switch
    {
        ChannelKind.Pattern => "P",
        ChannelKind.Sharded => "S",
        _ => "",
    };
}
