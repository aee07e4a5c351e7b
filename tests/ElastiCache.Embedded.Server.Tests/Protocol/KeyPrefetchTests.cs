using System.Text;
using ElastiCache.Embedded.Server.Connections;

namespace ElastiCache.Embedded.Server.Tests.Protocol;

/// <summary>The look ahead decides nothing, so all that can go wrong is that it fails on something that isn't a request.</summary>
public class KeyPrefetchTests
{
    [Fact]
    public void It_takes_whatever_bytes_come()
    {
        using var cache = new EmbeddedCache();
        cache.Strings.Set("key", "value");
        byte[] whole = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$4\r\nPING\r\n", 10)));
        var random = new Random(1);

        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = whole[..random.Next(whole.Length + 1)];
            for (int changes = random.Next(4); changes > 0 && bytes.Length > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : "*$\r\n09-"[random.Next(7)]);
            }

            KeyPrefetch.Run(cache.Store, 0, bytes);
        }

        Assert.Equal("value", cache.Strings.Get<string>("key"));
    }
}
