using System.Runtime.InteropServices;
using System.Threading.Channels;
using ElastiCache.Embedded.Benchmarks.Data;
using ElastiCache.Embedded.Benchmarks.Measuring;
using ElastiCache.Embedded.Benchmarks.Peers;
using ElastiCache.Embedded.Benchmarks.Report;

namespace ElastiCache.Embedded.Benchmarks.Workloads;

/// <summary>One publisher, four subscribers, messages of 100 bytes: deliveries a second, beside the same by hand with a bounded Channel each.</summary>
/// <remarks>
/// A delivery counts when the subscriber has it. All get all messages with bounded memory: the publisher waits while the slowest reader is more than half a
/// queue behind, on both sides alike, so nothing is ever dropped. The peer copies a message once and writes it to four channels: what one would write
/// without a cache, for a fixed set of subscribers. The ratio is that of the process's CPU time, since readers run on the thread pool; deliveries a second are
/// by the wall clock. Both depend on how many cores are free: with one, readers find full queues, and with more they wait for single messages.
/// </remarks>
internal sealed class ChannelDeliveries(RunSettings settings)
{
    public const string ByHand = "four bounded Channels by hand";
    private const string Workload = "pubsub-1-4";
    private const int Subscribers = 4;
    private const int QueueMessages = 8_192;

    public async Task<List<Comparison>> RunAsync()
    {
        if (!settings.Wants(Workload))
        {
            return [];
        }

        Progress.Report("publish and subscribe, 1 to 4");
        int messages = settings.Quick ? 300_000 : 1_000_000;
        await HubAsync(messages / 10);
        await ChannelsAsync(messages / 10);
        List<Run> ours = [], theirs = [];
        for (int round = 0; round < settings.WriteRounds; round++)
        {
            ours.Add(await HubAsync(messages));
            theirs.Add(await ChannelsAsync(messages));
        }

        double rate = Median.Of(ours.Select(run => run.MillionsASecond));
        return
        [
            new Comparison(
                Workload, Roster.Subject.Name, ByHand, Median.Of(ours.Zip(theirs, (a, b) => a.Cost.NanosecondsPerOperation / b.Cost.NanosecondsPerOperation)),
                Median.Of(ours.Select(run => run.Cost.NanosecondsPerOperation)), Median.Of(theirs.Select(run => run.Cost.NanosecondsPerOperation)),
                Median.Of(ours.Select(run => run.Cost.BytesPerOperation)), Median.Of(theirs.Select(run => run.Cost.BytesPerOperation)), ours.Count)
            {
                Goal = Goal.AtLeast(rate, 2, "M/s"),
                Note = $"a delivery; {rate:0.0} : {Median.Of(theirs.Select(run => run.MillionsASecond)):0.0} M a second",
            },
        ];
    }

    private static async Task<Run> HubAsync(int messages)
    {
        using var cache = new EmbeddedCache();
        var options = new SubscribeOptions { MaxMessages = QueueMessages };
        ChannelSubscription[] subscriptions = [.. Enumerable.Range(0, Subscribers).Select(_ => cache.Channels.Subscribe("ticker", options))];
        return await MeasureAsync(
            messages,
            payload => cache.Channels.Publish("ticker", payload),
            async (subscriber, progress) =>
            {
                await foreach (ChannelMessage message in subscriptions[subscriber])
                {
                    if (progress.Count(message.Payload.Length))
                    {
                        break;
                    }
                }
            });
    }

    private static Task<Run> ChannelsAsync(int messages)
    {
        var options = new BoundedChannelOptions(QueueMessages) { SingleReader = true, SingleWriter = true };
        Channel<byte[]>[] channels = [.. Enumerable.Range(0, Subscribers).Select(_ => Channel.CreateBounded<byte[]>(options))];
        return MeasureAsync(
            messages,
            payload =>
            {
                byte[] copy = payload.AsSpan().ToArray();
                foreach (Channel<byte[]> channel in channels)
                {
                    if (!channel.Writer.TryWrite(copy))
                    {
                        throw new InvalidOperationException("A channel was full.");
                    }
                }
            },
            async (subscriber, progress) =>
            {
                await foreach (byte[] message in channels[subscriber].Reader.ReadAllAsync())
                {
                    if (progress.Count(message.Length))
                    {
                        break;
                    }
                }
            });
    }

    private static async Task<Run> MeasureAsync(int messages, Action<byte[]> publish, Func<int, ReaderProgress, Task> read)
    {
        ReaderProgress[] progress = [.. Enumerable.Range(0, Subscribers).Select(_ => new ReaderProgress(messages))];
        byte[] payload = TestValues.NewBuffer().ToArray();
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        (long begin, long beginCpu) = (Clocks.WallNanoseconds, Clocks.ProcessNanoseconds);
        Task[] readers = [.. Enumerable.Range(0, Subscribers).Select(subscriber => Task.Run(() => read(subscriber, progress[subscriber])))];
        await Task.Factory.StartNew(() => Publish(messages, payload, publish, progress), TaskCreationOptions.LongRunning);
        await Task.WhenAll(readers);
        (long nanoseconds, long cpu) = (Clocks.WallNanoseconds - begin, Clocks.ProcessNanoseconds - beginCpu);
        var cost = new Lap((long)messages * Subscribers, cpu, GC.GetTotalAllocatedBytes(precise: true) - allocated, 0);
        return new Run(cost, 1e3 * cost.Operations / nanoseconds);
    }

    private static void Publish(int messages, byte[] payload, Action<byte[]> publish, ReaderProgress[] readers)
    {
        const int Burst = QueueMessages / 4;
        for (int sent = 0; sent < messages; sent++)
        {
            if (sent % Burst == 0)
            {
                var spin = new SpinWait();
                while (sent - readers.Min(reader => reader.Received) > QueueMessages / 2)
                {
                    spin.SpinOnce(sleep1Threshold: -1);
                }
            }

            publish(payload);
        }
    }

    private readonly record struct Run(Lap Cost, double MillionsASecond);

    /// <summary>What one reader has got; padded, because four of them count at once.</summary>
    private sealed class ReaderProgress(int expected)
    {
        private PaddedCounters _counters;

        public int Received => Volatile.Read(ref _counters.Received);

        /// <summary>Counts a message.</summary>
        /// <returns>Whether it was the last.</returns>
        public bool Count(int bytes)
        {
            _counters.Bytes += bytes;
            Volatile.Write(ref _counters.Received, _counters.Received + 1);
            return _counters.Received == expected;
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct PaddedCounters
    {
        [FieldOffset(64)]
        public int Received;

        [FieldOffset(72)]
        public long Bytes;
    }
}
