using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ElastiCache.Embedded.Benchmarks.Peers;

/// <summary>A server that speaks RESP in a process of its own, on a port of its own, with a connection to it.</summary>
internal sealed class RedisProcess : IDisposable
{
    private const int PipelinedRequests = 200;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Socket _socket;
    private readonly List<byte> _requests = [];
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _filled;
    private int _read;
    private int _pending;

    private RedisProcess(Process process, int port)
    {
        _process = process;
        Port = port;
        _socket = Connect(process, port);
    }

    public int Port { get; }

    /// <summary>Whether a program is installed.</summary>
    public static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Starts redis-server without persistence.</summary>
    public static RedisProcess StartRedis() => Start(port => new ProcessStartInfo("redis-server", ["--port", port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]));

    /// <summary>Starts a server.</summary>
    /// <param name="command">The program and its arguments for a port.</param>
    public static RedisProcess Start(Func<string, ProcessStartInfo> command)
    {
        int port = FreePort();
        ProcessStartInfo start = command(port.ToString(CultureInfo.InvariantCulture));
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"'{start.FileName}' did not start.");
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            return new RedisProcess(process, port);
        }
        catch
        {
            process.Kill();
            throw;
        }
    }

    /// <summary>CPU time of the server so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Sends a command and reads its reply later; errors are thrown then.</summary>
    public void Send(params ReadOnlySpan<string> arguments)
    {
        _requests.AddRange(Encoding.UTF8.GetBytes($"*{arguments.Length}\r\n"));
        foreach (string argument in arguments)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(argument);
            _requests.AddRange(Encoding.ASCII.GetBytes($"${bytes.Length}\r\n"));
            _requests.AddRange(bytes);
            _requests.Add((byte)'\r');
            _requests.Add((byte)'\n');
        }

        if (++_pending == PipelinedRequests)
        {
            Flush();
        }
    }

    /// <summary>Waits for all replies.</summary>
    public void Flush()
    {
        _socket.Send(_requests.ToArray());
        _requests.Clear();
        for (; _pending > 0; _pending--)
        {
            ReadReply();
        }
    }

    /// <summary>Sends a command and reads its reply.</summary>
    public string Execute(params ReadOnlySpan<string> arguments)
    {
        Flush();
        Send(arguments);
        _socket.Send(_requests.ToArray());
        _requests.Clear();
        _pending = 0;
        return ReadReply();
    }

    /// <summary>Microseconds that a command took since the last CONFIG RESETSTAT, by the server's own clock.</summary>
    public double MicrosecondsPerCall(string command)
    {
        string line = Execute("INFO", "commandstats").Split('\n').First(l => l.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal));
        return double.Parse(line.Split("usec_per_call=")[1].Split(',')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Lets the server end as it should, with everything written that it has to write.</summary>
    public async Task EndAsync()
    {
        _requests.AddRange("*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n"u8);
        _socket.Send(_requests.ToArray());
        _requests.Clear();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Socket Connect(Process process, int port)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Connect(IPAddress.Loopback, port);
                return socket;
            }
            catch (SocketException) when (waited.Elapsed < StartTimeout && !process.HasExited)
            {
                socket.Dispose();
                process.WaitForExit(20);
            }
        }
    }

    private string ReadReply()
    {
        string line = ReadLine();
        switch (line[0])
        {
            case '-':
                throw new InvalidOperationException($"The server answered '{line}'.");
            case '$' when line == "$-1":
                return "";
            case '$':
                return ReadBytes(int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture));
            case '*':
                for (int left = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture); left > 0; left--)
                {
                    ReadReply();
                }

                return "";
            default:
                return line[1..];
        }
    }

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            char next = (char)ReadByte();
            if (next == '\r')
            {
                ReadByte();
                return line.ToString();
            }

            line.Append(next);
        }
    }

    private string ReadBytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = ReadByte();
        }

        ReadByte();
        ReadByte();
        return Encoding.UTF8.GetString(bytes);
    }

    private byte ReadByte()
    {
        if (_read == _filled)
        {
            _filled = _socket.Receive(_buffer);
            _read = 0;
            if (_filled == 0)
            {
                throw new IOException("The server closed the connection.");
            }
        }

        return _buffer[_read++];
    }
}
