using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Operations;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Commands;

/// <summary>Commands on strings as rows of bits.</summary>
internal static class BitCommands
{
    private const CommandFlags Grows = CommandFlags.Write | CommandFlags.DenyOutOfMemory;

    public static readonly Command[] Rows =
    [
        new("SETBIT", 4, Grows, KeyPositions.One, SetBit, "Sets a bit and tells the old one.") { Since = "2.2.0", Complexity = "O(1)" },
        new("GETBIT", 3, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPositions.One, GetBit, "A bit of a string.") { Since = "2.2.0", Complexity = "O(1)" },
        new("BITCOUNT", -2, CommandFlags.ReadOnly, KeyPositions.One, Count, "Counts the bits that are 1.") { Since = "2.6.0", Complexity = "O(n) for n bytes" },
        new("BITPOS", -3, CommandFlags.ReadOnly, KeyPositions.One, Position, "Finds the first bit that is 0, or 1.") { Since = "2.8.7", Complexity = "O(n) for n bytes" },
        new("BITOP", -4, Grows, new KeyPositions(2, -1, 1), Combine, "Combines strings bit by bit and stores the result.") { Since = "2.6.0", Complexity = "O(n) for n bytes" },
        new("BITFIELD", -2, Grows, KeyPositions.One, (context, in arguments) => BitField(context, arguments, isReadOnly: false), "Reads and writes integers of any width within a string.")
        {
            Since = "3.2.0", Complexity = "O(1) a step",
        },
        new("BITFIELD_RO", -2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPositions.One, (context, in arguments) => BitField(context, arguments, isReadOnly: true), "Reads integers of any width within a string.")
        {
            Since = "6.0.0", Complexity = "O(1) a step",
        },
    ];

