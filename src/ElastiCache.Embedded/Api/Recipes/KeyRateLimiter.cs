using System.Diagnostics.CodeAnalysis;
using System.Threading.RateLimiting;

namespace ElastiCache.Embedded;

/// <summary>A <see cref="RateLimit"/> for one key, as a <see cref="RateLimiter"/>.</summary>
/// <remarks>
/// What is granted stands in the cache, so limiters of the same key share its permits, and one may be dropped at any time. Those who wait in
/// AcquireAsync form one queue a limiter: its head waits as long as the rule says and asks again, the others wait for the head.
/// </remarks>
internal sealed class KeyRateLimiter(RateLimit limit, string key, int queueLimit) : RateLimiter
{
    private readonly SemaphoreSlim _head = new(1);
    private long _lastUsed = limit.TimeProvider.GetTimestamp();
    private long _queued;
    private long _granted;
    private long _refused;
    private volatile bool _isDisposed;

    public override TimeSpan? IdleDuration =>
        Interlocked.Read(ref _queued) > 0 ? null : limit.TimeProvider.GetElapsedTime(Interlocked.Read(ref _lastUsed));

    public override RateLimiterStatistics GetStatistics() => new()
    {
        CurrentAvailablePermits = limit.TryAcquire(key, 0).Remaining,
        CurrentQueuedCount = Interlocked.Read(ref _queued),
        TotalSuccessfulLeases = Interlocked.Read(ref _granted),
        TotalFailedLeases = Interlocked.Read(ref _refused),
    };

    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Interlocked.Exchange(ref _lastUsed, limit.TimeProvider.GetTimestamp());

        // Those who wait come first; a question for no permits takes nothing from them.
        if (permitCount > 0 && Interlocked.Read(ref _queued) > 0)
        {
            return Refused(limit.TryAcquire(key, 0).RetryAfter);
        }

        RateLimitDecision decision = limit.TryAcquire(key, permitCount);
        return decision.IsAllowed ? Granted() : Refused(decision.RetryAfter);
    }

    protected override ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<RateLimitLease>(cancellationToken);
        }

        Interlocked.Exchange(ref _lastUsed, limit.TimeProvider.GetTimestamp());
        RateLimitDecision decision = default;
        if (permitCount == 0 || Interlocked.Read(ref _queued) == 0)
        {
            decision = limit.TryAcquire(key, permitCount);
            if (decision.IsAllowed || permitCount == 0)
            {
                return new ValueTask<RateLimitLease>(decision.IsAllowed ? Granted() : Refused(decision.RetryAfter));
            }
        }

        if (Interlocked.Add(ref _queued, permitCount) > queueLimit)
        {
            Interlocked.Add(ref _queued, -permitCount);
            return new ValueTask<RateLimitLease>(Refused(decision.RetryAfter));
        }

        return WaitAsync(permitCount, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        // Those who wait end by their own tokens or get their permits: these stand in the cache and not here.
        _isDisposed = true;
        base.Dispose(disposing);
    }

    private async ValueTask<RateLimitLease> WaitAsync(int permitCount, CancellationToken cancellationToken)
    {
        try
        {
            await _head.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                while (true)
                {
                    long asked = limit.TimeProvider.GetTimestamp();
                    RateLimitDecision decision = limit.TryAcquire(key, permitCount);
                    if (decision.IsAllowed)
                    {
                        return Granted();
                    }

                    // The timer counts from when it is set, and the time to wait from when the limit was asked: a thread may have been held up between the two.
                    Task timer = Task.Delay(decision.RetryAfter, limit.TimeProvider, cancellationToken);
                    if (limit.TimeProvider.GetElapsedTime(asked) < decision.RetryAfter)
                    {
                        await timer.ConfigureAwait(false);
                    }
                }
            }
            finally
            {
                _head.Release();
            }
        }
        finally
        {
            Interlocked.Add(ref _queued, -permitCount);
        }
    }

    private Lease Granted()
    {
        Interlocked.Increment(ref _granted);
        return Lease.Granted;
    }

    private Lease Refused(TimeSpan retryAfter)
    {
        Interlocked.Increment(ref _refused);
        return new Lease(false, retryAfter);
    }

    private sealed class Lease(bool isAcquired, TimeSpan retryAfter) : RateLimitLease
    {
        public static readonly Lease Granted = new(true, TimeSpan.Zero);

        public override bool IsAcquired => isAcquired;

        public override IEnumerable<string> MetadataNames => isAcquired ? [] : [MetadataName.RetryAfter.Name];

        public override bool TryGetMetadata(string metadataName, [NotNullWhen(true)] out object? metadata)
        {
            bool isKnown = !isAcquired && metadataName == MetadataName.RetryAfter.Name;
            metadata = isKnown ? retryAfter : null;
            return isKnown;
        }
    }
}
