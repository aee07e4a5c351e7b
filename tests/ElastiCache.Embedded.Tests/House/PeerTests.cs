namespace ElastiCache.Embedded.Tests.House;

public sealed class PeerTests
{
    [Theory]
    [InlineData("redis-server")]
    [InlineData("redis-cli")]
    [InlineData("redis-check-aof")]
    [InlineData("strace")]
    public void The_program_that_tests_need_is_installed(string program) => Assert.True(File.Exists(Peer.Find(program)));
}
