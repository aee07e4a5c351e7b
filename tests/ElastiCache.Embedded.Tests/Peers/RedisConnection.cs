using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ElastiCache.Embedded.Tests.Peers;

/// <summary>A reply of RESP2 as a tree: one of null, number, text or error, or a list of replies.</summary>
public sealed record RedisReply(byte[]? Bytes = null, long? Number = null, string? Error = null, RedisReply[]? Items = null)
{
    public bool IsNull => Bytes is null && Number is null && Error is null && Items is null;

    public string? Text => Bytes is null ? null : Encoding.UTF8.GetString(Bytes);

    public RedisReply this[int index] => (Items ?? throw new InvalidOperationException($"Not a list: {this}"))[index];

    /// <summary>The tree on one line: <c>[1, "a", (nil), (error) ERR …]</c>.</summary>
    public override string ToString() =>
        Items is not null ? $"[{string.Join(", ", (object[])Items)}]"
        : Error is not null ? $"(error) {Error}"
        : Number is not null ? Number.Value.ToString(CultureInfo.InvariantCulture)
        : Bytes is not null ? $"\"{Text}\""
        : "(nil)";
}

/// <summary>A plain RESP2 client, so that a comparison shows the server's very bytes.</summary>
public sealed class RedisConnection : IDisposable
{
    // Answers must be read before the server's output and our input both wait for room.
    private const int CommandsInFlight = 500;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly BufferedStream _stream;

    public RedisConnection(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _stream = new BufferedStream(new NetworkStream(_socket, ownsSocket: true), 64 * 1024);
    }

    public RedisReply Execute(params string[] arguments) => ExecuteAll([Array.ConvertAll(arguments, Encoding.UTF8.GetBytes)])[0];

    public RedisReply[] ExecuteAll(IReadOnlyList<byte[][]> commands)
    {
        var replies = new List<RedisReply>(commands.Count);
        foreach (byte[][][] some in commands.Chunk(CommandsInFlight))
        {
            foreach (byte[][] command in some)
            {
                Send(command);
            }

            _stream.Flush();
            replies.AddRange(some.Select(_ => Receive()));
        }

        return [.. replies];
    }

    public void Dispose() => _stream.Dispose();

    private void Send(byte[][] command)
    {
        Line($"*{command.Length}");
        foreach (byte[] argument in command)
        {
            Line($"${argument.Length}");
            _stream.Write(argument);
            _stream.Write("\r\n"u8);
        }
    }

    private void Line(string line) => _stream.Write(Encoding.ASCII.GetBytes(line + "\r\n"));

    private RedisReply Receive() => RedisReplyReader.Read(_stream);
}