    private static CommandError? GetBit(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long offset) || offset is < 0 or > BitFieldOperation.MaxOffset)
        {
            return CommandError.NotABitOffset;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Bits.GetBit(context.Database, key, offset) ? 1 : 0);
        return null;
    }

    private static CommandError? Count(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(1, out KeyProbe key);
        if (arguments.Count == 2)
        {
            context.Reply.Integer(context.Bits.Count(context.Database, key));
            return null;
        }

        // Redis looks at the key first.
        if (!IsThere(context, key))
        {
            context.Reply.Integer(0);
            return null;
        }

        if (arguments.Count is not (4 or 5))
        {
            return CommandError.Syntax;
        }

        if (!arguments.TryInteger(2, out long start) || !arguments.TryInteger(3, out long end))
        {
            return CommandError.NotAnInteger;
        }

        // As Redis, which sees that there is nothing to count before it reads the unit.
        if (start < 0 && end < 0 && start > end)
        {
            context.Reply.Integer(0);
            return null;
        }

        if (!TryReadUnit(arguments, 4, out BitRangeUnit unit))
        {
            return CommandError.Syntax;
        }

        context.Reply.Integer(context.Bits.Count(context.Database, key, start, end, unit));
        return null;
    }

    private static CommandError? Position(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long bit))
        {
            return CommandError.NotAnInteger;
        }

        if (bit is not (0 or 1))
        {
            return new CommandError("The bit argument must be 1 or 0.");
        }

        arguments.Probe(1, out KeyProbe key);
        if (!IsThere(context, key))
        {
            context.Reply.Integer(BitPosition.OfMissingKey(bit == 1));
            return null;
        }

        switch (arguments.Count)
        {
            case 3:
                context.Reply.Integer(context.Bits.Position(context.Database, key, bit == 1));
                return null;
            case > 6:
                return CommandError.Syntax;
        }

        if (!arguments.TryInteger(3, out long start))
        {
            return CommandError.NotAnInteger;
        }

        if (arguments.Count == 4)
        {
            context.Reply.Integer(context.Bits.Position(context.Database, key, bit == 1, start));
            return null;
        }

        if (!TryReadUnit(arguments, 5, out BitRangeUnit unit))
        {
            return CommandError.Syntax;
        }

        if (!arguments.TryInteger(4, out long end))
        {
            return CommandError.NotAnInteger;
        }

        context.Reply.Integer(context.Bits.Position(context.Database, key, bit == 1, start, end, unit));
        return null;
    }

    private static bool IsThere(CommandContext context, in KeyProbe key)
    {
        var length = default(LengthReader);
        return context.Strings.TryRead(context.Database, key, ref length);
    }

    private static bool TryReadUnit(scoped in CommandArguments arguments, int index, out BitRangeUnit unit)
    {
        bool isBit = arguments.Count > index && arguments.Is(index, "BIT"u8);
        unit = isBit ? BitRangeUnit.Bit : BitRangeUnit.Byte;
        return isBit || arguments.Count <= index || arguments.Is(index, "BYTE"u8);
    }

    private static CommandError? SetBit(CommandContext context, scoped in CommandArguments arguments)
    {
        if (!arguments.TryInteger(2, out long offset) || offset is < 0 or > BitFieldOperation.MaxOffset)
        {
            return CommandError.NotABitOffset;
        }

        if (!arguments.TryInteger(3, out long bit) || bit is < 0 or > 1)
        {
            return CommandError.NotABit;
        }

        arguments.Probe(1, out KeyProbe key);
        context.Reply.Integer(context.Bits.SetBit(context.Database, key, offset, bit == 1, ref context.Ticket) ? 1 : 0);
        return null;
    }

    private static CommandError? Combine(CommandContext context, scoped in CommandArguments arguments)
    {
        arguments.Probe(2, out KeyProbe destination);
        if (arguments.Is(1, "NOT"u8))
        {
            if (arguments.Count != 4)
            {
                return CommandError.NotOneSource;
            }

            context.Reply.Integer(context.Bits.Invert(context.Database, destination, arguments.Keys(3), ref context.Ticket));
            return null;
        }

        BitOperator? with = arguments.Is(1, "AND"u8) ? BitOperator.And
            : arguments.Is(1, "OR"u8) ? BitOperator.Or
            : arguments.Is(1, "XOR"u8) ? BitOperator.Xor
            : null;
        if (with is null)
        {
            return CommandError.Syntax;
        }

        context.Reply.Integer(context.Bits.Combine(context.Database, with.Value, destination, arguments.Keys(3), ref context.Ticket));
        return null;
    }

    private static CommandError? BitField(CommandContext context, scoped in CommandArguments arguments, bool isReadOnly)
    {
        var steps = new List<BitFieldOperation>();
        var overflow = BitFieldOverflow.Wrap;
        for (int i = 2; i < arguments.Count;)
        {
            bool isOverflow = arguments.Is(i, "OVERFLOW"u8);
            if (isOverflow && i + 1 < arguments.Count)
            {
                if (!TryReadOverflow(arguments, i + 1, out overflow))
                {
                    return CommandError.NotAnOverflowRule;
                }

                i += 2;
            }
            else if (ReadStep(arguments, ref i, overflow, out BitFieldOperation step) is { } error)
            {
                return error;
            }
            else
            {
                steps.Add(step);
            }
        }

        if (isReadOnly && steps.Exists(step => step.IsWrite))
        {
            return new CommandError("BITFIELD_RO only supports the GET subcommand");
        }

        arguments.Probe(1, out KeyProbe key);
        var answers = new long?[steps.Count];
        ReadOnlySpan<BitFieldOperation> all = [.. steps];
        context.BitFields.Apply(context.Database, key, all, answers, ref context.Ticket);
        context.Reply.Array(answers.Length);
        foreach (long? answer in answers)
        {
            if (answer is { } number)
            {
                context.Reply.Integer(number);
            }
            else
            {
                context.Reply.Null();
            }
        }

        return null;
    }

    // GET type offset | SET type offset value | INCRBY type offset increment
    private static CommandError? ReadStep(scoped in CommandArguments arguments, ref int index, BitFieldOverflow overflow, out BitFieldOperation step)
    {
        step = default;
        bool isGet = arguments.Is(index, "GET"u8), isSet = arguments.Is(index, "SET"u8);
        int words = isGet ? 3 : 4;
        if ((!isGet && !isSet && !arguments.Is(index, "INCRBY"u8)) || index + words > arguments.Count)
        {
            return CommandError.Syntax;
        }

        if (!TryReadType(arguments[index + 1], out bool isSigned, out int bits))
        {
            return CommandError.NotABitFieldType;
        }

        if (!TryReadOffset(arguments[index + 2], bits, out long offset))
        {
            return CommandError.NotABitOffset;
        }

        long number = 0;
        if (!isGet && !arguments.TryInteger(index + 3, out number))
        {
            return CommandError.NotAnInteger;
        }

        index += words;
        step = isGet ? BitFieldOperation.Get(isSigned, bits, offset)
            : isSet ? BitFieldOperation.Set(isSigned, bits, offset, number, overflow)
            : BitFieldOperation.IncrementBy(isSigned, bits, offset, number, overflow);
        return null;
    }

    // i1 to i64, u1 to u63
    private static bool TryReadType(ReadOnlySpan<byte> type, out bool isSigned, out int bits)
    {
        isSigned = type is [(byte)'i', ..];
        bits = 0;
        if ((!isSigned && type is not [(byte)'u', ..]) || !DecimalNumber.TryParse(type[1..], out long number))
        {
            return false;
        }

        bits = (int)Math.Clamp(number, 0, 65);
        return bits >= 1 && bits <= (isSigned ? 64 : 63);
    }

    // 12, or #3 for the third field of this width, from 0
    private static bool TryReadOffset(ReadOnlySpan<byte> offset, int bits, out long position)
    {
        bool countsFields = offset is [(byte)'#', ..];
        if (!DecimalNumber.TryParse(countsFields ? offset[1..] : offset, out position) || position is < 0 or > BitFieldOperation.MaxOffset)
        {
            return false;
        }

        position *= countsFields ? bits : 1;
        return position <= BitFieldOperation.MaxOffset;
    }

    private static bool TryReadOverflow(scoped in CommandArguments arguments, int index, out BitFieldOverflow overflow)
    {
        bool wraps = arguments.Is(index, "WRAP"u8), saturates = arguments.Is(index, "SAT"u8);
        overflow = wraps ? BitFieldOverflow.Wrap : saturates ? BitFieldOverflow.Saturate : BitFieldOverflow.Fail;
        return wraps || saturates || arguments.Is(index, "FAIL"u8);
    }
}
