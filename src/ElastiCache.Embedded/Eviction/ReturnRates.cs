using System.Numerics;
using ElastiCache.Embedded.Keyspace;

namespace ElastiCache.Embedded.Eviction;

/// <summary>Which of two entries is asked for sooner, learnt from what became of earlier ones: a new one at the end of its probation, or the one that would have to give way to it.</summary>
/// <remarks>
/// Whenever two have been compared, both are watched for one turnover (as many additions as the shard has entries), kept or evicted: was it asked for again, and how soon? That is noted for its group, new or
/// old by 4 classes of uses, as 1 at once, falling to 0 at the end of the turnover. The group whose mean, divided by the entry's bytes, is the higher one stays.
/// So a loop larger than the cache is met by refusing new entries, and drifting popularity by letting them all in, without a mode or a threshold. (Hit density by group and observation of both sides: LHD,
/// Beckmann, Chen and Cidon 2018; regret for what was evicted: LeCaR, Vietri et al. 2018.)
/// <para>
/// Evicted entries are seen again when they are added, kept ones by their bit: when their turn comes, or when the sample is looked at, twice in a turnover; then "half of the time" is assumed.
/// One key in so many is watched that there are about 128 pairs in a turnover, whatever the shard's size: 4 KB a shard, and no work for reads.
/// </para>
/// </remarks>
internal sealed class ReturnRates
{
    private const int Samples = 512;
    private const int PairsATurnover = 128;
    private const int LooksATurnover = 2;
    private const int ShortestTurnover = 256;
    private const int Groups = 2 * EntryQueues.FrequencyClasses;
    private const int Remembered = 200;
    private const int ClockBits = 24;
    private const uint ClockMask = (1 << ClockBits) - 1;

    /// <summary>Managed bytes of one of these.</summary>
    public const long Bytes = (Samples * sizeof(ulong)) + (2 * Groups * sizeof(double));

    // Before anything is known new entries are let in, as without probation.
    private const double NewAtFirst = 0.5, OldAtFirst = 0.25;
    private const int SeenAtFirst = 20;

    private readonly Shard _shard;

    // 63..32 hash | 31..8 clock at the beginning | 7..4 database | 3..0 group + 1, 0 = free
    private readonly ulong[] _samples = new ulong[Samples];
    private readonly double[] _sums = new double[Groups];
    private readonly double[] _counts = new double[Groups];
    private uint _clock;
    private uint _turnover = ShortestTurnover;
    private uint _unwatched;        // a key is watched if none of these bits is set in its hash
    private uint _due;
    private int _looked;

    public ReturnRates(Shard shard)
    {
        _shard = shard;
        for (int i = 0; i < Groups; i++)
        {
            _counts[i] = SeenAtFirst;
            _sums[i] = SeenAtFirst * (i < EntryQueues.FrequencyClasses ? NewAtFirst : OldAtFirst);
        }
    }

    /// <summary>Says how many entries the shard holds.</summary>
    public void Scale(long entries)
    {
        _turnover = (uint)Math.Clamp(entries, ShortestTurnover, ClockMask / 2);
        _unwatched = BitOperations.RoundUpToPowerOf2(Math.Max(1, _turnover / PairsATurnover)) - 1;
    }

    /// <summary>Is told of an entry that is about to be added.</summary>
    public void Added(uint hash)
    {
        _clock++;
        Returned(hash);
        for (_due += LooksATurnover * Samples; _due >= _turnover; _due -= _turnover)
        {
            Look(_looked = (_looked + 1) % Samples);
        }
    }

    /// <summary>Is told that a key was asked for.</summary>
    public void Returned(uint hash)
    {
        if (IsWatched(hash, out int place) && _samples[place] is var sample && sample != 0 && (uint)(sample >> 32) == hash)
        {
            End(place, 1 - Age(sample));
        }
    }

    /// <summary>Decides between a new entry and an old one, and watches what becomes of them.</summary>
    /// <returns>Whether the new one is to stay.</returns>
    public bool PrefersNew(in Candidate young, in Candidate old)
    {
        int groupOfYoung = EntryQueues.ClassOf(young.Uses);
        int groupOfOld = EntryQueues.FrequencyClasses + EntryQueues.ClassOf(old.Uses);
        Watch(young, groupOfYoung);
        Watch(old, groupOfOld);

        // Of sum / count / bytes the higher one, without a division.
        return _sums[groupOfYoung] * _counts[groupOfOld] * old.Bytes > _sums[groupOfOld] * _counts[groupOfYoung] * young.Bytes;
    }

    private bool IsWatched(uint hash, out int place)
    {
        // Other bits than those that choose the shard, the bucket or the line of the sketch.
        uint mixed = (uint)((hash * 0xD6E8_FEB8_6659_FD93UL) >> 32);
        place = (int)(mixed >> 16) % Samples;
        return (mixed & _unwatched) == 0;
    }

    private void Watch(in Candidate candidate, int group)
    {
        if (IsWatched(candidate.Hash, out int place) && _samples[place] == 0)
        {
            _samples[place] = ((ulong)candidate.Hash << 32) | ((_clock & ClockMask) << 8) | ((uint)candidate.Database << 4) | (uint)(group + 1);
        }
    }

    // In turnovers.
    private double Age(ulong sample) => (double)((_clock - ((uint)sample >> 8)) & ClockMask) / _turnover;

    private void Look(int place)
    {
        ulong sample = _samples[place];
        if (sample == 0)
        {
            return;
        }

        double age = Age(sample);
        if (IsUsed(sample))
        {
            End(place, 1 - (age / 2));
        }
        else if (age >= 1)
        {
            End(place, 0);
        }
    }

    private bool IsUsed(ulong sample)
    {
        if (_shard.TableOf((int)(sample >> 4) & 0xF) is { Count: > 0 } table)
        {
            for (uint tag = 1; tag <= 3; tag++)
            {
                if (table.TryFindTagged((uint)(sample >> 32), tag, out SlotPosition position))
                {
                    return EntryAccess.IsUsed(position);
                }
            }
        }

        return false;
    }

    private void End(int place, double value)
    {
        int group = (int)(_samples[place] & 0xF) - 1;
        _samples[place] = 0;
        _sums[group] += Math.Max(value, 0);
        if (++_counts[group] > Remembered)
        {
            _sums[group] /= 2;
            _counts[group] /= 2;
        }
    }

    /// <summary>One of the two.</summary>
    /// <param name="Database">Its database.</param>
    /// <param name="Hash">Its slot hash.</param>
    /// <param name="Uses">How often its key was used lately.</param>
    /// <param name="Bytes">What it takes, divided by what a miss costs.</param>
    internal readonly record struct Candidate(int Database, uint Hash, int Uses, long Bytes);
}
