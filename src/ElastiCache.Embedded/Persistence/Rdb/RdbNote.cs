using System.Buffers;
using System.Buffers.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Persistence.Rdb;

/// <summary>What this library keeps of an entry and RDB version 10 has no place for: auxiliary fields of the file that stand before the entry.</summary>
/// <remarks>
/// <code>
///   FA "ec-flags" "7"                                           Memcached's flags
///   FA "ec-priority" "3"                                        an EvictionPriority
///   FA "ec-cost" "20"                                           what a miss costs
///   FA "ec-field-deadlines" [ms, 8 bytes, field as a string]…    deadlines of a hash's fields; several such notes of one hash add up
/// </code>
/// redis-server passes over auxiliary fields that it does not know, wherever they stand, so it loads the same file without them.
/// </remarks>
internal static class RdbNote
{
    /// <summary>Deadlines that have gathered to so many bytes become a note.</summary>
    public const int MostBytes = 64 * 1024;

    public static ReadOnlySpan<byte> Flags => "ec-flags"u8;

    public static ReadOnlySpan<byte> Priority => "ec-priority"u8;

    public static ReadOnlySpan<byte> Cost => "ec-cost"u8;

    public static ReadOnlySpan<byte> FieldDeadlines => "ec-field-deadlines"u8;

    /// <summary>Writes a note.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var writer = new RdbWriter(output, compresses: false);
        writer.Byte(RdbOpcode.Fact);
        writer.String(name);
        writer.String(value);
    }

    /// <summary>Writes what an entry has of marks.</summary>
    public static void WriteMarks(IBufferWriter<byte> output, EntryMarks marks)
    {
        if (marks.Flags != 0)
        {
            WriteNumber(output, Flags, marks.Flags);
        }

        if (marks.Priority != EvictionPriority.Normal)
        {
            WriteNumber(output, Priority, (uint)marks.Priority);
        }

        if (marks.Cost != 1)
        {
            WriteNumber(output, Cost, (uint)marks.Cost);
        }
    }

    /// <summary>Reads a note into what is known of the next entry. Other facts are passed over.</summary>
    /// <exception cref="RdbDataException">It is one of ours and makes no sense.</exception>
    public static void Read(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref RdbEntryNotes notes)
    {
        if (name.SequenceEqual(Flags))
        {
            notes = notes with { Marks = notes.Marks.WithFlags(NumberOf(value, "An entry's flags are not a number.")) };
        }
        else if (name.SequenceEqual(Priority))
        {
            uint priority = NumberOf(value, "An entry's priority is none.", (uint)EvictionPriority.NeverRemove);
            notes = notes with { Marks = notes.Marks.WithPriority((EvictionPriority)priority) };
        }
        else if (name.SequenceEqual(Cost))
        {
            uint cost = NumberOf(value, "An entry's cost is none.", EntryMarks.MostCost);
            notes = notes with { Marks = notes.Marks.WithCost((int)Math.Max(cost, 1)) };
        }
        else if (name.SequenceEqual(FieldDeadlines))
        {
            List<(byte[] Field, long Deadline)> deadlines = notes.FieldDeadlines ?? [];
            var reader = new RdbReader(value);
            try
            {
                while (reader.Position < value.Length)
                {
                    long deadline = reader.ReadTime();
                    deadlines.Add((reader.ReadString().ToArray(), deadline is > 0 and < Record.NoExpiry ? deadline : throw new RdbDataException("A field's deadline is none.")));
                }
            }
            finally
            {
                reader.Dispose();
            }

            notes = notes with { FieldDeadlines = deadlines };
        }
    }

    private static void WriteNumber(IBufferWriter<byte> output, ReadOnlySpan<byte> name, uint number)
    {
        Span<byte> digits = stackalloc byte[10];
        Utf8Formatter.TryFormat(number, digits, out int length);
        Write(output, name, digits[..length]);
    }

    private static uint NumberOf(ReadOnlySpan<byte> value, string error, uint most = uint.MaxValue) =>
        Utf8Parser.TryParse(value, out uint number, out int used) && used == value.Length && number <= most ? number : throw new RdbDataException(error);
}

/// <summary>What notes have said of the entry that follows.</summary>
/// <param name="Marks">Flags, priority and cost.</param>
/// <param name="FieldDeadlines">Deadlines of a hash's fields, Unix ms; null for none.</param>
internal readonly record struct RdbEntryNotes(EntryMarks Marks, List<(byte[] Field, long Deadline)>? FieldDeadlines);
