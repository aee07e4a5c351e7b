namespace ElastiCache.Embedded.Tests.House;

public sealed class PeerTests
{
    [Theory]
    [InlineData("redis-server")]
    [InlineData("redis-cli")]
    [InlineData("redis-check-aof")]
    public void The_program_that_tests_compare_with_is_installed(string program) => Assert.True(File.Exists(Peer.Find(program)));
}
