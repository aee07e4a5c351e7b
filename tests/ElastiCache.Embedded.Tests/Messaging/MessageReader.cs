namespace ElastiCache.Embedded.Tests.Messaging;

/// <summary>Reads a subscription one message at a time: <c>channel=text</c>.</summary>
internal sealed class MessageReader(ChannelSubscription subscription)
{
    private readonly IAsyncEnumerator<ChannelMessage> _messages = subscription.GetAsyncEnumerator(TestContext.Current.CancellationToken);
    private Task<bool>? _next;

    /// <summary>Whether a message (or the end) is there already, without waiting.</summary>
    public bool HasNext => (_next ??= _messages.MoveNextAsync().AsTask()).IsCompleted;

    /// <summary>The next message; null at the end.</summary>
    public async Task<ChannelMessage?> NextMessageAsync()
    {
        Task<bool> next = _next ?? _messages.MoveNextAsync().AsTask();
        _next = null;
        return await next ? _messages.Current : null;
    }

    public async Task<string?> NextAsync() => await NextMessageAsync() is { } message ? $"{message.Channel}={message.GetString()}" : null;

    /// <summary>Everything that can be read without waiting.</summary>
    public async Task<List<string>> DrainAsync()
    {
        var all = new List<string>();
        while (HasNext && await NextAsync() is { } message)
        {
            all.Add(message);
        }

        return all;
    }

    public ValueTask LeaveAsync() => _messages.DisposeAsync();
}
