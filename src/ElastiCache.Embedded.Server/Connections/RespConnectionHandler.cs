using ElastiCache.Embedded.Server.Hosting;
using Microsoft.AspNetCore.Connections;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>Takes the connections that Kestrel accepts.</summary>
internal sealed class RespConnectionHandler(ServerState server) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        server.Counters.CountConnection();
        if (server.Clients.Count >= server.MaxClients)
        {
            server.Counters.CountRejectedConnection();
            await RefuseAsync(connection, "-ERR max number of clients reached\r\n"u8.ToArray()).ConfigureAwait(false);
            return;
        }

        var client = new RespConnection(server, connection);
        if (server.IsProtected && !client.IsLocal)
        {
            await RefuseAsync(
                connection,
                "-DENIED This server is in protected mode: it has no password and takes connections from this machine only. Set requirepass, or switch protected-mode off.\r\n"u8.ToArray())
                .ConfigureAwait(false);
            return;
        }

        server.Clients.Add(client);
        await client.RunAsync().ConfigureAwait(false);
    }

    private static async ValueTask RefuseAsync(ConnectionContext connection, byte[] reply)
    {
        try
        {
            await connection.Transport.Output.WriteAsync(reply).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // It is gone already.
        }
    }
}
