using System.Collections.Concurrent;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>The connections that are open, by the numbers that clients know themselves by.</summary>
internal sealed class ClientRegistry
{
    private readonly ConcurrentDictionary<long, RespConnection> _connections = new();
    private long _lastId;

    public int Count => _connections.Count;

    /// <summary>All of them, oldest first.</summary>
    public RespConnection[] All => [.. _connections.Values.OrderBy(connection => connection.Context.Id)];

    /// <summary>All of them, in no order.</summary>
    public IEnumerable<RespConnection> Unordered => _connections.Select(pair => pair.Value);

    public long NextId() => Interlocked.Increment(ref _lastId);

    public void Add(RespConnection connection) => _connections[connection.Context.Id] = connection;

    public void Remove(RespConnection connection) => _connections.TryRemove(connection.Context.Id, out _);

    public RespConnection? Find(long id) => _connections.GetValueOrDefault(id);
}
