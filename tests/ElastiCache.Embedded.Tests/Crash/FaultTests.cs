using ElastiCache.Embedded.CrashChild;
using ElastiCache.Embedded.Tests.Persistence;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Crash;

/// <summary>
/// A cache opens, performs 200 operations and closes; the Nth call to its disk fails, for every N and every kind of failure. Whatever
/// it was: the error is typed, nothing is acknowledged that is not on disk, reads go on, and after a power cut the folder opens with
/// the effects of the first n operations, n being no smaller than what was acknowledged.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(DurabilityMode.Always)]
    [InlineData(DurabilityMode.EverySecond)]
    [InlineData(DurabilityMode.No)]
    public void A_storage_call_that_fails_costs_nothing_that_was_acknowledged_whichever_call_it_is(DurabilityMode mode)
    {
        foreach (DiskFault fault in Enum.GetValues<DiskFault>())
        {
            int call = 0;
            try
            {
                while (new CacheLife(mode, seed: call).MeetsFault(call, fault))
                {
                    call++;
                }
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Mode {mode}, {fault} at call {call}: {e.Message}", e);
            }

            output.WriteLine($"{mode}, {fault}: each of {call} calls failed once");
            Assert.True(call > 30, $"only {call} calls were failed");
        }
    }

    private sealed class CacheLife
    {
        private const int Operations = 200;
        private const int OperationsAFlush = 16;

        // After the first refusal: enough to see that every later write is refused, of every kind.
        private const int OperationsRefused = 30;

        private readonly SimulatedDisk _disk = new();
        private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_767_225_600));
        private readonly EmbeddedCacheOptions _options;
        private readonly Random _random;
        private readonly Workload _workload;
        private readonly WorkloadModel _model;
        private long _attempted;

        public CacheLife(DurabilityMode mode, int seed)
        {
            _options = new EmbeddedCacheOptions { Folder = "disk", Durability = mode, Shards = 2, TimeProvider = _time };
            _random = new Random(seed);
            _workload = new Workload(seed: 1, thread: 0);
            _model = new WorkloadModel(_workload);
        }

        /// <returns>Whether there were so many calls.</returns>
        public bool MeetsFault(int call, DiskFault fault)
        {
            _disk.FailAfter(call, fault);
            if (TryOpen() is { } cache)
            {
                LogException? refusal = Work(cache);
                if (refusal is not null)
                {
                    IsRefusedForGood(cache);
                }

                ReadsGoOn(cache);
                cache.Dispose();
                _model.Acknowledged = refusal is null && !_disk.HasFailed ? _attempted : _model.Acknowledged;
            }

            bool met = _disk.HasFailed;
            _disk.Crash(_random);
            OpensWithWhatWasAcknowledged();
            return met;
        }

        private EmbeddedCache? TryOpen()
        {
            try
            {
                return EmbeddedCache.Open(_options, _disk);
            }
            catch (LogException) when (_disk.HasFailed)
            {
                return null;
            }
        }

        /// <returns>The first refusal; null if there was none.</returns>
        private LogException? Work(EmbeddedCache cache)
        {
            while (_attempted < Operations)
            {
                try
                {
                    _workload[++_attempted].Apply(cache);
                    if (_options.Durability != DurabilityMode.Always && _attempted % OperationsAFlush != 0)
                    {
                        continue;
                    }

                    Flush(cache);
                    _model.Acknowledged = _attempted;
                }
                catch (LogException refusal) when (_disk.HasFailed)
                {
                    return refusal;
                }
            }

            return null;
        }

        // Every other time by the clock, as an application that never calls FlushAsync has it.
        private void Flush(EmbeddedCache cache)
        {
            if (_options.Durability != DurabilityMode.Always)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                cache.FlushAsync().AsTask().GetAwaiter().GetResult();
            }
        }

        private void IsRefusedForGood(EmbeddedCache cache)
        {
            for (long number = _attempted + 1; number <= _attempted + OperationsRefused; number++)
            {
                Assert.Throws<LogPoisonedException>(() => _workload[number].Apply(cache));
            }
        }

        // What was refused may be in memory, if it was refused while it waited for the disk.
        private void ReadsGoOn(EmbeddedCache cache)
        {
            var inMemory = new WorkloadModel(_workload) { Acknowledged = Math.Max(0, _attempted - OperationsAFlush) };
            inMemory.AdvanceTo(cache, OperationsAFlush);
        }

        private void OpensWithWhatWasAcknowledged()
        {
            using (EmbeddedCache cache = EmbeddedCache.Open(_options, _disk))
            {
                _model.AdvanceTo(cache, OperationsAFlush);
                Assert.Equal(_model.Count, cache.Keys.Count);
                _workload[_model.Done + 1].Apply(cache);
            }

            _disk.Crash(_random);
            _model.Acknowledged = _model.Done + 1;
            using EmbeddedCache again = EmbeddedCache.Open(_options, _disk);
            Assert.True(again.Recovery!.ClosedCleanly);
            _model.AdvanceTo(again, 0);
        }
    }
}
