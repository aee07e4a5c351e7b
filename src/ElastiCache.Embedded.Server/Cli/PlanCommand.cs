using System.Globalization;
using System.Text.Json;
using ElastiCache.Embedded.Caching;
using ElastiCache.Embedded.Server.Configuration;

namespace ElastiCache.Embedded.Server.Cli;

/// <summary><c>plan</c>: how much memory some data would take, here, in Redis and in a MemoryCache.</summary>
internal static class PlanCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private static readonly string[] Types = [.. Enum.GetNames<PlannedType>().Select(static name => name.ToLowerInvariant())];

    public static int Run(string[] arguments)
    {
        bool asJson = arguments is [.., "--json"];
        MemoryPlanOptions options = Read(asJson ? arguments[..^1] : arguments);
        var plan = MemoryPlan.For(options);
        Terminal.Write(asJson ? JsonSerializer.Serialize(plan, Indented) : Text(options, plan));
        return 0;
    }

    /// <summary>Reads the options; <c>50M</c> keys are 50 million, and <c>64kb</c> of a value 65,536 bytes.</summary>
    /// <exception cref="ArgumentException">One is unknown, has no value or one that can't be read.</exception>
    internal static MemoryPlanOptions Read(string[] arguments)
    {
        var options = new MemoryPlanOptions();
        for (int i = 0; i < arguments.Length; i++)
        {
            string option = arguments[i];
            if (option == "--ttl")
            {
                options.Expires = true;
                continue;
            }

            string value = ++i < arguments.Length ? arguments[i] : throw new ArgumentException($"'{option}' takes a value.");
            switch (option)
            {
                case "--keys":
                    options.Keys = Number(option, value);
                    break;
                case "--key":
                    options.KeyBytes = Length(option, value);
                    break;
                case "--value":
                    options.ValueBytes = Length(option, value);
                    break;
                case "--elements":
                    options.Elements = Length(option, value);
                    break;
                case "--field":
                    options.FieldBytes = Length(option, value);
                    break;
                case "--shards":
                    options.Shards = Length(option, value);
                    break;
                case "--type":
                    int type = Array.IndexOf(Types, value.Replace("zset", "sortedset", StringComparison.Ordinal));
                    options.Type = type >= 0 ? (PlannedType)type : throw new ArgumentException($"--type = '{value}': it must be one of {string.Join(", ", Types)}.");
                    break;
                default:
                    throw new ArgumentException($"'{option}' is no option of plan: --keys 50M --value 200 [--key 20] [--ttl] [--type hash --elements 10 --field 8] [--shards 64] [--json].");
            }
        }

        return options.Keys > 0 ? options : throw new ArgumentException("plan needs to know how many keys: plan --keys 50M --value 200.");
    }

    private static string Text(MemoryPlanOptions options, MemoryPlan plan)
    {
        var lines = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture, $"{options.Keys:N0} keys of {options.KeyBytes} bytes, {Contents(options)}{(options.Expires ? ", with a deadline" : "")}"),
            "",
            Line("", "total", "a key", "of ours"),
            Line("ElastiCache.Embedded", plan.TotalBytes, options, plan),
            Line("  records", plan.DataBytes, options, plan),
            Line("  index", plan.IndexBytes, options, plan),
        };
        if (options.Expires)
        {
            lines.Add(Line("  deadlines", plan.DeadlineBytes, options, plan));
        }

        lines.Add(Line("Redis 7.0", plan.RedisBytes, options, plan));
        if (plan.MemoryCacheBytes is { } managed)
        {
            lines.Add(Line("MemoryCache (managed heap)", managed, options, plan));
        }

        lines.Add("");
        lines.Add($"MaxMemory with room for wear: {MemoryText.Human(plan.SuggestedMaxMemory)} ({plan.SuggestedMaxMemory.ToString(CultureInfo.InvariantCulture)} bytes)");
        return string.Join(Environment.NewLine, lines);
    }

    private static string Contents(MemoryPlanOptions options) => options.Type switch
    {
        PlannedType.String => $"values of {options.ValueBytes} bytes",
        PlannedType.Hash => string.Create(CultureInfo.InvariantCulture, $"hashes of {options.Elements:N0} fields of {options.FieldBytes} and values of {options.ValueBytes} bytes"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{options.Type.ToString().ToLowerInvariant()}s of {options.Elements:N0} elements of {options.ValueBytes} bytes"),
    };

    private static string Line(string name, long bytes, MemoryPlanOptions options, MemoryPlan plan) => Line(
        name,
        MemoryText.Human(bytes),
        string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / options.Keys:N1}"),
        string.Create(CultureInfo.InvariantCulture, $"{100.0 * bytes / plan.TotalBytes:N0} %"));

    private static string Line(string name, string total, string each, string share) => $"{name,-28} {total,12} {each,12} {share,8}";

    private static int Length(string option, string text) => Number(option, text) is <= int.MaxValue and var length ? (int)length : throw new ArgumentException($"{option} = '{text}' is too large.");

    private static long Number(string option, string text) =>
        MemorySize.TryParse(text, out long number) ? number : throw new ArgumentException($"{option} = '{text}' is no number: it must be like 1000000, 50M or 64kb.");
}
