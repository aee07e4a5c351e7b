// A process that the crash tests start, let write, and kill.
Console.Error.WriteLine("usage: ElastiCache.Embedded.CrashChild <scenario> <folder> [arguments]");
return 64; // EX_USAGE
