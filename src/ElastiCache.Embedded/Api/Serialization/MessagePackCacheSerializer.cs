using System.Buffers;
using MessagePack;
using MessagePack.Resolvers;

namespace ElastiCache.Embedded;

/// <summary>Stores objects as MessagePack: compact and fast. The default.</summary>
/// <remarks>
/// Plain classes and records work without attributes: public members are stored as a map by name, so members may be added,
/// reordered and removed between versions of an app. Types with <c>[MessagePackObject]</c> keep the shape that the attributes give
/// them, which is smaller. No type name is ever stored or obeyed, and stored bytes are read as untrusted data: hash collisions are
/// resisted and depth is limited. So a stranger who can write into the folder can't choose which types are created.
/// </remarks>
public sealed class MessagePackCacheSerializer : ICacheSerializer
{
    // Contractless and not the plain standard resolver: an app's own types should be cacheable before it has ever heard of MessagePack.
    private static readonly MessagePackSerializerOptions DefaultOptions =
        ContractlessStandardResolver.Options.WithSecurity(MessagePackSecurity.UntrustedData);

    private readonly MessagePackSerializerOptions _options;

    /// <summary>A serializer with the defaults described above.</summary>
    public MessagePackCacheSerializer()
        : this(DefaultOptions)
    {
    }

    /// <summary>A serializer with options of your own; they are used as they are, security settings included.</summary>
    /// <param name="options">
    /// Start from <see cref="MessagePackSerializerOptions.Standard"/> and keep <see cref="MessagePackSecurity.UntrustedData"/> unless
    /// nobody else can write to the cache's folder.
    /// </param>
    public MessagePackCacheSerializer(MessagePackSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    /// <summary>The shared instance with default options.</summary>
    public static MessagePackCacheSerializer Default { get; } = new();

    /// <inheritdoc/>
    public void Serialize<T>(T value, IBufferWriter<byte> destination) => MessagePackSerializer.Serialize(destination, value, _options);

    /// <inheritdoc/>
    public T? Deserialize<T>(ReadOnlyMemory<byte> source)
    {
        try
        {
            T? value = MessagePackSerializer.Deserialize<T>(source, _options, out int bytesRead);
            return bytesRead == source.Length ? value : throw Unreadable<T>(null);
        }
        catch (MessagePackSerializationException e)
        {
            throw Unreadable<T>(e);
        }
    }

    private static FormatException Unreadable<T>(Exception? cause) => new(
        $"The stored bytes are not a {typeof(T)} in MessagePack. Read the key as the type that it was written with.", cause);
}
