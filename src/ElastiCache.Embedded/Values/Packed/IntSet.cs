using System.Buffers.Binary;

namespace ElastiCache.Embedded.Values;

/// <summary>Redis's intset: a set of integers, sorted, all as wide as the widest needs.</summary>
/// <remarks>
/// <code>
///   u32 width: 2, 4 or 8     u32 members     members in ascending order                     (all little-endian)
/// </code>
/// May go into an RDB file as it is; what comes out of one must pass <see cref="IsValid"/>. Editing works in a buffer with room for
/// <see cref="BytesWith"/>.
/// </remarks>
internal static class IntSet
{
    /// <summary>Bytes before the members, and of an empty set.</summary>
    public const int HeaderBytes = 8;

    /// <summary>Writes an empty set.</summary>
    /// <returns>Its bytes.</returns>
    public static int Create(Span<byte> buffer)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer, sizeof(short));
        BinaryPrimitives.WriteInt32LittleEndian(buffer[4..], 0);
        return HeaderBytes;
    }

    /// <summary>The number of members.</summary>
    public static int Count(ReadOnlySpan<byte> set) => BinaryPrimitives.ReadInt32LittleEndian(set[4..]);

    /// <summary>Its bytes.</summary>
    public static int TotalBytes(ReadOnlySpan<byte> set) => HeaderBytes + (Count(set) * Width(set));

    /// <summary>The member with an index, in ascending order.</summary>
    public static long At(ReadOnlySpan<byte> set, int index) => Read(set, index, Width(set));

    /// <summary>Whether a member is there. O(log n).</summary>
    public static bool Contains(ReadOnlySpan<byte> set, long member) => IndexOf(set, member, out _);

    /// <summary>Finds a member. O(log n).</summary>
    /// <param name="set">The set.</param>
    /// <param name="member">The member.</param>
    /// <param name="index">Where it is, or where it would have to be.</param>
    public static bool IndexOf(ReadOnlySpan<byte> set, long member, out int index)
    {
        int width = Width(set);
        int low = 0;
        int high = Count(set) - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            long found = Read(set, middle, width);
            if (found == member)
            {
                index = middle;
                return true;
            }

            (low, high) = found < member ? (middle + 1, high) : (low, middle - 1);
        }

        index = low;
        return false;
    }

    /// <summary>The most bytes that the set takes with one member more.</summary>
    public static int BytesWith(ReadOnlySpan<byte> set, long member) => HeaderBytes + ((Count(set) + 1) * Math.Max(Width(set), WidthOf(member)));

    /// <summary>Adds a member. O(n).</summary>
    /// <returns>Whether it was new.</returns>
    public static bool Add(Span<byte> buffer, long member)
    {
        if (IndexOf(buffer, member, out int index))
        {
            return false;
        }

        int count = Count(buffer);
        int oldWidth = Width(buffer);
        int width = Math.Max(oldWidth, WidthOf(member));

        // From the end, because members may become wider. One that needs more width than all before stands at an end.
        for (int i = count - 1; i >= (width == oldWidth ? index : 0); i--)
        {
            Write(buffer, i + (i >= index ? 1 : 0), width, Read(buffer, i, oldWidth));
        }

        Write(buffer, index, width, member);
        BinaryPrimitives.WriteInt32LittleEndian(buffer, width);
        BinaryPrimitives.WriteInt32LittleEndian(buffer[4..], count + 1);
        return true;
    }

    /// <summary>Removes a member. O(n).</summary>
    /// <returns>Whether it was there.</returns>
    public static bool Remove(Span<byte> buffer, long member)
    {
        if (!IndexOf(buffer, member, out int index))
        {
            return false;
        }

        int width = Width(buffer);
        int count = Count(buffer);
        buffer[(HeaderBytes + ((index + 1) * width))..(HeaderBytes + (count * width))].CopyTo(buffer[(HeaderBytes + (index * width))..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer[4..], count - 1);
        return true;
    }

    /// <summary>Whether bytes from outside are a set: a width that there is, the right length, members ascending.</summary>
    public static bool IsValid(ReadOnlySpan<byte> set)
    {
        if (set.Length < HeaderBytes || Width(set) is not (2 or 4 or 8))
        {
            return false;
        }

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(set[4..]);
        if (count == 0 || HeaderBytes + ((long)count * Width(set)) != set.Length)
        {
            return false;
        }

        for (int i = 1; i < count; i++)
        {
            if (At(set, i - 1) >= At(set, i))
            {
                return false;
            }
        }

        return true;
    }

    private static int Width(ReadOnlySpan<byte> set) => BinaryPrimitives.ReadInt32LittleEndian(set);

    private static int WidthOf(long member) =>
        member is >= short.MinValue and <= short.MaxValue ? sizeof(short) : member is >= int.MinValue and <= int.MaxValue ? sizeof(int) : sizeof(long);

    private static long Read(ReadOnlySpan<byte> set, int index, int width)
    {
        ReadOnlySpan<byte> member = set.Slice(HeaderBytes + (index * width), width);
        return width switch
        {
            sizeof(short) => BinaryPrimitives.ReadInt16LittleEndian(member),
            sizeof(int) => BinaryPrimitives.ReadInt32LittleEndian(member),
            _ => BinaryPrimitives.ReadInt64LittleEndian(member),
        };
    }

    private static void Write(Span<byte> set, int index, int width, long value)
    {
        Span<byte> member = set.Slice(HeaderBytes + (index * width), width);
        switch (width)
        {
            case sizeof(short):
                BinaryPrimitives.WriteInt16LittleEndian(member, (short)value);
                break;
            case sizeof(int):
                BinaryPrimitives.WriteInt32LittleEndian(member, (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(member, value);
                break;
        }
    }
}
