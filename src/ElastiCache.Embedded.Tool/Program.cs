using ElastiCache.Embedded.Server.Cli;

return await CommandLine.RunAsync(args).ConfigureAwait(false);
