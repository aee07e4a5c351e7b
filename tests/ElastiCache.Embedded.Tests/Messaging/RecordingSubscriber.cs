using System.Text;
using ElastiCache.Embedded.Messaging;

namespace ElastiCache.Embedded.Tests.Messaging;

/// <summary>Writes down what it gets: <c>channel=payload</c>, with the pattern in front where there is one.</summary>
internal sealed class RecordingSubscriber : Subscriber
{
    public List<string> Received { get; } = [];

    /// <summary>Called on each delivery, before it is written down.</summary>
    public Action? OnDelivery { get; init; }

    public bool IsHubClosed { get; private set; }

    public override void Deliver(Subscription subscription, ref PublishedMessage message)
    {
        OnDelivery?.Invoke();
        string through = subscription.Kind switch
        {
            ChannelKind.Pattern => subscription.Name.Text + "<-",
            ChannelKind.Sharded => "sharded ",
            _ => "",
        };
        Received.Add($"{through}{Encoding.UTF8.GetString(message.Channel)}={Encoding.UTF8.GetString(message.Payload)}");
    }

    public override void HubClosed() => IsHubClosed = true;
}
