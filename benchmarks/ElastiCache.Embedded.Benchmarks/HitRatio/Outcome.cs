using System.Text.Json;
using System.Text.Json.Serialization;

namespace ElastiCache.Embedded.Benchmarks.HitRatio;

/// <summary>What one cache did in one cell.</summary>
internal sealed record Outcome(
    [property: JsonIgnore] Cell Cell,
    [property: JsonPropertyName("cache")] string Cache,
    [property: JsonPropertyName("misses")] long Misses,
    [property: JsonPropertyName("missed_bytes")] long MissedBytes)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    [JsonPropertyName("trace")]
    public string Trace => Cell.Trace.Name;

    [JsonPropertyName("sizes")]
    public string Sizes => Cell.SizesFrom;

    [JsonPropertyName("fraction")]
    public double Fraction => Cell.Fraction;

    [JsonPropertyName("miss_ratio")]
    public double MissRatio => (double)Misses / Cell.Trace.Requests.Length;

    public static Outcome Of(Cell cell, string name, ReplayedCache cache)
    {
        long misses = 0;
        long missedBytes = 0;
        foreach (int key in cell.Trace.Requests)
        {
            if (!cache.Access(key))
            {
                misses++;
                missedBytes += cell.ValueBytes[key];
            }
        }

        return new Outcome(cell, name, misses, missedBytes);
    }

    public static void WriteJson(string path, IEnumerable<Outcome> outcomes) =>
        File.WriteAllText(path, JsonSerializer.Serialize(outcomes, Indented) + "\n");
}
