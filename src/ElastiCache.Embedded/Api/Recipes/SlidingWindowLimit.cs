using ElastiCache.Embedded.Api;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded;

/// <summary>Never more than so many permits in any window of time, wherever one lays it.</summary>
/// <remarks>
/// <code>
///             now
///   ──┬────┬────┬────┬────┬─▼──┬──►          window = 4 segments here
///     │ c4 │ c3 │ c2 │ c1 │ c0 │             c0 + c1 + c2 + c3 + c4 + asked ≤ permits
///   ──┴────┴────┴────┴────┴────┴──►
/// </code>
/// Time is cut into segments, and the permits of a segment are counted together. One segment more than a window has is looked at, because the oldest of
/// them may still have a part in the window. So the promise is strict, and the price is that a permit comes back up to one segment late: after 60 to 66 seconds
/// with a window of a minute and ten segments. The key holds the newest segment's number and the counts.
/// </remarks>
public sealed class SlidingWindowLimit : RateLimit
{
    internal const int MostSegments = 60;

    private readonly long _segmentMs;
    private readonly int _segments;

    internal SlidingWindowLimit(CacheDatabase database, int permits, TimeSpan window, int segments)
        : base(database, permits)
    {
        _segments = segments;
        _segmentMs = Math.Max(1, (SetOptions.CeilingToMilliseconds(window.Ticks) + segments - 1) / segments);
    }

    private protected override RateLimitDecision Decide(in KeyProbe key, int permits, ref JournalTicket ticket)
    {
        var step = new CountStep(PermitLimit, _segmentMs, _segments, permits);
        return Apply(key, ref step, ref ticket);
    }

    private struct CountStep(int limit, long segmentMs, int segments, int permits) : IRateStep
    {
        public RateLimitDecision Decision { get; private set; }

        public int Step(ReadOnlySpan<byte> state, long nowUnixMs, Span<byte> next, out long deadlineUnixMs)
        {
            long segment = nowUnixMs / segmentMs;
            deadlineUnixMs = (segment + segments + 1) * segmentMs;

            // The newest segment's number, then the counts from it backward.
            Span<long> numbers = stackalloc long[MostSegments + 2];
            numbers = numbers[..(segments + 2)];
            numbers.Clear();
            if (!state.IsEmpty)
            {
                RateState.Read(state, numbers);
            }

            Span<long> counts = numbers[1..];
            MoveTo(segment, ref numbers[0], counts);
            long used = 0;
            foreach (ref long count in counts)
            {
                count = Math.Min(count, limit);
                used += count;
            }

            long left = Math.Max(0, limit - used);
            int asked = Math.Max(1, permits);
            if (left < asked)
            {
                Decision = new RateLimitDecision(false, (int)left, TimeSpan.FromMilliseconds(WhenEnough(counts, asked - left, numbers[0]) - nowUnixMs));
                return -1;
            }

            Decision = new RateLimitDecision(true, (int)(left - permits), TimeSpan.Zero);
            counts[0] += permits;
            return permits == 0 ? -1 : RateState.Write(numbers, next);
        }

        private static void MoveTo(long segment, ref long newest, Span<long> counts)
        {
            // A number ahead of the clock is that of a rule with shorter segments: what it counted counts as new.
            int passed = (int)Math.Clamp(segment - newest, 0, counts.Length);
            counts[..^passed].CopyTo(counts[passed..]);
            counts[..passed].Clear();
            newest = segment;
        }

        // When the segments that hold the oldest of the missing permits have left the window.
        private readonly long WhenEnough(ReadOnlySpan<long> counts, long missing, long newest)
        {
            int oldest = counts.Length;
            while (missing > 0 && oldest > 0)
            {
                missing -= counts[--oldest];
            }

            return (newest - oldest + segments + 1) * segmentMs;
        }
    }
}
