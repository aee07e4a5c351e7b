using System.Globalization;
using System.Text;
using System.Text.Json;
using ElastiCache.Embedded.Commands;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Server.Commands;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary><c>inspect</c>: what is in a folder or an RDB file, by type, and its largest keys.</summary>
internal static class InspectCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static async Task<int> RunAsync(string path, bool asJson, int largest, bool showsProgress)
    {
        using ProgressBar? progress = Terminal.Progress(showsProgress && !asJson);
        await using EmbeddedCache cache = await StoredData.LoadAsync(path, progress).ConfigureAwait(false);
        progress?.Dispose();
        Inspection inspection = Inspect(cache, largest);
        if (asJson)
        {
            Terminal.Write(JsonSerializer.Serialize(inspection, Indented));
            return 0;
        }

        Line("type", "keys", "bytes", "with a deadline");
        foreach (TypeTotals type in inspection.Types)
        {
            Line(type.Type, Number(type.Keys), Number(type.Bytes), Number(type.Expiring));
        }

        Line("all", Number(inspection.Types.Sum(type => type.Keys)), Number(inspection.Types.Sum(type => type.Bytes)), Number(inspection.Types.Sum(type => type.Expiring)));
        Terminal.Write("");
        Line("largest keys", "database", "bytes", "type");
        foreach (LargeKey key in inspection.Largest)
        {
            Line(key.Key, Number(key.Database), Number(key.Bytes), key.Type);
        }

        return 0;
    }

    private static Inspection Inspect(EmbeddedCache cache, int largest)
    {
        var context = new CommandContext(cache.Store);
        var types = new SortedDictionary<string, TypeTotals>(StringComparer.Ordinal);
        var top = new PriorityQueue<LargeKey, long>();
        for (int database = 0; database < cache.Store.DatabaseCount; database++)
        {
            context.Database = database;
            foreach (byte[] name in cache.Database(database).Keys.MatchBytes())
            {
                KeyProbe.Create(name, out KeyProbe key);
                if (MemoryCommands.UsageOf(context, key) is not { } bytes)
                {
                    continue;
                }

                string type = TypeNames.Of(context.Keys.Type(database, key));
                bool expires = cache.Database(database).Keys.ExpiresAt(name) != null;
                TypeTotals totals = types.GetValueOrDefault(type) ?? new TypeTotals(type, 0, 0, 0);
                types[type] = totals with { Keys = totals.Keys + 1, Bytes = totals.Bytes + bytes, Expiring = totals.Expiring + (expires ? 1 : 0) };
                top.Enqueue(new LargeKey(Encoding.UTF8.GetString(name), database, bytes, type), bytes);
                if (top.Count > largest)
                {
                    top.Dequeue();
                }
            }
        }

        return new Inspection([.. types.Values], [.. top.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)]);
    }

    private static void Line(string first, string second, string third, string fourth) => Terminal.Write($"{first,-40} {second,14} {third,18} {fourth,16}");

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private sealed record Inspection(IReadOnlyList<TypeTotals> Types, IReadOnlyList<LargeKey> Largest);

    /// <summary>Totals of a type.</summary>
    /// <param name="Type">Its name, as TYPE answers it.</param>
    /// <param name="Keys">Its keys.</param>
    /// <param name="Bytes">What they take in memory here, keys, index and all.</param>
    /// <param name="Expiring">Those with a deadline.</param>
    private sealed record TypeTotals(string Type, long Keys, long Bytes, long Expiring);

    private sealed record LargeKey(string Key, int Database, long Bytes, string Type);
}
