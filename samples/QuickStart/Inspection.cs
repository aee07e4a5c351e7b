using Spectre.Console;

namespace QuickStart;

/// <summary>Looks at what a killed process left behind.</summary>
internal static class Inspection
{
    /// <summary>Checks that each acknowledged order is there, and that each product that is there is right.</summary>
    public static bool Check(Shop shop, KilledWorker worker, int products, WarmStart earlier)
    {
        AnsiConsole.MarkupLine($"[red]Killed[/] (SIGKILL) after {worker.Served:N0} requests and {worker.Orders.Count:N0} acknowledged orders.");
        AnsiConsole.MarkupLineInterpolated($"Products: {shop.Products.Recovery}");
        AnsiConsole.MarkupLineInterpolated($"Orders:   {shop.Orders.Recovery}");

        long lost = worker.Orders.Count(order => !Holds(shop.Orders.Strings.GetBytes(Shop.OrderKey(order)), Shop.OrderText(order)));
        long lostEarlier = Math.Max(0, earlier.Orders + worker.Orders.Count - lost - shop.Orders.Keys.Count);
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

        bool isSound = lost + lostEarlier + wrong == 0;
        string color = isSound ? "green" : "red";
        string before = earlier.Orders == 0 ? "" : $" {earlier.Orders:N0} orders of earlier runs: {lostEarlier} lost.";
        AnsiConsole.MarkupLine(
            $"[{color}]{worker.Orders.Count:N0} acknowledged orders: {lost} lost.{before} {cached:N0} products recovered: {wrong} wrong.[/]");
        return isSound;
    }

    private static bool Holds(byte[]? found, byte[] expected) => found != null && found.AsSpan().SequenceEqual(expected);
}
