using System.Globalization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Tests.Crash;
using Xunit;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>
/// Random histories of writes, flushes, rewrites, closes, power cuts and kills on a simulated disk. After each the folder must open without a
/// repair, and hold the effects of a prefix of the history that is no shorter than what was acknowledged.
/// </summary>
public sealed class CrashStateTests(ITestOutputHelper output)
{
    private const int DefaultStates = 100_000;

    private const int DefaultLives = 8;

    private static int States => LongRun.Count("ELASTICACHE_CRASH_STATES", DefaultStates);

    private static int Lives => LongRun.Count("ELASTICACHE_FAULT_LIVES", DefaultLives);

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    [InlineData(DurabilityMode.EverySecond, true)]
    [InlineData(DurabilityMode.No, true)]
    public void After_any_crash_the_state_is_a_prefix_of_history_no_shorter_than_what_was_acknowledged(DurabilityMode mode, bool isEncrypted)
    {
        int wanted = States / 6;
        int states = 0;
        int torn = 0;
        int rewrites = 0;
        int cut = 0;
        int lives = 0;
        for (int seed = 0; states < wanted; seed++)
        {
            var life = new RandomLife(mode, seed, isEncrypted, looksAtOutcomes: true);
            try
            {
                life.Run();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Mode {mode}, {(isEncrypted ? "encrypted, " : "")}seed {seed}: {e.Message}", e);
            }

            states += life.States;
            torn += life.TornEnds;
            rewrites += life.Rewrites;
            cut += life.CutOpenings;
            lives++;
        }

        output.WriteLine($"{mode}{(isEncrypted ? ", encrypted" : "")}: {states} crash states of {lives} lives, seeds 0.., {torn} of them with a torn end, {cut} openings cut by a crash, {rewrites} rewrites");
        Assert.True(torn > states / 200, "too few torn ends: the histories don't test what they are for");
        Assert.True(rewrites > lives / 2, "too few rewrites");
    }

    [Theory]
    [InlineData(DurabilityMode.Always, false)]
    [InlineData(DurabilityMode.EverySecond, false)]
    [InlineData(DurabilityMode.No, false)]
    [InlineData(DurabilityMode.Always, true)]
    [InlineData(DurabilityMode.No, true)]
    public void A_storage_call_that_fails_loses_nothing_that_was_acknowledged_whichever_call_it_is(DurabilityMode mode, bool isEncrypted)
    {
        int faults = 0;
        foreach ((DiskFault fault, int seed) in Enum.GetValues<DiskFault>().SelectMany(fault => Enumerable.Range(0, Lives).Select(seed => (fault, seed))))
        {
            bool met = true;
            for (int call = 0; met; call++)
            {
                try
                {
                    met = new RandomLife(mode, seed, isEncrypted).RunWithFault(call, fault);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"Mode {mode}, {(isEncrypted ? "encrypted, " : "")}seed {seed}, {fault} at call {call}: {e.Message}", e);
                }

                faults++;
            }
        }

        output.WriteLine($"{mode}: {faults} faults");
        Assert.True(faults > 1000, $"only {faults} calls were failed");
    }
}
