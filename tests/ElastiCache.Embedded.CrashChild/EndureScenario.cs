using System.Globalization;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.CrashChild;

/// <summary>Threads that write on a disk that fails, rewrite the log now and then, and go on wherever the cache lets them.</summary>
internal static class EndureScenario
{
    private const int OperationsAFlush = 16;
    private const int OperationsARewrite = 25;

    // Then the disk is taken for broken for good.
    private const int MostRefusals = 4;

    public static int Run(string folder, string mode, string seed, string first, string operations)
    {
        var durability = Enum.Parse<DurabilityMode>(mode);
        WriteScenario.Say("opening");
        EmbeddedCache cache;
        try
        {
            cache = EmbeddedCache.Open(Settings.For(folder, durability));
        }
        catch (Exception e)
        {
            WriteScenario.Say(e is LogException ? $"closed {WriteScenario.Describe(e)}" : $"untyped {e}".ReplaceLineEndings(" "));
            return 0;
        }

        WriteScenario.Say("open");
        int count = int.Parse(operations, CultureInfo.InvariantCulture);
        Writer[] writers = first.Split(',').Select((number, thread) => new Writer(
            cache, new Workload(int.Parse(seed, CultureInfo.InvariantCulture), thread), durability, long.Parse(number, CultureInfo.InvariantCulture), count)).ToArray();
        Thread[] threads = [.. writers.Select(writer => new Thread(writer.Run))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Array.ForEach(writers, writer => writer.ReadAll());
        cache.Dispose();
        WriteScenario.Say(cache.Log!.Failure is { } failure ? $"closed {WriteScenario.Describe(failure)}" : "closed");
        return 0;
    }

    /// <summary>One thread, and what must be in memory after what it did.</summary>
    private sealed class Writer(EmbeddedCache cache, Workload workload, DurabilityMode mode, long first, int count)
    {
        private readonly Dictionary<string, Held> _model = [];
        private long _done = first - 1;
        private int _refusals;

        public void Run()
        {
            try
            {
                for (long number = 1; number < first; number++)
                {
                    workload[number].Apply(_model);
                }

                while (_done < first - 1 + count && _refusals < MostRefusals)
                {
                    Perform(workload[_done + 1]);
                }
            }
            catch (Exception e)
            {
                WriteScenario.Say($"untyped {e}".ReplaceLineEndings(" "));
            }
        }

        /// <summary>Says how much was performed, and compares what the cache holds with it, whether the disk has it or not.</summary>
        public void ReadAll()
        {
            WriteScenario.Say(string.Create(CultureInfo.InvariantCulture, $"done {workload.Thread} {_done}"));
            foreach (string key in workload.Keys)
            {
                byte[]? value = cache.Strings.GetBytes(key);
                if (_model.GetValueOrDefault(key) is var held && !(value is null ? held is null : held is not null && value.AsSpan().SequenceEqual(held.Value)))
                {
                    WriteScenario.Say($"lost {key} of the {_done} operations performed");
                }
            }
        }

        private void Perform(Operation operation)
        {
            try
            {
                JournalTicket ticket = operation.Begin(cache);
                operation.Apply(_model);
                _done++;
                Operation.Await(cache, ticket);
                if (_done % OperationsARewrite == 0)
                {
                    cache.RewriteLogAsync().GetAwaiter().GetResult();
                }
                else if (mode != DurabilityMode.Always)
                {
                    if (_done % OperationsAFlush != 0)
                    {
                        return;
                    }

                    cache.FlushAsync().AsTask().GetAwaiter().GetResult();
                }

                Acknowledge();
            }
            catch (LogException e)
            {
                Refused(e);
            }
        }

        // The disk may be well again: a rewrite that succeeds has put on disk what was only in memory.
        private void Refused(LogException refusal)
        {
            for (; _refusals < MostRefusals; _refusals++)
            {
                WriteScenario.Say($"refused {workload.Thread} {_done} {WriteScenario.Describe(refusal)}");
                try
                {
                    cache.RewriteLogAsync().GetAwaiter().GetResult();
                    _refusals++;
                    Acknowledge();
                    return;
                }
                catch (LogException e)
                {
                    refusal = e;
                }
            }
        }

        private void Acknowledge() => WriteScenario.Say(string.Create(CultureInfo.InvariantCulture, $"ack {workload.Thread} {_done}"));
    }
}
