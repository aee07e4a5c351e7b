using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ElastiCache.Embedded.Tests.Commands;

/// <summary>A client that takes what the server sends as it is: pushes, which answer no request, included.</summary>
internal sealed class RawRedisClient : IDisposable
{
    private const string Sentinel = "=-this is the end-=";

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public RawRedisClient(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
    }

    /// <summary>Sends a command, and returns all that the server has sent by the time it has run it.</summary>
    public string Execute(params byte[][] command)
    {
        Send(command);
        return ReceiveAll();
    }

    /// <summary>As the other form, for commands with spaces between their words, sent in one go.</summary>
    public string Execute(params string[] lines)
    {
        foreach (string line in lines)
        {
            Send(Array.ConvertAll(line.Split(' '), Encoding.UTF8.GetBytes));
        }

        return ReceiveAll();
    }

    /// <summary>All that the server has sent up to now.</summary>
    public string ReceiveAll()
    {
        Send(["PING"u8.ToArray(), Encoding.ASCII.GetBytes(Sentinel)]);
        var received = new StringBuilder();
        byte[] buffer = new byte[4096];
        string end = $"${Sentinel.Length}\r\n{Sentinel}\r\n";
        while (received.Length < end.Length || received.ToString(received.Length - end.Length, end.Length) != end)
        {
            int count = _socket.Receive(buffer);
            Assert.True(count > 0, "redis-server closed the connection.");
            received.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        // A subscriber of RESP2 gets the answer to PING as an array.
        const string Pong = "*2\r\n$4\r\npong\r\n";
        string all = received.ToString(0, received.Length - end.Length);
        return all.EndsWith(Pong, StringComparison.Ordinal) ? all[..^Pong.Length] : all;
    }

    public void Dispose() => _socket.Dispose();

    private void Send(byte[][] command)
    {
        using var bytes = new MemoryStream();
        bytes.Write(Encoding.ASCII.GetBytes($"*{command.Length}\r\n"));
        foreach (byte[] argument in command)
        {
            bytes.Write(Encoding.ASCII.GetBytes($"${argument.Length}\r\n"));
            bytes.Write(argument);
            bytes.Write("\r\n"u8);
        }

        _socket.Send(bytes.ToArray());
    }
}
