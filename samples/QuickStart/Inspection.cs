using Spectre.Console;

namespace QuickStart;

/// <summary>Looks at what a killed process left behind.</summary>
internal static class Inspection
{
    /// <summary>Checks that each acknowledged order is there, and that each product that is there is right.</summary>
    public static bool Check(Shop shop, KilledWorker worker, int products)
    {
        AnsiConsole.MarkupLine($"[red]Killed[/] (SIGKILL) after {worker.Served:N0} requests and {worker.Orders.Count:N0} acknowledged orders.");
        AnsiConsole.MarkupLineInterpolated($"Products: {shop.Products.Recovery}");
        AnsiConsole.MarkupLineInterpolated($"Orders:   {shop.Orders.Recovery}");

        int lost = worker.Orders.Count(order => !Holds(shop.Orders.Strings.GetBytes(Shop.OrderKey(order)), Shop.OrderText(order)));
        int cached = 0;
        int wrong = 0;
        for (int product = 0; product < products; product++)
        {
            if (shop.Products.Strings.GetBytes(Shop.ProductKey(product)) is { } row)
            {
                cached++;
                wrong += Holds(row, ShopDatabase.RowOf(product)) ? 0 : 1;
            }
        }

        string color = lost + wrong == 0 ? "green" : "red";
        AnsiConsole.MarkupLine($"[{color}]{worker.Orders.Count:N0} acknowledged orders: {lost} lost. {cached:N0} products recovered: {wrong} wrong.[/]");
        return lost + wrong == 0;
    }

    private static bool Holds(byte[]? found, byte[] expected) => found != null && found.AsSpan().SequenceEqual(expected);
}
