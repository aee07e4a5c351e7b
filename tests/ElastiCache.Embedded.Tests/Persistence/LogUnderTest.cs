using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Persistence;
using ElastiCache.Embedded.Persistence.Envelope;
using Microsoft.Extensions.Time.Testing;

namespace ElastiCache.Embedded.Tests.Persistence;

/// <summary>A simulated disk, virtual time and the log over them, to be opened again and again.</summary>
internal sealed class LogUnderTest
{
    public const string Increment = "appendonlydir/appendonly.aof.1.incr.aof";
    public const string ManifestFile = "appendonlydir/appendonly.aof.manifest";

    public LogUnderTest(DurabilityMode mode = DurabilityMode.Always, int shards = 4)
    {
        Options = new AppendLogOptions { Mode = mode, StartThread = false };
        Shards = new FakeShards(shards);
        Clock = new CacheClock(Time);
    }

    public SimulatedDisk Disk { get; } = new();

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_767_225_600));

    public CacheClock Clock { get; init; }

    public FakeShards Shards { get; }

    public AppendLogOptions Options { get; set; }

    /// <summary>What a rewrite takes for the store; without it there are none.</summary>
    public IRewriteSource? Source { get; set; }

    /// <summary>What the last <see cref="Open"/> replayed.</summary>
    public ModelStore Store { get; private set; } = new();

    public RecoveryReport Report { get; private set; } = new();

    public AppendLog Log { get; private set; } = null!;

    /// <summary>What stands around the files on the disk.</summary>
    public EnvelopeOptions? Envelope { get; set; }

    /// <summary>The disk, through the envelope.</summary>
    public IStorage Storage => new EnvelopeStorage(Disk, Envelope, Time);

    /// <summary>What is kept of the past.</summary>
    public RecoveryOptions Recovery { get; set; }

    /// <summary>Opens the log. Without a thread, unless the options say so: a test runs the cycles.</summary>
    public AppendLog Open()
    {
        Store = new ModelStore();
        RecoveredLog recovered = Embedded.Persistence.Recovery.Run(Storage, Store, Clock, Recovery);
        Report = recovered.Report;
        Log = new AppendLog(recovered, Shards, Options, Clock, Source);
        return Log;
    }

    /// <summary>Opens the folder on another disk as that on this one would be opened, and gives it back.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="store">Takes what it holds.</param>
    public RecoveryReport OpenCopy(SimulatedDisk disk, ModelStore store)
    {
        using RecoveredLog recovered = Embedded.Persistence.Recovery.Run(new EnvelopeStorage(disk, Envelope, Time), store, new CacheClock(Time), Recovery);
        return recovered.Report;
    }

    public AppendLog Reopen()
    {
        Log.Close();
        return Open();
    }

    public JournalTicket Set(int shard, string key, string value, int database = 0) => Log.Set(Shards, shard, key, value, database);

    /// <summary>Writes one batch a value: SET key value.</summary>
    public void WriteBatches(params string[] values)
    {
        foreach (string value in values)
        {
            Set(value.Length % Shards.Count, "key:" + value, value);
            Log.RunCycle();
        }
    }
}
