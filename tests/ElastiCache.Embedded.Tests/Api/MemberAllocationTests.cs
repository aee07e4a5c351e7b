using ElastiCache.Embedded.Tests.House;

namespace ElastiCache.Embedded.Tests.Api;

/// <summary>Single members and fields of plain types cost no allocation, packed or large.</summary>
public sealed class MemberAllocationTests : CacheFixture
{
    [Theory]
    [InlineData(10)]
    [InlineData(5_000)]
    public void Single_fields_and_members_allocate_nothing(int count)
    {
        CacheHash<string, long> hash = Cache.Hash<string, long>("hash:1");
        CacheHash<Guid, int> byGuid = Cache.Hash<Guid, int>("hash:2");
        CacheSet<long> integers = Cache.Set<long>("integers");
        CacheSet<string> texts = Cache.Set<string>("texts");
        CacheSet<long> integersBesides = Cache.Set<long>("others");
        hash.SetMany(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"field:{i}", (long)i)));
        byGuid.Set(Guid.Empty, 1);
        integers.AddMany(Enumerable.Range(0, count).Select(i => (long)i));
        texts.AddMany(Enumerable.Range(0, count).Select(i => $"member:{i}"));

        AssertNothing("Set", () => hash.Set("field:3", 17));
        AssertNothing("Get", () => hash.Get("field:3"));
        AssertNothing("Get, absent", () => hash.Get("field:x"));
        AssertNothing("Contains", () => hash.Contains("field:3"));
        AssertNothing("Increment", () => hash.Increment("field:4"));
        AssertNothing("Increment by a fraction", () => hash.Increment("field:fraction", 0.5));
        AssertNothing("Set and Remove", () => hash.Remove(hash.Set("field:new", 1) ? "field:new" : "none"));
        AssertNothing("Count", () => hash.Count());
        AssertNothing("Guid", () => byGuid.Get(Guid.Empty));
        AssertNothing("Add, there", () => integers.Add(5));
        AssertNothing("Add and Remove", () => integers.Remove(integers.Add(1_000_000) ? 1_000_000 : 0));
        AssertNothing("Contains integer", () => integers.Contains(5));
        AssertNothing("Add and Remove text", () => texts.Remove(texts.Add("new") ? "new" : "none"));
        AssertNothing("Contains text", () => texts.Contains("member:5"));
        AssertNothing("TryDraw", () => integers.TryDraw(out _));
        AssertNothing("Add and TryPop", () =>
        {
            integersBesides.Add(7);
            Assert.True(integersBesides.TryPop(out long _));
        });
        AssertNothing("ValueLength", () => hash.ValueLength("field:3"));
    }

    [Fact]
    public void Deadlines_of_fields_allocate_nothing()
    {
        CacheHash<string, long> hash = Cache.Hash<string, long>("hash:1");
        hash.Set("field", 1);
        hash.Set("other", 1);

        AssertNothing("Expire", () => hash.Expire("field", TimeSpan.FromSeconds(100)));
        AssertNothing("TimeToLive", () => hash.TimeToLive("field"));
        AssertNothing("Expire and Persist", () => hash.Persist(hash.Expire("field", TimeSpan.FromSeconds(100)) ? "field" : "none"));
    }

    // An object a call would be 24,000 bytes at least.
    private static void AssertNothing(string what, Action operation)
    {
        long bytes = Allocations.Least(operation, calls: 1_000);
        Assert.True(bytes < 1_000, $"{what}: {bytes} bytes in 1,000 calls");
    }
}
