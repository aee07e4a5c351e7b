using ElastiCache.Embedded.Errors;

namespace ElastiCache.Embedded.Tests.Api;

public sealed class ExceptionTests
{
    [Fact]
    public void A_wrong_type_names_the_key_both_types_and_the_way_out()
    {
        var e = new WrongTypeException("jobs"u8, "list", "string");

        Assert.Equal("Key 'jobs' holds a list, and the operation needs a string. Use the operations for a list, or delete the key first.", e.Message);
        Assert.Equal(("jobs", "list", "string"), (e.Key, e.ActualType, e.NeededType));
        Assert.IsAssignableFrom<CacheException>(e);
    }

    [Fact]
    public void A_full_cache_tells_what_was_needed_what_is_used_and_the_limit()
    {
        var e = new CacheFullException("k"u8, 100, 1048500, 1048576);

        Assert.Equal(
            "Writing key 'k' needs 100 bytes, and 1048500 of MaxMemory = 1048576 bytes are in use. " +
            "Raise MaxMemory, delete keys, choose an EvictionPolicy that evicts, or let fewer entries have EvictionPriority.NeverRemove.", e.Message);
        Assert.Equal(("k", 100L, 1048500L, 1048576L), (e.Key, e.NeededBytes, e.UsedBytes, e.LimitBytes));
    }

    [Fact]
    public void An_entry_larger_than_the_budget_is_not_blamed_on_the_policy() =>
        Assert.EndsWith("The entry alone is larger than the budget: raise MaxMemory or store less under one key.",
            new CacheFullException("k"u8, 2_000_000, 0, 1048576).Message, StringComparison.Ordinal);

    [Fact]
    public void A_value_that_is_too_large_tells_its_length_and_the_limit()
    {
        Assert.StartsWith("The value of key 'k' would take 536870913 bytes or more, and the limit is 536870912 bytes (512 MB).",
            new ValueTooLargeException("k"u8, 536870913).Message, StringComparison.Ordinal);
        Assert.StartsWith("The value would take 9223372036854775807 bytes", new ValueTooLargeException(long.MaxValue).Message, StringComparison.Ordinal);
        Assert.Null(new ValueTooLargeException(1).Key);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("user:42", "user:42")]
    [InlineData("it's", @"it\'s")]
    [InlineData(@"a\b", @"a\\b")]
    [InlineData("line\r\nERROR forged\t\0", @"line\r\nERROR forged\t\x00")]
    [InlineData("\u001b[2J", @"\x1b[2J")]
    [InlineData("é", @"\xc3\xa9")]
    [InlineData("\u007f", @"\x7f")]
    public void A_key_is_escaped_so_that_it_can_forge_nothing(string key, string shown) =>
        Assert.Equal(shown, KeyText.Of(System.Text.Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void A_long_key_is_cut_to_64_characters()
    {
        Assert.Equal(new string('a', 64), KeyText.Of(Enumerable.Repeat((byte)'a', 64).ToArray()));
        Assert.Equal(new string('a', 63) + "…", KeyText.Of(Enumerable.Repeat((byte)'a', 65).ToArray()));
        Assert.Equal(new string('a', 62) + "…", KeyText.Of([.. Enumerable.Repeat((byte)'a', 62), 0, (byte)'b']));
        Assert.Equal(64, KeyText.Of(new byte[1_000_000]).Length + 3);
    }
}
