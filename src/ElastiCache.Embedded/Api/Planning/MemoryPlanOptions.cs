using System.Globalization;
using ElastiCache.Embedded.Api.Planning;

namespace ElastiCache.Embedded;

/// <summary>What each key of a <see cref="MemoryPlan"/> holds.</summary>
public enum PlannedType
{
    /// <summary>A string.</summary>
    String = 0,

    /// <summary>A hash.</summary>
    Hash = 1,

    /// <summary>A list.</summary>
    List = 2,

    /// <summary>A set of names that are no integers.</summary>
    Set = 3,

    /// <summary>A sorted set with whole numbers for scores.</summary>
    SortedSet = 4,
}

/// <summary>What a cache is to hold, for <see cref="MemoryPlan.For(MemoryPlanOptions)"/>.</summary>
public sealed class MemoryPlanOptions
{
    internal const long MostKeys = 1L << 40;
    internal const int MostElements = 1 << 28;

    /// <summary>How many keys.</summary>
    /// <value>1 to 2^40.</value>
    public long Keys { get; set; }

    /// <summary>The length of a key, in bytes.</summary>
    /// <value>1 to 512 MB. Default 20.</value>
    public int KeyBytes { get; set; } = 20;

    /// <summary>The length of a string's value, of a hash's values, or of a member or element of the other types, in bytes.</summary>
    /// <value>0 to 512 MB; at least 4 where members must differ from each other. Default 100.</value>
    /// <remarks>For values of several lengths make a plan for each and add them up; a plan with the mean comes close for strings.</remarks>
    public int ValueBytes { get; set; } = 100;

    /// <summary>Whether the keys have deadlines.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool Expires { get; set; }

    /// <summary>What each key holds.</summary>
    /// <value>Default <see cref="PlannedType.String"/>.</value>
    public PlannedType Type { get; set; }

    /// <summary>How many fields, members or elements each collection has.</summary>
    /// <value>1 to 2^28. Default 10. Strings have none.</value>
    public int Elements { get; set; } = 10;

    /// <summary>The length of a field of a hash, in bytes.</summary>
    /// <value>4 to 512 MB. Default 8.</value>
    public int FieldBytes { get; set; } = 8;

    /// <summary>As <see cref="EmbeddedCacheOptions.Shards"/>.</summary>
    /// <value>A power of two from 1 to 4096, or 0 (default) for automatic.</value>
    public int Shards { get; set; }

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    internal MemoryPlanOptions CheckedCopy()
    {
        bool hasNames = Type is PlannedType.Set or PlannedType.SortedSet;
        Require(Keys is >= 1 and <= MostKeys, nameof(Keys), Keys, "1 to 1099511627776");
        Require(KeyBytes is >= 1 and <= CacheLimits.MaxValueBytes, nameof(KeyBytes), KeyBytes, "1 to 536870912 bytes");
        Require(ValueBytes >= (hasNames ? PlannedCollection.LeastNameBytes : 0) && ValueBytes <= CacheLimits.MaxValueBytes, nameof(ValueBytes), ValueBytes, hasNames ? "4 to 536870912 bytes, for members that differ" : "0 to 536870912 bytes");
        Require(Enum.IsDefined(Type), nameof(Type), Type, $"one of {string.Join(", ", Enum.GetNames<PlannedType>())}");
        Require(Elements is >= 1 and <= MostElements, nameof(Elements), Elements, "1 to 268435456");
        Require(FieldBytes >= PlannedCollection.LeastNameBytes && FieldBytes <= CacheLimits.MaxValueBytes, nameof(FieldBytes), FieldBytes, "4 to 536870912 bytes");
        Require(Shards == 0 || (Shards is >= 1 and <= EmbeddedCacheOptions.MostShards && System.Numerics.BitOperations.IsPow2(Shards)), nameof(Shards), Shards, "a power of two from 1 to 4096, or 0 for automatic");
        return (MemoryPlanOptions)MemberwiseClone();

        static void Require(bool isMet, string option, object value, string range)
        {
            if (!isMet)
            {
                throw new ArgumentOutOfRangeException(option, value, string.Create(CultureInfo.InvariantCulture, $"{option} = {value} is out of range: it must be {range}."));
            }
        }
    }
}
