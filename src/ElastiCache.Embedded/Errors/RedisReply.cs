namespace ElastiCache.Embedded.Errors;

/// <summary>What Redis would have answered where an operation throws, for the wire protocol; it travels in the exception's data.</summary>
/// <remarks>
/// The message of an exception is for the developer who called a method: it names the key and the way out. A client over RESP gets
/// Redis's own words, code included: <c>ERR value is not an integer or out of range</c>.
/// </remarks>
internal static class RedisReply
{
    private const string Key = "RedisReply";

    /// <summary>Attaches the reply.</summary>
    public static TException Says<TException>(this TException exception, string reply)
        where TException : Exception
    {
        exception.Data[Key] = reply;
        return exception;
    }

    /// <summary>The reply that was attached, or null.</summary>
    public static string? Of(Exception exception) => exception.Data[Key] as string;
}
