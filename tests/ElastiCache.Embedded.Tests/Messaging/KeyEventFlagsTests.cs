using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Messaging;
using ElastiCache.Embedded.Tests.Peers;

namespace ElastiCache.Embedded.Tests.Messaging;

public sealed class KeyEventFlagsTests(RedisServerFixture redis) : IClassFixture<RedisServerFixture>
{
    private const string Letters = "KEg$lszhxetdmnA";

    [Theory]
    [InlineData("", "")]
    [InlineData("KEA", "AKE")]
    [InlineData("xE", "xE")]
    [InlineData("Kg$lshzxetd", "AK")]
    [InlineData("AmnK", "AKm")]
    [InlineData("KKEEgg", "gKE")]
    public void Letters_are_read_in_any_order_and_written_in_that_of_redis(string letters, string canonical)
    {
        Assert.True(KeyEventFlags.TryParse(letters, out KeyEventClass classes));

        Assert.Equal(canonical, KeyEventFlags.Format(classes));
    }

    [Theory]
    [InlineData("q")]
    [InlineData("KE ")]
    [InlineData("a")]
    [InlineData("KEÄ")]
    public void Other_letters_are_refused(string letters)
    {
        Assert.False(KeyEventFlags.TryParse(letters, out KeyEventClass classes));
        Assert.Equal(KeyEventClass.None, classes);
    }

    [Fact]
    public void Every_choice_of_letters_reads_and_writes_as_redis_does_it()
    {
        const int Seed = 7_015;
        var random = new Random(Seed);
        for (int i = 0; i < 500; i++)
        {
            string letters = new([.. Enumerable.Range(0, random.Next(0, 20)).Select(_ => Letters[random.Next(Letters.Length - (i % 2))])]);

            redis.Server.Execute("CONFIG", "SET", "notify-keyspace-events", letters);
            string theirs = redis.Server.Execute("CONFIG", "GET", "notify-keyspace-events")[1].Text!;

            Assert.True(KeyEventFlags.TryParse(letters, out KeyEventClass classes), letters);
            Assert.True(theirs == KeyEventFlags.Format(classes), $"seed {Seed}: '{letters}' is '{theirs}' in redis and '{KeyEventFlags.Format(classes)}' here");
        }
    }
}
