using ElastiCache.Embedded.Persistence;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>What the power's going at some moment of a life could leave on the disk: several of the possible states, each opened, while the life itself goes on.</summary>
/// <remarks>
/// <code>
///   life     ──call──call──call──call──call──call──►
///                      │              │                  at some of the calls that change something
///                      ├─ outcome     ├─ outcome         each a copy of the disk of which a crash has kept this or that
///                      ├─ outcome     └─ outcome ─ cut while it is opened ─ outcome
///                      └─ outcome
/// </code>
/// To live until a crash costs far more than to look at what it leaves. An outcome that this life has shown already, with no more written or acknowledged since, is neither opened nor counted again.
/// </remarks>
internal sealed class CrashOutcomes(LogUnderTest test, WrittenHistory history, Random random)
{
    // One call in so many, and so many outcomes of a crash at it.
    private const int CallsACrash = 18;
    private const int OutcomesACrash = 6;

    // One opening in so many is cut by another crash, one in so many is crashed behind and repeated.
    private const int OpeningsACut = 4;
    private const int OpeningsARepetition = 8;

    // About as many calls as an opening makes.
    private const int CallsOfOpening = 30;

    private readonly HashSet<(ulong Disk, int Acknowledged, int Writes)> _seen = [];

    /// <summary>Different states that were opened.</summary>
    public int States { get; private set; }

    /// <summary>Openings that found a torn end.</summary>
    public int TornEnds { get; private set; }

    /// <summary>Openings that the power's going cut short.</summary>
    public int CutOpenings { get; private set; }

    /// <summary>Looks, or doesn't, at what a crash now would leave. To be called in the middle of calls that change the disk.</summary>
    public void Look()
    {
        if (random.Next(CallsACrash) > 0)
        {
            return;
        }

        for (int i = 0; i < OutcomesACrash; i++)
        {
            SimulatedDisk disk = test.Disk.CopyForCrash();
            disk.Crash(random);
            if (_seen.Add((disk.Fingerprint(), history.Acknowledged, history.Writes)))
            {
                Check(disk);
            }
        }
    }

    private void Check(SimulatedDisk disk)
    {
        States++;
        bool isCut = random.Next(OpeningsACut) == 0;
        if (isCut)
        {
            disk.FailAfter(random.Next(CallsOfOpening), DiskFault.PowerCut);
        }

        int? found = Open(disk, history.Acknowledged);
        if (found is null)
        {
            CutOpenings++;
            States++;
            disk.Crash(random);
            found = Open(disk, history.Acknowledged);
            Assert.NotNull(found);
        }

        if (random.Next(OpeningsARepetition) == 0)
        {
            // What an opening has shown, no crash takes away.
            States++;
            disk.Crash(random);
            Assert.Equal(found, Open(disk, found.Value));
        }
    }

    // How many writes it holds; null if the power went before it was open.
    private int? Open(SimulatedDisk disk, int atLeast)
    {
        var store = new ModelStore { KeepsApplied = false };
        try
        {
            RecoveryReport report = test.OpenCopy(disk, store);
            TornEnds += report.TornBytes > 0 ? 1 : 0;
        }
        catch (IOException) when (disk.HasFailed)
        {
            return null;
        }

        return history.FindPrefix(store.Entries, atLeast);
    }
}
