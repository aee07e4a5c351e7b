using System.Globalization;
using System.Text;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Resp;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>MONITOR: shows every command to those who asked.</summary>
internal sealed class MonitorFeed(TimeProvider time)
{
    private readonly Lock _lock = new();
    private volatile RespConnection[] _monitors = [];

    /// <summary>Whether anybody looks.</summary>
    public bool IsAny => _monitors.Length > 0;

    public void Add(RespConnection connection)
    {
        lock (_lock)
        {
            _monitors = [.. _monitors, connection];
        }
    }

    public void Remove(RespConnection connection)
    {
        lock (_lock)
        {
            _monitors = [.. _monitors.Where(other => other != connection)];
        }
    }

    /// <summary>Shows a command: <c>+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"</c>.</summary>
    public void Show(ClientContext client, scoped in CommandArguments arguments)
    {
        long microseconds = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{microseconds / 1_000_000}.{microseconds % 1_000_000:D6} [{client.Database} {client.Address}]");
        for (int i = 0; i < arguments.Count; i++)
        {
            text.Append(' ');
            AppendQuoted(text, arguments[i]);
        }

        var line = new RespWriter();
        line.Simple(Encoding.Latin1.GetBytes(text.ToString()));
        foreach (RespConnection monitor in _monitors)
        {
            monitor.Push(line.Written);
        }
    }

    /// <summary>As Redis shows bytes to people.</summary>
    public static void AppendQuoted(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        text.Append('"');
        foreach (byte value in bytes)
        {
            switch (value)
            {
                case (byte)'\\' or (byte)'"':
                    text.Append('\\').Append((char)value);
                    break;
                case (byte)'\n':
                    text.Append("\\n");
                    break;
                case (byte)'\r':
                    text.Append("\\r");
                    break;
                case (byte)'\t':
                    text.Append("\\t");
                    break;
                case (byte)'\a':
                    text.Append("\\a");
                    break;
                case (byte)'\b':
                    text.Append("\\b");
                    break;
                case >= 0x20 and < 0x7F:
                    text.Append((char)value);
                    break;
                default:
                    text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
                    break;
            }
        }

        text.Append('"');
    }
}
