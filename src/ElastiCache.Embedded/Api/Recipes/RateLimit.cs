using System.Runtime.CompilerServices;
using System.Threading.RateLimiting;
using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;

namespace ElastiCache.Embedded;

/// <summary>What a rate limit answers.</summary>
/// <param name="IsAllowed">Whether the permits were granted. If not, nothing was used up.</param>
/// <param name="Remaining">How many further permits would be granted now.</param>
/// <param name="RetryAfter">How long to wait before the same question may be answered with yes, if nobody else asks; zero when it was.</param>
public readonly record struct RateLimitDecision(bool IsAllowed, int Remaining, TimeSpan RetryAfter);

/// <summary>A rule for how often something may happen, applied to any number of keys: one for each user, address or route.</summary>
/// <remarks>
/// <code>
///   private readonly RateLimit _limit = cache.RateLimits.SlidingWindow(permits: 100, window: TimeSpan.FromMinutes(1));
///   …
///   if (!_limit.TryAcquire("limit:" + userId).IsAllowed) return Results.StatusCode(429);
/// </code>
/// Everything that is known about a key stands in the key: a short string that expires when it means nothing any more, so idle keys cost nothing, and a
/// durable cache remembers over a restart. Each question is one atomic step. Time is the cache's. Don't use one key with two rules.
/// </remarks>
public abstract class RateLimit
{
    private protected RateLimit(CacheDatabase database, int permitLimit)
    {
        Database = database;
        PermitLimit = permitLimit;
    }

    /// <summary>The most permits that can be granted at once.</summary>
    public int PermitLimit { get; }

    private protected CacheDatabase Database { get; }

    internal TimeProvider TimeProvider => Database.Cache.Clock.TimeProvider;

    /// <summary>Asks for permits. O(1).</summary>
    /// <param name="key">Whose permits.</param>
    /// <param name="permits">How many: 0 to <see cref="PermitLimit"/>. With 0 nothing is used up, and the answer is whether there is one.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="permits"/> is out of range.</exception>
    /// <exception cref="WrongTypeException">The key holds something else than a string. Nothing changes.</exception>
    /// <exception cref="FormatException">The key holds a string that this kind of rule has not written. Nothing changes.</exception>
    /// <exception cref="CacheFullException">The budget has no room. Nothing changes.</exception>
    /// <exception cref="LogException">The log refuses writes. Nothing changes.</exception>
    [SkipLocalsInit]
    public RateLimitDecision TryAcquire(CacheKey key, int permits = 1)
    {
        if (permits < 0 || permits > PermitLimit)
        {
            throw new ArgumentOutOfRangeException(nameof(permits), permits, $"permits must be 0 to {PermitLimit}, the most that can be granted at once.");
        }

        Unsafe.SkipInit(out KeyScratch scratch);
        KeyProbe.Create(key, ref scratch, out KeyProbe probe);
        JournalTicket ticket = default;
        try
        {
            RateLimitDecision decision = Decide(probe, permits, ref ticket);
            Database.Wait(ticket);
            return decision;
        }
        catch (FormatException e)
        {
            throw new FormatException($"Key '{KeyText.Of(key.ToArray())}' can't be limited. {e.Message}", e);
        }
    }

    /// <summary>This rule for one key, in the shape in which ASP.NET Core and others take rate limiters.</summary>
    /// <param name="key">Whose permits.</param>
    /// <param name="queueLimit">
    /// For how many permits AcquireAsync may wait at once, in the order of arrival; what exceeds it is refused at once. Default 0: nobody waits.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="queueLimit"/> is negative.</exception>
    /// <example>
    /// <code>
    ///   services.AddRateLimiter(options => options.GlobalLimiter = PartitionedRateLimiter.Create&lt;HttpContext, string&gt;(context =>
    ///       RateLimitPartition.Get(context.User.Identity?.Name ?? "", user => limit.ForKey("limit:" + user))));
    /// </code>
    /// </example>
    public RateLimiter ForKey(string key, int queueLimit = 0)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfNegative(queueLimit);
        return new KeyRateLimiter(this, key, queueLimit);
    }

    private protected abstract RateLimitDecision Decide(in KeyProbe key, int permits, ref JournalTicket ticket);

    private protected RateLimitDecision Apply<TStep>(in KeyProbe key, ref TStep step, ref JournalTicket ticket)
        where TStep : struct, IRateStep
    {
        Database.Operations.States.Apply(Database.Index, key, ref step, ref ticket);
        return step.Decision;
    }
}

/// <summary>A step that ends in a decision.</summary>
internal interface IRateStep : IStateStep
{
    RateLimitDecision Decision { get; }
}
