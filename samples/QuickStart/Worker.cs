using System.Globalization;

namespace QuickStart;

/// <summary>The process that is killed: serves the trace and says on standard output what it has done.</summary>
/// <remarks>A line <c>order N</c> follows the acknowledgement of order N; a line <c>served N</c> tells the progress.</remarks>
internal static class Worker
{
    public static async Task<int> RunAsync(Settings settings, RecordedTrace trace)
    {
        int firstOrder = int.Parse(Console.ReadLine() ?? "0", CultureInfo.InvariantCulture);
        EndWithTheParent();
        await using Shop shop = await Shop.OpenAsync(settings, ShopDatabase.Open(settings.DatabaseFile, trace.Keys));
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        shop.Serve(
            trace.Requests,
            firstOrder,
            served => output.WriteLine($"served {served}"),
            order => output.WriteLine($"order {order}"));
        return 0;
    }

    // Ctrl+C is the parent's to answer. However it ends, its end of the pipe closes, and the folder must be free for the next run.
    private static void EndWithTheParent()
    {
        Console.CancelKeyPress += (_, press) => press.Cancel = true;
        new Thread(() =>
        {
            Console.In.ReadToEnd();
            Environment.Exit(1);
        })
        { IsBackground = true }.Start();
    }
}
