namespace ElastiCache.Embedded.Tests.Api;

public sealed class StreamTests : CacheFixture
{
    private CacheStream Stream => Cache.Stream("orders");

    [Fact]
    public void Entries_come_back_with_their_fields_in_both_orders()
    {
        StreamId first = Stream.Add("item", "book");
        StreamId second = Stream.Add(("item", 5), ("price", 7));
        Time.Advance(TimeSpan.FromMilliseconds(5));
        StreamId third = Stream.Add("item", "pen");

        Assert.Equal([first, second, third], Stream.Range().Select(entry => entry.Id));
        Assert.Equal([third, second], Stream.RangeReverse(count: 2).Select(entry => entry.Id));
        Assert.Equal(7, Stream.Read(first)[0].Get<int>("price"));
        Assert.Equal("book", Stream.Range(to: first)[0].Get<string>("item"));
        Assert.Null(Stream.Range(to: first)[0].Get<string>("price"));
        Assert.Equal(("price", "7"), (Stream.Range(second)[0].Name(1), System.Text.Encoding.UTF8.GetString(Stream.Range(second)[0].Value(1).Span)));
        Assert.Equal(3, Stream.Length());
        Assert.Equal((first.Milliseconds, 1UL), (second.Milliseconds, second.Sequence));
    }

    [Fact]
    public void A_stream_its_groups_and_their_consumers_can_be_looked_at()
    {
        StreamId first = Stream.Add("f", 1), second = Stream.Add("f", 2), third = Stream.Add("f", 3);
        CacheStreamGroup group = Stream.Group("mailers");
        group.Create(StreamId.Min);
        group.Read("ann", 2);
        Stream.Delete(second);
        Time.Advance(TimeSpan.FromSeconds(3));

        StreamDescription stream = Stream.Describe();
        Assert.Equal((2, first, third, second, 3, 1, 1), (stream.Length, stream.FirstId, stream.LastId, stream.MaxDeletedId, stream.EntriesAdded, stream.Groups, stream.Nodes));
        Assert.True(stream.Bytes > 0);
        StreamGroupDescription mailers = Assert.Single(Stream.DescribeGroups());
        Assert.Equal(("mailers", 1, 2, second), (mailers.Name, mailers.Consumers, mailers.Pending, mailers.LastDeliveredId));
        Assert.Equal(new StreamConsumerDescription("ann", 2, TimeSpan.FromSeconds(3)), Assert.Single(group.DescribeConsumers()));

        Stream.SetNumbers(new StreamId(third.Milliseconds + 1, 0), entriesAdded: 50);
        Assert.Equal((50, third.Milliseconds + 1), (Stream.Describe().EntriesAdded, Stream.Describe().LastId.Milliseconds));
        Assert.Throws<StreamException>(() => Stream.SetNumbers(first));
        Assert.Throws<StreamException>(() => Cache.Stream("absent").Describe());
        Assert.Throws<StreamException>(() => Stream.Group("absent").DescribeConsumers());
    }

    [Fact]
    public void Ids_may_be_chosen_and_only_go_up()
    {
        Assert.Equal(new StreamId(5, 1), Stream.Add(new StreamAddOptions { Id = new StreamId(5, 1) }, ("f", 1)));
        Assert.Throws<StreamException>(() => Stream.Add(new StreamAddOptions { Id = new StreamId(5, 1) }, ("f", 1)));
        Assert.Throws<ArgumentException>(() => Stream.Add<int>());
        Assert.Throws<ArgumentException>(() => Stream.Add(new StreamAddOptions { MaxLength = 1, MinId = StreamId.Max }, ("f", 1)));
        Assert.Null(Cache.Stream("absent").Add(new StreamAddOptions { OnlyIfExists = true }, ("f", 1)));
        Assert.Equal(1, Stream.Length());
    }

