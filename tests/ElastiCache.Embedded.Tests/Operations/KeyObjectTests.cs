using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Tests.Operations;

public sealed class KeyObjectTests : IDisposable
{
    private readonly KeyTestStore _store = new();

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData("0", "int")]
    [InlineData("-1", "int")]
    [InlineData("2147483648", "int")]
    [InlineData("9223372036854775807", "int")]
    [InlineData("-9223372036854775808", "int")]
    [InlineData("9223372036854775808", "embstr")]
    [InlineData("-9223372036854775809", "embstr")]
    [InlineData("01", "embstr")]
    [InlineData("-0", "embstr")]
    [InlineData("+1", "embstr")]
    [InlineData(" 1", "embstr")]
    [InlineData("1.0", "embstr")]
    [InlineData("", "embstr")]
    [InlineData("12345678901234567890123456789012345678901234", "embstr")]      // 44
    [InlineData("123456789012345678901234567890123456789012345", "raw")]       // 45
    public void ENCODING_is_what_Redis_would_have_chosen(string value, string encoding)
    {
        _store.Set("a", value);

        Assert.Equal(encoding, _store.Encoded("a"));
    }

    [Fact]
    public void An_edited_value_is_raw_and_stays_so_under_another_key()
    {
        _store.Put("a", ValueKind.String, "12"u8.ToArray(), new RecordExtras { Edited = true });

        Assert.Equal("raw", _store.Encoded("a"));
        _store.Copy("a", "b");
        _store.Rename("a", "c");
        _store.Expire("c", _store.Now + 1000);
        _store.Persist("c");
        Assert.Equal("raw", _store.Encoded("b"));
        Assert.Equal("raw", _store.Encoded("c"));
        _store.Set("c", "12");
        Assert.Equal("int", _store.Encoded("c"));
    }

    [Fact]
    public void What_the_engine_does_not_know_is_answered_without_inventing_it()
    {
        _store.Set("a", "10000");
        KeyProbe.Create("a"u8, out KeyProbe a);
        KeyProbe.Create("nothing"u8, out KeyProbe nothing);

        Assert.Equal(1, _store.Objects.ReferenceCount(0, a));
        Assert.Equal(0, _store.Objects.IdleSeconds(0, a));
        Assert.Null(_store.Objects.ReferenceCount(0, nothing));
        Assert.Null(_store.Objects.IdleSeconds(0, nothing));
        Assert.Null(_store.Objects.Encoding(0, nothing));
        Assert.Null(_store.Objects.Frequency(0, nothing));
        Assert.StartsWith("An LFU maxmemory policy is not selected", ThrownBy(() => Frequency("a")).Message, StringComparison.Ordinal);
    }

    private static InvalidOperationException ThrownBy(Action action) => Assert.Throws<InvalidOperationException>(action);

    private void Frequency(string key)
    {
        KeyProbe.Create(System.Text.Encoding.UTF8.GetBytes(key), out KeyProbe probe);
        _store.Objects.Frequency(0, probe);
    }
}
