using System.Globalization;
using System.Text;

namespace ElastiCache.Embedded.Tests.Peers;

/// <summary>Reads RESP2 replies.</summary>
public static class RedisReplyReader
{
    public static RedisReply Read(Stream stream)
    {
        string line = ReadLine(stream);
        string rest = line[1..];
        switch (line[0])
        {
            case '+':
                return new RedisReply(Encoding.UTF8.GetBytes(rest));
            case '-':
                return new RedisReply(Error: rest);
            case ':':
                return new RedisReply(Number: ParseNumber(rest));
            case '$' when rest != "-1":
                byte[] bytes = new byte[ParseNumber(rest)];
                stream.ReadExactly(bytes);
                ReadLine(stream);
                return new RedisReply(bytes);
            case '*' when rest != "-1":
                var items = new RedisReply[ParseNumber(rest)];
                for (int i = 0; i < items.Length; i++)
                {
                    items[i] = Read(stream);
                }

                return new RedisReply(Items: items);
            case '$' or '*':
                return new RedisReply();
            default:
                throw new InvalidDataException($"Not a RESP2 reply: {line}");
        }
    }

    private static string ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        while (true)
        {
            int next = stream.ReadByte();
            switch (next)
            {
                case < 0:
                    throw new EndOfStreamException("redis-server closed the connection.");
                case '\n':
                    return line.ToString();
                case '\r':
                    break;
                default:
                    line.Append((char)next);
                    break;
            }
        }
    }

    private static long ParseNumber(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
