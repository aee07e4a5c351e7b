using System.Text;
using ElastiCache.Embedded.Api.Serialization;

namespace ElastiCache.Embedded;

/// <summary>An entry of a stream: its ID, and fields with their values, in the order in which they were added. A copy; nothing changes it.</summary>
public sealed class StreamEntry
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;       // of each name and each value, in turns
    private readonly ICacheSerializer _serializer;
    private readonly string _key;

    internal StreamEntry(StreamId id, byte[] bytes, int[] ends, bool isDeleted, ICacheSerializer serializer, string key)
    {
        Id = id;
        IsDeleted = isDeleted;
        _bytes = bytes;
        _ends = ends;
        _serializer = serializer;
        _key = key;
    }

    /// <summary>The entry's ID.</summary>
    public StreamId Id { get; }

    /// <summary>Whether the entry was deleted from the stream and only its ID is left: among those that are pending there may be such.</summary>
    public bool IsDeleted { get; }

    /// <summary>How many fields there are. The same name may come several times.</summary>
    public int Count => _ends.Length / 2;

    /// <summary>The name of a field, by its place from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public string Name(int index) => Encoding.UTF8.GetString(Part(2 * Checked(index)).Span);

    /// <summary>The bytes of a value, by its place from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    public ReadOnlyMemory<byte> Value(int index) => Part((2 * Checked(index)) + 1);

    /// <summary>Reads the value of a field, the first of that name. O(fields).</summary>
    /// <returns>The value; <see langword="default"/> if there is no such field.</returns>
    /// <exception cref="FormatException">The value is not a <typeparamref name="T"/>.</exception>
    public T? Get<T>(string field) => TryGet(field, out T? value) ? value : default;

    /// <summary>Reads the value of a field, the first of that name. O(fields).</summary>
    /// <returns>Whether there is such a field.</returns>
    /// <exception cref="FormatException">The value is not a <typeparamref name="T"/>.</exception>
    public bool TryGet<T>(string field, out T? value)
    {
        ArgumentNullException.ThrowIfNull(field);
        for (int i = 0; i < Count; i++)
        {
            if (Name(i) == field)
            {
                value = ValueCodec.Decode<T>(Value(i), _serializer, _key);
                return true;
            }
        }

        value = default;
        return false;
    }

    private int Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return index;
    }

    private ReadOnlyMemory<byte> Part(int part)
    {
        int start = part == 0 ? 0 : _ends[part - 1];
        return _bytes.AsMemory(start, _ends[part] - start);
    }
}
