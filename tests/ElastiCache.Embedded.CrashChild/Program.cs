using ElastiCache.Embedded.CrashChild;

// A process that the crash tests start, let write, and kill.
return args switch
{
    ["write", var parent, var mode, var seed, var first, .. var options] => WriteScenario.Run(parent, mode, seed, first, options),
    ["endure", var folder, var mode, var seed, var first, var operations] => EndureScenario.Run(folder, mode, seed, first, operations),
    ["serve", var folder, .. var options] => await ServeScenario.RunAsync(folder, options),
    _ => ExplainYourself(),
};

static int ExplainYourself()
{
    Console.Error.WriteLine("""
        usage: ElastiCache.Embedded.CrashChild <scenario> <folder> [arguments]

          write <parent> <mode> <seed> <first,first,…;first,…;…> [die-at N]
                Folders '0', '1' … in the parent, one for each list, with a cache in each. One thread for each 'first', which performs its
                operations of that number and up, for ever. A line 'ack <folder> <thread> <number>' follows each operation that is on disk
                (Always), or each flush (EverySecond, No). With die-at the process kills itself in its Nth storage call.

          endure <folder> <mode> <seed> <first,first,…> <operations>
                The same, for so many operations a thread, on a disk that may fail: a thread goes on wherever it may. Lines
                'refused <thread> <number> <exception>', 'ack …' and 'done …' say what became of them; 'closed' is followed by the
                failure, if one stayed; 'lost …' and 'untyped …' say what must not be.

          serve <folder> [mode [max-memory]]
                Says 'open', then answers each line of its input: 'set <key> <bytes>', 'get <key>', 'fill <key> <bytes> <times>',
                'count', 'close'. An answer is 'ok', the length of the value, 'none', or the name and the message of an exception.

        CRASH_CHILD_KEYS may hold encryption keys: the folder is then in an envelope, compressed too.
        """);
    return 64; // EX_USAGE
}
