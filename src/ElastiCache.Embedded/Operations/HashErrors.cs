using ElastiCache.Embedded.Errors;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Operations;

/// <summary>What the operations on hashes refuse. Messages name the key and the argument, never what is stored.</summary>
internal static class HashErrors
{
    public static FormatException NotAnInteger(in KeyProbe key) => new FormatException(
        $"The field's value in the hash at key '{NameOf(key)}' is not an integer of 64 bits in plain decimal form. Nothing was changed.")
        .Says("ERR hash value is not an integer");

    public static FormatException NotANumber(in KeyProbe key) => new FormatException(
        $"The field's value in the hash at key '{NameOf(key)}' is not a number. Nothing was changed.")
        .Says("ERR hash value is not a float");

    public static FormatException IncrementNotANumber(in KeyProbe key) => new FormatException(
        $"The amount to add in the hash at key '{NameOf(key)}' is not a number such as 3, -0.5 or 1.5e3. Nothing was changed.")
        .Says("ERR value is not a valid float");

    public static OverflowException IncrementNotFinite(in KeyProbe key) => new OverflowException(
        $"The amount to add in the hash at key '{NameOf(key)}' is NaN or infinite. Nothing was changed.")
        .Says("ERR value is NaN or Infinity");

    public static OverflowException IntegerOverflow(in KeyProbe key, long by) => new OverflowException(
        $"Adding {by} to the field's integer in the hash at key '{NameOf(key)}' would not fit 64 bits. Nothing was changed.")
        .Says("ERR increment or decrement would overflow");

    public static OverflowException FloatOverflow(in KeyProbe key) => new OverflowException(
        $"The sum in the hash at key '{NameOf(key)}' would be NaN or infinite. Nothing was changed.")
        .Says("ERR increment would produce NaN or Infinity");

    private static string NameOf(in KeyProbe key) => KeyText.Of(key.ToArray());
}
