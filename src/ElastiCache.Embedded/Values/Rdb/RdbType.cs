namespace ElastiCache.Embedded.Values;

/// <summary>How a value is encoded in an RDB file or a DUMP payload: its first byte.</summary>
internal enum RdbType : byte
{
    String = 0,

    /// <summary>Elements as strings.</summary>
    List = 1,

    /// <summary>Members as strings.</summary>
    Set = 2,

    /// <summary>Members with scores as text.</summary>
    SortedSetText = 3,

    /// <summary>Fields and values as strings.</summary>
    Hash = 4,

    /// <summary>Members with scores in binary.</summary>
    SortedSet = 5,

    HashZipMap = 9,
    ListZipList = 10,
    SetIntSet = 11,
    SortedSetZipList = 12,
    HashZipList = 13,

    /// <summary>A list of ziplists.</summary>
    ListQuickList = 14,

    StreamListPacks = 15,
    HashListPack = 16,
    SortedSetListPack = 17,

    /// <summary>A list of listpacks and single elements.</summary>
    ListQuickList2 = 18,

    /// <summary>With the numbers of Redis 7.0.</summary>
    StreamListPacks2 = 19,

    SetListPack = 20,

    /// <summary>With the time of a consumer's last activity, Redis 7.2.</summary>
    StreamListPacks3 = 21,

    /// <summary>Fields, values and their deadlines: of Redis 7.4 before its release, or, in another form, of Valkey 9 (see <see cref="RdbReader.IsValkey"/>).</summary>
    HashDeadlines = 22,

    /// <summary>Redis 7.4 before its release: a listpack of fields, values and deadlines.</summary>
    HashDeadlinesListPackEarly = 23,

    /// <summary>Redis 7.4: as 22, with deadlines told from the earliest on.</summary>
    HashDeadlinesFromEarliest = 24,

    /// <summary>Redis 7.4: as 23, behind the earliest deadline.</summary>
    HashDeadlinesListPack = 25,
}
