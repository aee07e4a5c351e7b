using System.Globalization;
using System.Text;
using ElastiCache.Embedded;

namespace TimeMachine;

/// <summary>Prices under <c>price:*</c>, orders under <c>orders</c>.</summary>
internal sealed class Shop(EmbeddedCache cache)
{
    public const int Products = 20_000;

    private static long PriceOf(int product) => 100 + (product * 7919L % 10_000);

    public void StockUp()
    {
        for (int product = 0; product < Products; product++)
        {
            cache.Strings.Set(Key(product), PriceOf(product));
        }
    }

    /// <summary>Orders a product; whether it has a price is none of the customer's business.</summary>
    public void Order(int product) => cache.Stream("orders").Add("product", product);

    public long Orders => cache.Stream("orders").Length();

    /// <summary>Every second price becomes a cent, every seventh is deleted, and some products appear that nobody sells.</summary>
    public void DeployBadly()
    {
        for (int product = 0; product < Products; product++)
        {
            if (product % 7 == 0)
            {
                cache.Keys.Delete(Key(product));
            }
            else if (product % 2 == 0)
            {
                cache.Strings.Set(Key(product), 1);
            }
        }

        for (int product = Products; product < Products + 500; product++)
        {
            cache.Strings.Set(Key(product), 0);
        }
    }

    /// <summary>How many prices are not what they should be.</summary>
    public long Damaged()
    {
        long damaged = 0;
        for (int product = 0; product < Products + 500; product++)
        {
            long? expected = product < Products ? PriceOf(product) : null;
            damaged += cache.Strings.Get<long?>(Key(product)) == expected ? 0 : 1;
        }

        return damaged;
    }

    /// <summary>A number that is the same as long as all prices are. FNV-1a over keys and prices, the order of keys not counting.</summary>
    public ulong Checksum()
    {
        ulong sum = 0;
        foreach (string key in cache.Keys.Match("price:*"))
        {
            ulong hash = 14695981039346656037;
            foreach (byte b in Encoding.UTF8.GetBytes($"{key}={cache.Strings.GetString(key)}"))
            {
                hash = (hash ^ b) * 1099511628211;
            }

            sum += hash;
        }

        return sum;
    }

    private static string Key(int product) => string.Create(CultureInfo.InvariantCulture, $"price:{product:D5}");
}
