using System.Buffers;
using System.Runtime.InteropServices;
using ElastiCache.Embedded.Api.Serialization;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Api;

/// <summary>Copies entries to a pooled buffer while the shard is locked, and makes objects of them afterwards.</summary>
/// <remarks>
/// <code>
///   id   number of names and values, -1: deleted   [length   bytes]…
/// </code>
/// </remarks>
internal readonly struct StreamEntryCollector(PooledBuffer buffer) : IStreamsSink
{
    private const int Deleting = -1;

    public void Begin(int index, scoped in KeyProbe key)
    {
    }

    public void End()
    {
    }

    public void Entry(StreamId id, scoped StreamEntryFields fields)
    {
        Write(id);
        Write(2 * fields.Count);
        Span<byte> scratch = stackalloc byte[DecimalNumber.MaxTextBytes];
        foreach (StreamFieldElement field in fields)
        {
            Write(field.Name.AsText(scratch));
            Write(field.Value.AsText(scratch));
        }
    }

    public void Deleted(StreamId id)
    {
        Write(id);
        Write(Deleting);
    }

    public void Id(StreamId id) => Deleted(id);

    /// <summary>The entries that were copied.</summary>
    public StreamEntry[] ToEntries(CacheDatabase database, HandleKey key)
    {
        var entries = new List<StreamEntry>();
        ReadOnlySpan<byte> rest = buffer.Written;
        string name = rest.IsEmpty ? "" : key.Value.ToString();
        while (!rest.IsEmpty)
        {
            StreamId id = Read<StreamId>(ref rest);
            int parts = Read<int>(ref rest);
            int[] ends = parts <= 0 ? [] : new int[parts];
            byte[] bytes = new byte[Measure(rest, ends)];
            int start = 0;
            foreach (int end in ends)
            {
                rest = rest[sizeof(int)..];
                rest[..(end - start)].CopyTo(bytes.AsSpan(start));
                rest = rest[(end - start)..];
                start = end;
            }

            entries.Add(new StreamEntry(id, bytes, ends, parts == Deleting, database.Serializer, name));
        }

        return [.. entries];
    }

    private static int Measure(ReadOnlySpan<byte> rest, int[] ends)
    {
        int end = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            int length = Read<int>(ref rest);
            rest = rest[length..];
            end += length;
            ends[i] = end;
        }

        return end;
    }

    private static T Read<T>(ref ReadOnlySpan<byte> from)
        where T : unmanaged
    {
        T value = MemoryMarshal.Read<T>(from);
        from = from[System.Runtime.CompilerServices.Unsafe.SizeOf<T>()..];
        return value;
    }

    private void Write(ReadOnlySpan<byte> part)
    {
        Write(part.Length);
        buffer.Write(part);
    }

    private void Write<T>(T value)
        where T : unmanaged =>
        buffer.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
}
