using ElastiCache.Embedded.CrashChild;

// A process that the crash tests start, let write, and kill.
return args switch
{
    ["write", var folder, var mode, var seed, .. var options] => WriteScenario.Run(folder, mode, seed, options),
    ["serve", var folder, .. var options] => await ServeScenario.RunAsync(folder, options),
    _ => ExplainYourself(),
};

static int ExplainYourself()
{
    Console.Error.WriteLine("""
        usage: ElastiCache.Embedded.CrashChild <scenario> <folder> [arguments]

          write <folder> <mode> <seed> <first,first,…> [die-at N]
                One thread for each 'first', which performs its operations of that number and up, for ever. A line 'ack <thread>
                <number>' follows each operation that is on disk (Always), or each flush (EverySecond, No). With die-at the process
                kills itself in its Nth storage call.

          serve <folder> [mode [max-memory]]
                Says 'open', then answers each line of its input: 'set <key> <bytes>', 'get <key>', 'fill <key> <bytes> <times>',
                'count', 'close'. An answer is 'ok', the length of the value, 'none', or the name and the message of an exception.
        """);
    return 64; // EX_USAGE
}
