using System.Diagnostics;
using System.Globalization;
using System.Text;
using ElastiCache.Embedded;

namespace QuickStart;

/// <summary>The app: product pages from the cache, or from the database if they aren't there; and an order now and then.</summary>
/// <remarks>
/// Two caches, because two promises are wanted. Products are a copy of what the database has: a byte budget, and
/// <see cref="DurabilityMode.EverySecond"/>, so that a restart is warm. Orders exist nowhere else: no eviction, and
/// <see cref="DurabilityMode.Always"/>, so that an order which was acknowledged is on disk.
/// </remarks>
internal sealed class Shop : IAsyncDisposable
{
    private const int RequestsAnOrder = 2000;

    private readonly EmbeddedCache _products;
    private readonly EmbeddedCache _orders;
    private readonly ShopDatabase _database;
    private readonly byte[] _page = new byte[ShopDatabase.LongestRowBytes];

    private Shop(EmbeddedCache products, EmbeddedCache orders, ShopDatabase database)
    {
        _products = products;
        _orders = orders;
        _database = database;
    }

    public EmbeddedCache Products => _products;

    public EmbeddedCache Orders => _orders;

    public LatencyHistogram HitLatency { get; } = new();

    public long Hits { get; private set; }

    public long Misses { get; private set; }

    public static async Task<Shop> OpenAsync(Settings settings, ShopDatabase database)
    {
        EmbeddedCache products = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions
        {
            Folder = settings.CacheFolder,
            MaxMemory = settings.BudgetBytes,
        });
        EmbeddedCache orders = await EmbeddedCache.OpenAsync(new EmbeddedCacheOptions
        {
            Folder = settings.OrdersFolder,
            Durability = DurabilityMode.Always,
        });
        return new Shop(products, orders, database);
    }

    /// <summary>Serves requests of the trace.</summary>
    /// <param name="requests">The products asked for.</param>
    /// <param name="firstOrder">The number of the first order.</param>
    /// <param name="served">Told now and then how many were served.</param>
    /// <param name="ordered">Told of each order that is acknowledged.</param>
    public void Serve(ReadOnlySpan<int> requests, int firstOrder, Action<int> served, Action<int> ordered)
    {
        for (int i = 0; i < requests.Length; i++)
        {
            Show(requests[i]);
            if (i % RequestsAnOrder == 0)
            {
                int order = firstOrder + (i / RequestsAnOrder);
                _orders.Strings.Set(OrderKey(order), OrderText(order));      // returns when it is on disk
                ordered(order);
                served(i);
            }
        }

        served(requests.Length);
    }

    public static string OrderKey(int order) => string.Create(CultureInfo.InvariantCulture, $"order:{order}");

    public static byte[] OrderText(int order) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{{\"order\":{order},\"items\":{1 + (order % 7)}}}"));

    public static string ProductKey(int product) => string.Create(CultureInfo.InvariantCulture, $"product:{product}");

    public async ValueTask DisposeAsync()
    {
        await _products.DisposeAsync();
        await _orders.DisposeAsync();
        _database.Dispose();
    }

    // Cache-aside: look, and on a miss fetch and store.
    private void Show(int product)
    {
        string key = ProductKey(product);
        long started = Stopwatch.GetTimestamp();
        if (_products.Strings.TryGet(key, _page, out _))
        {
            HitLatency.Add(Stopwatch.GetTimestamp() - started);
            Hits++;
            return;
        }

        Misses++;
        _products.Strings.Set(key, _database.Find(product));
    }
}
