using System.Globalization;
using BenchmarkDotNet.Running;
using ElastiCache.Embedded.Benchmarks.Children;
using ElastiCache.Embedded.Benchmarks.HitRatio;
using ElastiCache.Embedded.Benchmarks.Workloads;

// compare   the project's own yardstick: all peers, side by side, in one run
// hitratio  what a cache of limited size still finds, on real traces
// memory    what becomes of memory over time, of a budget that is lowered, and of keys that expire at once
// selftest  checks those yardsticks
// measure   what compare runs in child processes
// anything else goes to BenchmarkDotNet:  --filter '*Get*'
switch (args)
{
    case ["compare", .. var rest]:
        try
        {
            return await CompareCommand.RunAsync(rest);
        }
        catch (ArgumentException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }

    case ["hitratio", .. var rest]:
        try
        {
            return HitRatioCommand.Run(rest);
        }
        catch (ArgumentException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }

    case ["memory", .. var rest]:
        try
        {
            return await MemoryCommand.RunAsync(rest);
        }
        catch (ArgumentException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }

    case ["selftest", .. var only]:
        return SelfTest.Run(new RunSettings { Folder = CompareCommand.NewFolder(), Only = only });

    case [ChildProcess.Verb, "occupancy", var name, var entries, var seconds, var parent]:
        ChildProcess.Answer(Occupancy.Measure(name, Number(entries), Number(seconds), parent));
        return 0;

    case [ChildProcess.Verb, "growth", var name, var entries, var parent]:
        ChildProcess.Answer(Growth.Measure(name, Number(entries), parent));
        return 0;

    case [ChildProcess.Verb, "rdb-peak", var file]:
        ChildProcess.Answer(LoadPeak.Measure(file));
        return 0;

    case [ChildProcess.Verb, "stalls", var entries, var folder]:
        ChildProcess.Answer(await Stalls.MeasureAsync(Number(entries), folder));
        return 0;

    case [ChildProcess.Verb, RespThroughput.ServeVerb, var port]:
        await RespServers.ServeAsync(Number(port));
        return 0;

    case [ChildProcess.Verb, RespThroughput.GarnetVerb, var port]:
        await RespServers.ServeGarnetAsync(port);
        return 0;

    default:
        BenchmarkSwitcher.FromAssembly(typeof(CompareCommand).Assembly).Run(args);
        return 0;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
