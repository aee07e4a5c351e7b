namespace ElastiCache.Embedded.Persistence.Rdb;

/// <summary>What a byte of an RDB file says that is no value's encoding.</summary>
/// <remarks>
/// <code>
///   REDIS0010                                            9 letters: the name and the version
///   FA name value                                        facts about the writer
///   FE database   FB keys expiring                       from here on this database
///   [FC deadline in ms] [F8 seconds | F9 counter] encoding key value      an entry, and for how long it was not used, or how often it was
///   FF  CRC of all before, 8 bytes                       the end
/// </code>
/// </remarks>
internal static class RdbOpcode
{
    public const byte SlotInformation = 0xF4;
    public const byte Function = 0xF5;
    public const byte EarlyFunction = 0xF6;
    public const byte ModuleData = 0xF7;
    public const byte Idle = 0xF8;
    public const byte Frequency = 0xF9;
    public const byte Fact = 0xFA;
    public const byte Sizes = 0xFB;
    public const byte DeadlineMs = 0xFC;
    public const byte DeadlineSeconds = 0xFD;
    public const byte Database = 0xFE;
    public const byte End = 0xFF;
}
