using ElastiCache.Embedded.Eviction;
using ElastiCache.Embedded.Tests.Keyspace;

namespace ElastiCache.Embedded.Tests.Eviction;

/// <summary>What is learnt from pairs of entries of which one came back sooner, or none.</summary>
public sealed class ReturnRatesTests : IDisposable
{
    private const int Soon = 10;
    private const int Late = 200;
    private const int Never = int.MaxValue;

    private readonly StoreFixture _fixture = new(shards: 1);
    private readonly Random _random = new(20261201);
    private readonly ReturnRates _rates;

    public ReturnRatesTests() => _rates = new ReturnRates(_fixture.Store.ShardAt(0));

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Before_anything_is_known_new_entries_are_let_in() => Assert.True(PrefersNew());

    [Fact]
    public void What_comes_back_stays_and_when_that_changes_it_is_learnt_anew()
    {
        Learn(young: Never, old: Soon);
        Assert.False(PrefersNew());

        Learn(young: Soon, old: Never);
        Assert.True(PrefersNew());

        Learn(young: Never, old: Soon);
        Assert.False(PrefersNew());
    }

    [Fact]
    public void What_comes_back_sooner_stays()
    {
        Learn(young: Late, old: Soon);
        Assert.False(PrefersNew());

        Learn(young: Soon, old: Late);
        Assert.True(PrefersNew());
    }

    [Fact]
    public void Of_two_that_come_back_equally_soon_the_smaller_stays()
    {
        Learn(young: Soon, old: Soon);

        Assert.True(PrefersNew(bytesOfNew: 100, bytesOfOld: 200));
        Assert.False(PrefersNew(bytesOfNew: 200, bytesOfOld: 100));
    }

    private bool PrefersNew(long bytesOfNew = 100, long bytesOfOld = 100) => Compare(Hash(), Hash(), bytesOfNew, bytesOfOld);

    private bool Compare(uint young, uint old, long bytesOfNew = 100, long bytesOfOld = 100) =>
        _rates.PrefersNew(new(0, young, 1, bytesOfNew), new(0, old, 2, bytesOfOld));

    // So many additions after a pair was compared its new or its old entry is asked for.
    private void Learn(int young, int old)
    {
        _rates.Scale(256);
        var returns = new PriorityQueue<uint, int>();
        for (int i = 0; i < 20_000; i++)
        {
            (uint hashOfNew, uint hashOfOld) = (Hash(), Hash());
            Compare(hashOfNew, hashOfOld);
            Note(hashOfNew, young);
            Note(hashOfOld, old);
            _rates.Added(Hash());
            while (returns.TryPeek(out uint hash, out int due) && due <= i)
            {
                returns.Dequeue();
                _rates.Returned(hash);
            }

            void Note(uint hash, int after)
            {
                if (after != Never)
                {
                    returns.Enqueue(hash, i + after);
                }
            }
        }
    }

    private uint Hash() => (uint)_random.NextInt64(1L << 32);
}
