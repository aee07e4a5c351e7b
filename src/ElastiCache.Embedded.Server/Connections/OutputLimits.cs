using ElastiCache.Embedded.Server.Configuration;

namespace ElastiCache.Embedded.Server.Connections;

/// <summary>The kinds of clients that CLIENT LIST TYPE and client-output-buffer-limit tell apart.</summary>
internal enum ClientKind
{
    Normal,
    Replica,
    PubSub,
    Master,
}

/// <summary>How much may wait to be sent to a client before it is disconnected. 0 = no limit.</summary>
/// <param name="HardBytes">At once.</param>
/// <param name="SoftBytes">If it stays above for <paramref name="SoftSeconds"/>.</param>
/// <param name="SoftSeconds">How long.</param>
internal readonly record struct OutputLimit(long HardBytes, long SoftBytes, long SoftSeconds);

/// <summary>client-output-buffer-limit, by kind of client.</summary>
internal sealed class OutputLimits
{
    private volatile OutputLimit[] _limits = [default, default, default, default];

    public OutputLimit this[ClientKind kind] => _limits[(int)kind];

    /// <summary>Takes the value of the parameter.</summary>
    public void Set(string value)
    {
        var limits = new OutputLimit[4];
        foreach (string[] group in WordParameters.Split(value).Chunk(4))
        {
            int kind = (int)(group[0] switch { "pubsub" => ClientKind.PubSub, "slave" => ClientKind.Replica, _ => ClientKind.Normal });
            limits[kind] = new OutputLimit(Number(group[1]), Number(group[2]), Number(group[3]));
        }

        _limits = limits;
    }

    private static long Number(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
