using System.Globalization;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>A cache that does as it is told, a line at a time, and says how it went.</summary>
internal static class ServeScenario
{
    public static async Task<int> RunAsync(string folder, string[] options)
    {
        EmbeddedCache cache;
        try
        {
            EmbeddedCacheOptions settings = Settings.For(folder == "-" ? null : folder, options.Length > 0 ? Enum.Parse<DurabilityMode>(options[0]) : DurabilityMode.Always);
            settings.MaxMemory = options.Length > 1 ? long.Parse(options[1], CultureInfo.InvariantCulture) : 0;
            settings.EvictionPolicy = EvictionPolicy.NoEviction;
            cache = await EmbeddedCache.OpenAsync(settings);
        }
        catch (Exception e)
        {
            WriteScenario.Say(WriteScenario.Describe(e));
            return 1;
        }

        WriteScenario.Say("open");
        while (Console.ReadLine() is { } line and not "close")
        {
            WriteScenario.Say(Answer(cache, line.Split(' ')));
        }

        await cache.DisposeAsync();
        WriteScenario.Say(cache.GetHealth().Failure == null ? "closed" : "closed, and the log is poisoned");
        return 0;
    }

    private static string Answer(EmbeddedCache cache, string[] words)
    {
        try
        {
            switch (words)
            {
                case ["set", var key, var bytes]:
                    cache.Strings.Set(key, new byte[Number(bytes)]);
                    return "ok";
                case ["fill", var key, var bytes, var times]:
                    byte[] value = new byte[Number(bytes)];
                    for (int i = 0; i < Number(times); i++)
                    {
                        cache.Strings.Set(key + i.ToString(CultureInfo.InvariantCulture), value);
                    }

                    return "ok";
                case ["get", var key]:
                    return cache.Strings.GetBytes(key)?.Length.ToString(CultureInfo.InvariantCulture) ?? "none";
                case ["count"]:
                    return cache.Keys.Count.ToString(CultureInfo.InvariantCulture);
                default:
                    return "what?";
            }
        }
        catch (Exception e)
        {
            return WriteScenario.Describe(e);
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
