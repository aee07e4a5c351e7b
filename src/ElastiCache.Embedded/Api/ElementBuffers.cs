using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Api;

/// <summary>Between elements of users' types and the bytes that operations take and give.</summary>
/// <remarks>All are encoded before anything is locked, and decoded after it is unlocked: a serializer is somebody else's code.</remarks>
internal static class ElementBuffers
{
    /// <summary>Encodes elements.</summary>
    /// <exception cref="ArgumentException">One is null, or a string that is not valid UTF-16.</exception>
    public static NameBuffer Encode<T>(ReadOnlySpan<T> elements, CacheDatabase database, CacheKey key)
    {
        var buffer = new NameBuffer();
        try
        {
            foreach (T element in elements)
            {
                Add(buffer, element, database, key);
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="Encode{T}(ReadOnlySpan{T}, CacheDatabase, CacheKey)"/>
    public static NameBuffer Encode<T>(IEnumerable<T> elements, CacheDatabase database, CacheKey key)
    {
        ArgumentNullException.ThrowIfNull(elements);
        var buffer = new NameBuffer();
        try
        {
            foreach (T element in elements)
            {
                Add(buffer, element, database, key);
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Encodes a field and its value.</summary>
    public static void Add<TField, TValue>(NameBuffer buffer, TField field, TValue value, CacheDatabase database, CacheKey key)
    {
        using var name = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        using var content = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        buffer.Add(name.Encode(field, database.Serializer, key), content.Encode(value, database.Serializer, key));
    }

    /// <summary>Decodes the names of a buffer.</summary>
    /// <exception cref="FormatException">One is not a <typeparamref name="T"/>.</exception>
    public static T[] Decode<T>(NameBuffer buffer, CacheDatabase database, CacheKey key)
    {
        var elements = new T[buffer.Count];
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = ValueCodec.Decode<T>(buffer.Name(i), database.Serializer, key)!;
        }

        return elements;
    }

    private static void Add<T>(NameBuffer buffer, T element, CacheDatabase database, CacheKey key)
    {
        using var encoder = new ValueEncoder(stackalloc byte[ValueEncoder.ScratchBytes]);
        buffer.Add(encoder.Encode(element, database.Serializer, key));
    }
}
