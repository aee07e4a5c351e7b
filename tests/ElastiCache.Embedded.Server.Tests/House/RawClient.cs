using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ElastiCache.Embedded.Server.Tests.House;

/// <summary>A client that shows the server's very bytes, as Latin-1 text.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Stream _stream;

    public RawClient(Stream stream)
    {
        _stream = stream;
    }

    public static RawClient Connect(int port) => Connect(new IPEndPoint(IPAddress.Loopback, port));

    public static RawClient Connect(EndPoint endPoint)
    {
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(endPoint);
        return new RawClient(new NetworkStream(socket, ownsSocket: true) { ReadTimeout = 30_000 });
    }

    /// <summary>Sends bytes as they are.</summary>
    public void Send(string bytes) => _stream.Write(Encoding.Latin1.GetBytes(bytes));

    /// <summary>Sends a command as an array of strings.</summary>
    public void SendCommand(params string[] words) => Send(Encode(words));

    public static string Encode(params string[] words) => $"*{words.Length}\r\n{string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n"))}";

    /// <summary>Sends a command, written with spaces between its words, and reads one reply.</summary>
    public string Ask(string line) => AskWords(line.Split(' '));

    public string AskWords(params string[] words)
    {
        SendCommand(words);
        return Read();
    }

    /// <summary>Reads one reply, of either protocol, whole.</summary>
    public string Read()
    {
        string line = ReadLine();
        string rest = line[1..^2];
        switch (line[0])
        {
            case '$' or '=' when rest != "-1":
                byte[] bytes = new byte[int.Parse(rest) + 2];
                _stream.ReadExactly(bytes);
                return line + Encoding.Latin1.GetString(bytes);
            case '*' or '~' or '>' when rest != "-1":
                return line + string.Concat(Enumerable.Range(0, int.Parse(rest)).Select(_ => Read()));
            case '%' or '|':
                return line + string.Concat(Enumerable.Range(0, 2 * int.Parse(rest)).Select(_ => Read())) + (line[0] == '|' ? Read() : "");
            default:
                return line;
        }
    }

    /// <summary>Reads until the server ends the connection.</summary>
    public string ReadToEnd()
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (_stream.Read(buffer) is > 0 and var count)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // It was reset: over all the same.
        }

        return text.ToString();
    }

    /// <summary>Whether the connection still answers.</summary>
    public bool IsAlive()
    {
        try
        {
            return Ask("PING").Length > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => _stream.Dispose();

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (line.Length < 2 || line[^1] != '\n')
        {
            int next = _stream.ReadByte();
            if (next < 0)
            {
                throw new EndOfStreamException("The server ended the connection.");
            }

            line.Append((char)next);
        }

        return line.ToString();
    }
}
