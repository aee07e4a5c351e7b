using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ElastiCache.Embedded.Caching;

/// <summary>Reads <see cref="EmbeddedCacheOptions"/> from a configuration section.</summary>
/// <remarks>
/// By hand and not by the configuration binder, for three reasons: the binder passes over a misspelt name in silence, its error for a bad
/// value doesn't tell what would be a good one, and it can't read <c>64mb</c>. What is not plain data (clock, serializer, logger)
/// is set in code.
/// </remarks>
internal static class OptionsConfiguration
{
    private static readonly Setting[] Settings =
    [
        new(nameof(EmbeddedCacheOptions.Folder), "a path", (text, options) =>
        {
            options.Folder = text;
            return true;
        }),
        new(nameof(EmbeddedCacheOptions.Name), "a name for metrics", (text, options) =>
        {
            options.Name = text;
            return true;
        }),
        new(nameof(EmbeddedCacheOptions.MaxMemory), "a size such as 1048576, 64mb or 1gb, or a share of the memory such as 50%", (text, options) =>
        {
            bool isSize = MemorySize.TryParse(text, out long bytes, out int percent);
            (options.MaxMemory, options.MaxMemoryPercent) = (bytes, percent);
            return isSize;
        }),
        Number(nameof(EmbeddedCacheOptions.MaxMemoryPercent), static (options, percent) => options.MaxMemoryPercent = percent),
        Number(nameof(EmbeddedCacheOptions.ReservedMemoryPercent), static (options, percent) => options.ReservedMemoryPercent = percent),
        new(nameof(EmbeddedCacheOptions.EvictionPolicy), OneOf<EvictionPolicy>(), (text, options) =>
        {
            bool isName = TryParseName(text, out EvictionPolicy policy);
            options.EvictionPolicy = policy;
            return isName;
        }),
        new(nameof(EmbeddedCacheOptions.TracksAccess), "true or false", (text, options) =>
        {
            bool isBoolean = bool.TryParse(text, out bool tracks);
            options.TracksAccess = tracks;
            return isBoolean;
        }),
        Number(nameof(EmbeddedCacheOptions.LfuLogFactor), static (options, factor) => options.LfuLogFactor = factor),
        new(nameof(EmbeddedCacheOptions.LfuDecayTime), "a duration such as 00:01:00", (text, options) =>
        {
            bool isSpan = TryParseSpan(text, out TimeSpan decay);
            options.LfuDecayTime = decay;
            return isSpan;
        }),
        Number(nameof(EmbeddedCacheOptions.Shards), static (options, shards) => options.Shards = shards),
        Number(nameof(EmbeddedCacheOptions.Databases), static (options, databases) => options.Databases = databases),
        new(nameof(EmbeddedCacheOptions.Durability), OneOf<DurabilityMode>(), (text, options) =>
        {
            bool isName = TryParseName(text, out DurabilityMode mode);
            options.Durability = mode;
            return isName;
        }),
        new(nameof(EmbeddedCacheOptions.MaxUnpersistedAge), "a duration such as 00:00:10, or infinite", (text, options) =>
        {
            bool isSpan = TryParseSpan(text, out TimeSpan age);
            options.MaxUnpersistedAge = age;
            return isSpan;
        }),
        Number(nameof(EmbeddedCacheOptions.LogRewriteGrowthPercent), static (options, percent) => options.LogRewriteGrowthPercent = percent),
        Size(nameof(EmbeddedCacheOptions.LogRewriteMinBytes), static (options, bytes) => options.LogRewriteMinBytes = bytes),
        new(nameof(EmbeddedCacheOptions.HistoryRetention), "a duration such as 7.00:00:00", (text, options) =>
        {
            bool isSpan = TryParseSpan(text, out TimeSpan retention);
            options.HistoryRetention = retention;
            return isSpan;
        }),
        new(nameof(EmbeddedCacheOptions.KeyspaceNotifications), "letters out of KEg$lszhxetdmnA", (text, options) =>
        {
            options.KeyspaceNotifications = text;
            return true;
        }),
    ];

    /// <summary>Sets the options that the section names and leaves the others alone. Ranges are checked later, with all else.</summary>
    /// <exception cref="OptionsValidationException">Lists each name that is unknown and each value that can't be read.</exception>
    public static void Read(IConfiguration section, EmbeddedCacheOptions options, string optionsName)
    {
        var problems = new List<string>();
        foreach (IConfigurationSection child in section.GetChildren())
        {
            Setting? setting = Array.Find(Settings, known => string.Equals(known.Name, child.Key, StringComparison.OrdinalIgnoreCase));
            if (setting is null)
            {
                problems.Add($"'{child.Path}' is no option. Options are {string.Join(", ", Settings.Select(known => known.Name))}.");
            }
            else if (child.Value is null || !setting.TryApply(child.Value, options))
            {
                problems.Add($"{setting.Name} = '{child.Value}' (at '{child.Path}') can't be read: it must be {setting.Expected}.");
            }
        }

        if (problems.Count > 0)
        {
            throw new OptionsValidationException(optionsName, typeof(EmbeddedCacheOptions), problems);
        }
    }

    private static Setting Number(string name, Action<EmbeddedCacheOptions, int> set) => new(name, "a whole number", (text, options) =>
    {
        bool isNumber = TryParseNumber(text, out int number);
        set(options, number);
        return isNumber;
    });

    private static Setting Size(string name, Action<EmbeddedCacheOptions, long> set) => new(name, "a size such as 1048576, 64mb or 1gb", (text, options) =>
    {
        bool isSize = MemorySize.TryParse(text, out long bytes);
        set(options, bytes);
        return isSize;
    });

    private static string OneOf<T>()
        where T : struct, Enum => $"one of {string.Join(", ", Enum.GetNames<T>())}";

    // Enum.TryParse alone would also take numbers and lists of names.
    private static bool TryParseName<T>(string text, out T value)
        where T : struct, Enum
    {
        value = default;
        return Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase) && Enum.TryParse(text, ignoreCase: true, out value);
    }

    private static bool TryParseNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static bool TryParseSpan(string text, out TimeSpan span)
    {
        span = Timeout.InfiniteTimeSpan;
        return string.Equals(text, "infinite", StringComparison.OrdinalIgnoreCase)
            || TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out span);
    }

    private sealed record Setting(string Name, string Expected, Func<string, EmbeddedCacheOptions, bool> TryApply);
}
