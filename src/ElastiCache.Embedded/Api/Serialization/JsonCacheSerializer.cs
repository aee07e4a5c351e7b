using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ElastiCache.Embedded;

/// <summary>Stores objects as JSON with System.Text.Json: readable by every client and by eye, larger than MessagePack.</summary>
public sealed class JsonCacheSerializer : ICacheSerializer
{
    private readonly JsonSerializerOptions _options;

    /// <summary>A serializer with System.Text.Json's default options.</summary>
    public JsonCacheSerializer()
        : this(JsonSerializerOptions.Default)
    {
    }

    /// <summary>A serializer with options of your own. They become read-only.</summary>
    public JsonCacheSerializer(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.MakeReadOnly(populateMissingResolver: true);
        _options = options;
    }

    /// <summary>A serializer for the types of a source-generated context: no reflection, fit for trimming.</summary>
    /// <remarks>A type that the context doesn't know is refused with a <see cref="NotSupportedException"/> that names it.</remarks>
    public JsonCacheSerializer(JsonSerializerContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _options = context.Options;
    }

    /// <summary>The shared instance with default options.</summary>
    public static JsonCacheSerializer Default { get; } = new();

    /// <inheritdoc/>
    public void Serialize<T>(T value, IBufferWriter<byte> destination)
    {
        using var writer = new Utf8JsonWriter(destination, new JsonWriterOptions
        {
            Encoder = _options.Encoder,
            Indented = _options.WriteIndented,
            MaxDepth = _options.MaxDepth,
            SkipValidation = true,      // the serializer writes no invalid JSON; checking costs time
        });
        JsonSerializer.Serialize(writer, value, (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T)));
    }

    /// <inheritdoc/>
    public T? Deserialize<T>(ReadOnlyMemory<byte> source)
    {
        try
        {
            return JsonSerializer.Deserialize(source.Span, (JsonTypeInfo<T>)_options.GetTypeInfo(typeof(T)));
        }
        catch (JsonException e)
        {
            // Not as inner exception: its path may quote keys of a stored dictionary, and stored data stays out of messages.
            throw new FormatException(
                $"The stored bytes are not a {typeof(T)} in JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine}). " +
                "Read the key as the type that it was written with.");
        }
    }
}
