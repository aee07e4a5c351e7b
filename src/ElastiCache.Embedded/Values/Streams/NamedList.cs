namespace ElastiCache.Embedded.Values;

/// <summary>Something with a name of bytes.</summary>
internal interface INamed
{
    byte[] Name { get; }
}

/// <summary>Lists in the order of their names, compared byte by byte, as Redis lists groups and consumers.</summary>
internal static class NamedList
{
    /// <summary>Finds a name.</summary>
    /// <returns>Its index; if it is not there, the complement of where it belongs.</returns>
    public static int IndexOf<T>(List<T> list, ReadOnlySpan<byte> name)
        where T : INamed
    {
        int low = 0, high = list.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = list[middle].Name.AsSpan().SequenceCompareTo(name);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
