using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>A bucket of permits that is refilled at a steady rate: bursts up to its size, and the rate in the long run.</summary>
/// <remarks>
/// Kept as the generic cell rate algorithm does it (ITU-T I.371): one number, the time at which the bucket will be full again, says everything, and no
/// refill ever runs. A permit moves that time on by the interval between two permits; it is granted if the bucket would not have to be more than full for it.
/// The key holds that time, in ticks of 100 ns since 1970, and expires then.
/// </remarks>
public sealed class TokenBucketLimit : RateLimit
{
    private readonly long _intervalTicks;

    internal TokenBucketLimit(CacheDatabase database, int burst, long intervalTicks)
        : base(database, burst)
    {
        _intervalTicks = intervalTicks;
    }

    private protected override RateLimitDecision Decide(in KeyProbe key, int permits, ref JournalTicket ticket)
    {
        var step = new CellStep(PermitLimit, _intervalTicks, permits);
        return Apply(key, ref step, ref ticket);
    }

    private struct CellStep(int burst, long intervalTicks, int permits) : IRateStep
    {
        public RateLimitDecision Decision { get; private set; }

        public int Step(ReadOnlySpan<byte> state, long nowUnixMs, Span<byte> next, out long deadlineUnixMs)
        {
            long now = nowUnixMs * TimeSpan.TicksPerMillisecond;
            Span<long> fullAt = [0];
            if (!state.IsEmpty)
            {
                RateState.Read(state, fullAt);
            }

            // Not later than an empty bucket would be full: the key may have been written under a rule with a larger one.
            fullAt[0] = Math.Clamp(fullAt[0], now, now + (burst * intervalTicks));
            long left = Math.Max(0, burst - ((fullAt[0] - now + intervalTicks - 1) / intervalTicks));
            int asked = Math.Max(1, permits);
            deadlineUnixMs = 0;
            if (left < asked)
            {
                long wait = fullAt[0] + (asked * intervalTicks) - (burst * intervalTicks) - now;
                Decision = new RateLimitDecision(false, (int)left, TimeSpan.FromMilliseconds(SetOptions.CeilingToMilliseconds(wait)));
                return -1;
            }

            Decision = new RateLimitDecision(true, (int)(left - permits), TimeSpan.Zero);
            fullAt[0] += permits * intervalTicks;
            deadlineUnixMs = SetOptions.CeilingToMilliseconds(fullAt[0]);
            return permits == 0 ? -1 : RateState.Write(fullAt, next);
        }
    }
}
