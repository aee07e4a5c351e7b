namespace ElastiCache.Embedded.Tests.Samples;

/// <summary>What the sample promises on its screen.</summary>
public sealed class TimeMachineTests
{
    [Fact]
    public void It_brings_the_prices_back_and_loses_no_order()
    {
        SampleRun run = SampleRun.Start("TimeMachine");

        Assert.Equal("", run.Errors);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("11,929 prices are wrong or gone", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"Checksum [0-9a-f]{16}, as before; [\d,]+ orders, 0 lost\.", run.Output);
    }
}
