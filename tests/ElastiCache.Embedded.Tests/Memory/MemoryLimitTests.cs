using ElastiCache.Embedded.Memory;
using ElastiCache.Embedded.Tests.Crash;

namespace ElastiCache.Embedded.Tests.Memory;

/// <summary>The limit is the least of the machine's memory and of those of all groups around the process, in either version of cgroups.</summary>
public sealed class MemoryLimitTests : IDisposable
{
    private const long Machine = 16_384_000L * 1024;

    private readonly TemporaryFolder _root = new();

    public MemoryLimitTests()
    {
        Write("proc/meminfo", "MemTotal:       16384000 kB\nMemFree:          999 kB\n");
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Without_a_group_it_is_the_machines_memory() => Assert.Equal(Machine, MemoryLimit.Read(_root));

    [Theory]
    [InlineData("max", Machine)]
    [InlineData("1073741824", 1L << 30)]
    [InlineData("99999999999999", Machine)]
    [InlineData("0", Machine)]
    [InlineData("", Machine)]
    public void Version_2_has_one_group_whose_limit_may_be_none(string limit, long expected)
    {
        Write("proc/self/cgroup", "0::/app\n");
        Write("sys/fs/cgroup/app/memory.max", $"{limit}\n");

        Assert.Equal(expected, MemoryLimit.Read(_root));
    }

    [Fact]
    public void A_group_further_out_counts_if_its_limit_is_less()
    {
        Write("proc/self/cgroup", "0::/pod/app\n");
        Write("sys/fs/cgroup/pod/app/memory.max", "3000000000\n");
        Write("sys/fs/cgroup/pod/memory.max", "2000000000\n");

        Assert.Equal(2_000_000_000, MemoryLimit.Read(_root));
    }

    [Fact]
    public void In_a_container_whose_own_path_is_not_to_be_seen_the_root_of_what_is_counts()
    {
        Write("proc/self/cgroup", "0::/kubepods/pod1234/abcd\n");
        Write("sys/fs/cgroup/memory.max", "536870912\n");

        Assert.Equal(512 << 20, MemoryLimit.Read(_root));
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("cpu,memory")]
    public void Version_1_has_a_hierarchy_for_memory_among_others(string controllers)
    {
        Write("proc/self/cgroup", $"12:cpuset:/docker/1f\n9:{controllers}:/docker/1f\n1:name=systemd:/docker/1f\n");
        Write("sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes", "805306368\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");

        Assert.Equal(768 << 20, MemoryLimit.Read(_root));
    }

    [Fact]
    public void Version_1_without_a_limit_says_a_number_close_to_the_largest()
    {
        Write("proc/self/cgroup", "9:memory:/\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");

        Assert.Equal(Machine, MemoryLimit.Read(_root));
    }

    [Fact]
    public void On_this_machine_it_is_something_that_a_cache_can_live_with() => Assert.InRange(MemoryLimit.Read(), 64L << 20, 1L << 50);

    private void Write(string path, string text)
    {
        string full = _root[path];
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
