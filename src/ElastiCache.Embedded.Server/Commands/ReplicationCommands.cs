using ElastiCache.Embedded.Commands;
using static ElastiCache.Embedded.Commands.CommandFlags;

namespace ElastiCache.Embedded.Server.Commands;

/// <summary>Replication and cluster, of which there are none: the server is a master alone.</summary>
internal static class ReplicationCommands
{
    private static readonly CommandError NoCluster = new("This instance has cluster support disabled");

    public static readonly Command[] Rows =
    [
        new("ROLE", 1, NoScript | Loading | Stale | Fast, KeyPositions.None, Role, "Tells the server's part in replication.") { Since = "2.8.12", Complexity = "O(1)" },
        new("WAIT", 3, NoScript, KeyPositions.None, Wait, "Waits until replicas have the last write: there are none.") { Since = "3.0.0", Complexity = "O(1)" },
        new("REPLICAOF", 3, CommandFlags.Admin | NoScript | Stale | NoAsyncLoading, KeyPositions.None, ReplicaOf, "Makes the server a replica, which it can't be.") { Since = "5.0.0", Complexity = "O(1)" },
        new("SLAVEOF", 3, CommandFlags.Admin | NoScript | Stale | NoAsyncLoading, KeyPositions.None, ReplicaOf, "As REPLICAOF.") { Complexity = "O(1)" },
        new("FAILOVER", -1, CommandFlags.Admin | NoScript | Stale, KeyPositions.None, (_, in _) => new CommandError("FAILOVER requires connected replicas."), "Hands over to a replica, of which there are none.") { Since = "6.2.0", Complexity = "O(1)" },
        new("READONLY", 1, Loading | Stale | Fast, KeyPositions.None, (_, in _) => NoCluster, "Part of Redis Cluster.") { Since = "3.0.0", Complexity = "O(1)" },
        new("READWRITE", 1, Loading | Stale | Fast, KeyPositions.None, (_, in _) => NoCluster, "Part of Redis Cluster.") { Since = "3.0.0", Complexity = "O(1)" },
        new("ASKING", 1, Fast, KeyPositions.None, (_, in _) => NoCluster, "Part of Redis Cluster.") { Since = "3.0.0", Complexity = "O(1)" },
        new("CLUSTER", -2, CommandFlags.None, KeyPositions.None, (_, in _) => NoCluster, "Commands of Redis Cluster.") { Since = "3.0.0", Complexity = "O(1)" },
    ];

    private static CommandError? Role(CommandContext context, scoped in CommandArguments arguments)
    {
        context.Reply.Array(3);
        context.Reply.Bulk("master"u8);
        context.Reply.Integer(0);
        context.Reply.Array(0);
        return null;
    }

    // However many are wanted: none can come, so there is nothing to wait for.
    private static CommandError? Wait(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(1, out _))
        {
            return CommandError.NotAnInteger;
        }

        if (!arguments.TryInteger(2, out long timeout))
        {
            return new CommandError("timeout is not an integer or out of range");
        }

        if (timeout < 0)
        {
            return new CommandError("timeout is negative");
        }

        context.Reply.Integer(0);
        return null;
    }

    private static CommandError? ReplicaOf(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.Is(1, "NO"u8) || !arguments.Is(2, "ONE"u8))
        {
            return new CommandError("This server can't be a replica");
        }

        context.Reply.Ok();
        return null;
    }
}