    [Fact]
    public void Old_entries_are_trimmed_and_single_ones_deleted()
    {
        for (ulong i = 1; i <= 10; i++)
        {
            Stream.Add(new StreamAddOptions { Id = new StreamId(i, 0), MaxLength = 8 }, ("f", i));
        }

        Assert.Equal(8, Stream.Length());
        Assert.Equal(3, Stream.Trim(5));
        Assert.Equal(1, Stream.TrimBefore(new StreamId(7, 0)));
        Assert.Equal(1, Stream.Delete(new StreamId(8, 0), new StreamId(99, 0)));
        Assert.Equal([7UL, 9UL, 10UL], Stream.Range().Select(entry => entry.Id.Milliseconds));
    }

    [Fact]
    public async Task A_reader_waits_for_the_next_entry()
    {
        Task<StreamEntry[]> waiting = Stream.ReadAsync(StreamId.Min, timeout: null, cancellationToken: Token);
        Assert.False(waiting.IsCompleted);

        StreamId id = Stream.Add("f", "v");

        Assert.Equal(id, (await waiting)[0].Id);
        Task<StreamEntry[]> late = Stream.ReadAsync(id, TimeSpan.FromSeconds(1), cancellationToken: Token);
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(await late);
        using var cancelling = new CancellationTokenSource();
        Task<StreamEntry[]> cancelled = Stream.ReadAsync(id, null, cancellationToken: cancelling.Token);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
    }

    [Fact]
    public async Task Consumers_share_entries_and_acknowledge_them()
    {
        CacheStreamGroup group = Stream.Group("workers");
        group.Create(StreamId.Min, createsStream: true);
        Task<StreamEntry[]> waiting = group.ReadAsync("ann", null, cancellationToken: Token);
        StreamId first = Stream.Add("f", 1);
        StreamId second = Stream.Add("f", 2);

        Assert.Equal(first, Assert.Single(await waiting).Id);
        Assert.Equal(second, Assert.Single(group.Read("bob")).Id);
        Assert.Empty(group.Read("bob"));
        Assert.Equal(1, group.Acknowledge(first, first));
        Assert.Equal(second, Assert.Single(group.ReadPending("bob")).Id);
        Assert.Empty(group.ReadPending("ann"));
        Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(new StreamPendingEntry(second, "bob", TimeSpan.FromMinutes(1), 2), Assert.Single(group.Pending()));
        Assert.Equal(second, Assert.Single(group.ClaimIdle("ann", TimeSpan.FromSeconds(30), StreamId.Min, out StreamId next)).Id);
        Assert.Equal(StreamId.Min, next);
        Assert.Empty(group.Claim("bob", TimeSpan.FromSeconds(30), second));
        Assert.Empty(group.Pending("bob"));
        Stream.Delete(second);
        Assert.True(Assert.Single(group.ReadPending("ann")).IsDeleted);
        Assert.Equal(1, group.DeleteConsumer("ann"));
        Assert.True(group.Destroy());
        Assert.Throws<StreamException>(() => group.Read("ann"));
        await Assert.ThrowsAsync<StreamException>(() => group.ReadAsync("ann", null, cancellationToken: Token));
    }

    [Fact]
    public async Task Other_types_are_refused()
    {
        Strings.Set("orders", "text");

        Assert.Throws<WrongTypeException>(() => Stream.Add("f", 1));
        Assert.Throws<WrongTypeException>(() => Stream.Range());
        await Assert.ThrowsAsync<WrongTypeException>(() => Stream.ReadAsync(StreamId.Min, null, cancellationToken: Token));
    }

    [Fact]
    public void Adding_an_entry_allocates_nothing()
    {
        CacheStream stream = Stream;
        for (int i = 0; i < 2000; i++)
        {
            stream.Add("field", i);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            stream.Add("field", i);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Theory]
    [InlineData("5-3", 5, 3)]
    [InlineData("5", 5, 0)]
    [InlineData("18446744073709551615-18446744073709551615", ulong.MaxValue, ulong.MaxValue)]
    public void An_id_is_read_as_it_is_written(string text, ulong milliseconds, ulong sequence)
    {
        Assert.Equal(new StreamId(milliseconds, sequence), StreamId.Parse(text));
        Assert.True(StreamId.TryParse(new StreamId(milliseconds, sequence).ToString(), null, out StreamId again));
        Assert.Equal(new StreamId(milliseconds, sequence), again);
        Assert.False(StreamId.TryParse(text + "x", null, out _));
    }
}
