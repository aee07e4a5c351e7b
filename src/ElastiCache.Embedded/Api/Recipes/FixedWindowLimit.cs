using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>So many permits in each window of time; a window begins with the first permit after the last one has ended.</summary>
/// <remarks>
/// The simplest rule and the cheapest, Redis's INCR with EXPIRE. Its weakness: who uses up a window at its end and the next one at its beginning has got twice
/// as much in a moment. <see cref="SlidingWindowLimit"/> has not. The key holds <c>permits-used window-end</c>.
/// </remarks>
public sealed class FixedWindowLimit : RateLimit
{
    private readonly long _windowMs;

    internal FixedWindowLimit(CacheDatabase database, int permits, TimeSpan window)
        : base(database, permits)
    {
        _windowMs = SetOptions.CeilingToMilliseconds(window.Ticks);
    }

    private protected override RateLimitDecision Decide(in KeyProbe key, int permits, ref JournalTicket ticket)
    {
        var step = new CountStep(PermitLimit, _windowMs, permits);
        return Apply(key, ref step, ref ticket);
    }

    private struct CountStep(int limit, long windowMs, int permits) : IRateStep
    {
        public RateLimitDecision Decision { get; private set; }

        public int Step(ReadOnlySpan<byte> state, long nowUnixMs, Span<byte> next, out long deadlineUnixMs)
        {
            Span<long> numbers = [0, nowUnixMs + windowMs];
            if (!state.IsEmpty)
            {
                RateState.Read(state, numbers);
                numbers[1] = Math.Clamp(numbers[1], nowUnixMs, nowUnixMs + windowMs);    // or the key was written under a longer rule
            }

            long left = Math.Max(0, limit - numbers[0]);
            deadlineUnixMs = numbers[1];
            if (left < Math.Max(1, permits))
            {
                Decision = new RateLimitDecision(false, (int)left, TimeSpan.FromMilliseconds(numbers[1] - nowUnixMs));
                return -1;
            }

            Decision = new RateLimitDecision(true, (int)(left - permits), TimeSpan.Zero);
            numbers[0] += permits;
            return permits == 0 ? -1 : RateState.Write(numbers, next);
        }
    }
}
