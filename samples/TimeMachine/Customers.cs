namespace TimeMachine;

/// <summary>People who order from the first moment to the last, whatever happens to the prices.</summary>
internal sealed class Customers : IAsyncDisposable
{
    private readonly Shop _shop;
    private readonly long _ordersBefore;
    private readonly CancellationTokenSource _evening = new();
    private readonly Task<long> _ordering;

    private Customers(Shop shop)
    {
        _shop = shop;
        _ordersBefore = shop.Orders;
        _ordering = Task.Run(OrderAsync);
    }

    public static Customers Come(Shop shop) => new(shop);

    /// <summary>Lets them go on for a while, or until an order fails.</summary>
    public async Task KeepOrderingAsync(TimeSpan time) => await await Task.WhenAny(_ordering, Task.Delay(time, TimeProvider.System));

    /// <summary>Ends the day.</summary>
    /// <returns>What they ordered, and what the shop knows of.</returns>
    public async Task<(long Ordered, long Found)> GoHomeAsync()
    {
        await _evening.CancelAsync();
        long ordered = await _ordering;
        return (ordered, _shop.Orders - _ordersBefore);
    }

    public async ValueTask DisposeAsync()
    {
        await GoHomeAsync();
        _evening.Dispose();
    }

    private async Task<long> OrderAsync()
    {
        var random = new Random(1);
        long ordered = 0;
        while (!_evening.IsCancellationRequested)
        {
            _shop.Order(random.Next(Shop.Products));
            ordered++;
            if (ordered % 100 == 0)
            {
                await Task.Yield();
            }
        }

        return ordered;
    }
}
