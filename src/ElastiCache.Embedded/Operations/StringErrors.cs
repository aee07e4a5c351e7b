using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Values;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the operations on strings and bits refuse. Messages name the key and the argument, never what is stored.</summary>
internal static class StringErrors
{
    /// <summary>Redis: <c>value is not an integer or out of range</c>.</summary>
    public static FormatException NotAnInteger(in KeyProbe key) => new FormatException(
        $"The value of key '{NameOf(key)}' is not an integer of 64 bits in plain decimal form (no spaces, plus or leading zeros). Nothing was changed.").Says("ERR value is not an integer or out of range");

    /// <summary>Redis: <c>value is not a valid float</c>, about the stored value.</summary>
    public static FormatException NotANumber(in KeyProbe key) => new FormatException(
        $"The value of key '{NameOf(key)}' is not a number. Nothing was changed.").Says("ERR value is not a valid float");

    /// <summary>Redis: <c>value is not a valid float</c>, about the argument.</summary>
    public static FormatException IncrementNotANumber(in KeyProbe key) => new FormatException(
        $"The amount to add to key '{NameOf(key)}' is not a number such as 3, -0.5 or 1.5e3. Nothing was changed.").Says("ERR value is not a valid float");

    /// <summary>Redis: <c>increment or decrement would overflow</c>.</summary>
    public static OverflowException IntegerOverflow(in KeyProbe key, long by) => new OverflowException(
        $"Adding {by} to the integer at key '{NameOf(key)}' would not fit 64 bits. Nothing was changed.").Says("ERR increment or decrement would overflow");

    /// <summary>Redis: <c>decrement would overflow</c>.</summary>
    public static OverflowException DecrementOverflow(in KeyProbe key) => new OverflowException(
        $"Subtracting {long.MinValue} from the integer at key '{NameOf(key)}' is not possible: its opposite does not fit 64 bits. Nothing was changed.").Says("ERR decrement would overflow");

    /// <summary>Redis: <c>increment would produce NaN or Infinity</c>.</summary>
    public static OverflowException FloatOverflow(in KeyProbe key) => new OverflowException(
        $"The sum at key '{NameOf(key)}' would be NaN or infinite. Nothing was changed.").Says("ERR increment would produce NaN or Infinity");

    /// <summary>Redis: <c>string exceeds maximum allowed size (proto-max-bulk-len)</c>.</summary>
    public static ValueTooLargeException TooLarge(in KeyProbe key, long length) => new(key.ToArray(), length);

    /// <summary>Redis: <c>offset is out of range</c>.</summary>
    public static ArgumentOutOfRangeException NegativeOffset(in KeyProbe key, long offset) => new ArgumentOutOfRangeException(
        nameof(offset), offset, $"The offset of a range to write at key '{NameOf(key)}' is 0 to {CacheLimits.MaxValueBytes} bytes.").Says("ERR offset is out of range");

    /// <summary>Redis: <c>bit offset is not an integer or out of range</c>.</summary>
    public static ArgumentOutOfRangeException BitOffset(in KeyProbe key, long offset) => new ArgumentOutOfRangeException(
        nameof(offset), offset, $"A bit offset at key '{NameOf(key)}' is 0 to {(8L * CacheLimits.MaxValueBytes) - 1} (2^32 - 1).").Says("ERR bit offset is not an integer or out of range");

    /// <summary>Redis: <c>Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len</c>.</summary>
    public static ArgumentException TooLongToCompare(in KeyProbe a, in KeyProbe b, int lengthOfA, int lengthOfB) => new ArgumentException(
        $"The values of keys '{NameOf(a)}' and '{NameOf(b)}' have {lengthOfA} and {lengthOfB} bytes, too many to compare: " +
        $"the product of both lengths plus one may be {LongestCommonSubsequence.MaxTableBytes / sizeof(uint)}.").Says("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");

    /// <summary>Redis: <c>WRONGTYPE</c>.</summary>
    public static WrongTypeException WrongType(in Entry entry) =>
        new(entry.Key, TypeNames.Of(entry.Kind), TypeNames.Of(ValueKind.String));

    private static string NameOf(in KeyProbe key) => KeyText.Of(key.ToArray());
}
