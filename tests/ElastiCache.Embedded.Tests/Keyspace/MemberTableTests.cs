using System.Text;
using ElastiCache.Embedded.Keyspace;
using ElastiCache.Embedded.Memory;

namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The table of a large collection's members against a dictionary, and what collections rely on.</summary>
public sealed class MemberTableTests : IDisposable
{
    private readonly Arena _arena = new(1L << 30);
    private readonly BlockAllocator _allocator;
    private readonly MemberTable _members;

    public MemberTableTests()
    {
        _allocator = new BlockAllocator(_arena);
        _members = new MemberTable(_arena, _allocator);
    }

    public void Dispose() => GC.KeepAlive(_arena);

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 300)]
    [InlineData(3, 5_000)]
    [InlineData(4, 40_000)]
    public void Random_changes_leave_what_a_dictionary_says(int seed, int most)
    {
        var random = new Random(seed);
        var expected = new Dictionary<int, (byte[] Value, long Deadline)>();
        int target = most;

        for (int step = 0; step < 100_000; step++)
        {
            if (expected.Count == target)
            {
                target = random.Next(most + 1);
            }

            int id = random.Next(most * 2);
            KeyProbe.Create(NameOf(id), out KeyProbe name);
            bool exists = _members.TryFind(name, out Member found);
            Assert.True(exists == expected.ContainsKey(id), $"seed {seed}, step {step}, id {id}");
            byte[] value = new byte[random.Next(random.Next(8) == 0 ? 2_000 : 40)];
            random.NextBytes(value);
            long deadline = random.Next(3) == 0 ? random.NextInt64(1, long.MaxValue) : long.MaxValue;
            if (!exists)
            {
                value.CopyTo(_members.Add(name, value.Length, deadline).Value);
                expected.Add(id, (value, deadline));
            }
            else if (expected.Count > target || random.Next(4) == 0)
            {
                Assert.True(Is(found, id, expected[id]), $"seed {seed}, step {step}, id {id}");
                _members.Remove(random.Next(2) == 0 ? found : _members.At(found.Reference));
                expected.Remove(id);
            }
            else
            {
                Member resized = _members.Resize(random.Next(2) == 0 ? found : _members.At(found.Reference), value.Length, deadline);
                int kept = Math.Min(value.Length, expected[id].Value.Length);
                Assert.True(resized.Value[..kept].SequenceEqual(expected[id].Value.AsSpan(0, kept)), $"seed {seed}, step {step}, id {id}");
                value.CopyTo(resized.Value);
                expected[id] = (value, deadline);
            }

            if (step % 10_000 == 0)
            {
                Verify(expected, $"seed {seed}, step {step}");
            }
        }

        Verify(expected, $"seed {seed}, end");
        FreeAll();
    }

    [Fact]
    public void A_hundred_thousand_members_come_and_go_and_leave_no_memory_behind()
    {
        const int Count = 100_000;

        for (int id = 0; id < Count; id++)
        {
            Add(id, deadline: id % 10 == 0 ? id + 1 : long.MaxValue);
        }

        Assert.Equal(Count, _members.Count);
        Assert.Equal(Count / 10, _members.Expiring);
        Assert.Equal(_allocator.AllocatedBytes, _members.NativeBytes);
        Assert.InRange(_members.NativeBytes / Count, 30, 60);
        long full = _members.NativeBytes;

        for (int id = 0; id < Count - 10; id++)
        {
            Assert.True(TryFind(id, out Member found));
            _members.Remove(found);
        }

        Assert.Equal(10, _members.Count);
        Assert.Equal(1, _members.Expiring);
        Assert.Equal(_allocator.AllocatedBytes, _members.NativeBytes);
        Assert.True(_members.NativeBytes < full / 100, $"{_members.NativeBytes} bytes for ten members");
        FreeAll();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_000)]
    public void A_table_is_freed_in_slices(int count)
    {
        for (int id = 0; id < count; id++)
        {
            Add(id);
        }

        int slices = 1;
        while (_members.FreeSlice(16))
        {
            slices++;
        }

        Assert.InRange(slices, count / 200, 1 + count);
        Assert.Equal(0, _allocator.AllocatedBytes);
        Assert.False(_members.FreeSlice(16));
        Assert.Equal(0, _allocator.AllocatedBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(70_000)]
    public void A_member_may_have_any_length(int length)
    {
        byte[] text = new byte[length];
        new Random(length).NextBytes(text);
        KeyProbe.Create(text, out KeyProbe name);

        "value"u8.CopyTo(_members.Add(name, 5).Value);
        Assert.True(_members.TryFind(name, out Member found));
        Member longer = _members.Resize(found, 9_000_000, 1234);

        Assert.True(longer.Name.SequenceEqual(text));
        Assert.True(longer.Value[..5].SequenceEqual("value"u8));
        Assert.Equal(9_000_000, longer.Value.Length);
        Assert.Equal(1234, longer.Deadline);
        Member shorter = _members.Resize(longer, 2, long.MaxValue);
        Assert.True(shorter.Name.SequenceEqual(text));
        Assert.True(shorter.Value.SequenceEqual("va"u8));
        Assert.False(shorter.HasDeadline);
        FreeAll();
    }

    [Fact]
    public void A_reference_holds_while_others_come_and_go()
    {
        var references = new uint[1_000];
        for (int id = 0; id < references.Length; id++)
        {
            references[id] = Add(id).Reference;
        }

        for (int id = references.Length; id < 50_000; id++)
        {
            Add(id);
        }

        for (int id = references.Length; id < 50_000; id++)
        {
            Assert.True(TryFind(id, out Member found));
            _members.Remove(found);
        }

        for (int id = 0; id < references.Length; id++)
        {
            Assert.True(_members.At(references[id]).Name.SequenceEqual(NameOf(id)));
        }
    }

    [Fact]
    public void A_value_of_the_same_length_stays_in_its_place()
    {
        Member member = Add(7);

        Member again = _members.Resize(member, member.Value.Length, long.MaxValue);

        Assert.Equal(member.Reference, again.Reference);
    }

    [Fact]
    public void A_scan_meets_all_that_were_there_from_beginning_to_end_whatever_else_happens()
    {
        const int Lasting = 2_000;
        var random = new Random(1);
        for (int id = 0; id < Lasting; id++)
        {
            Add(id);
        }

        var names = new Names();
        int next = Lasting;
        uint position = 0;
        do
        {
            position = _members.Scan(position, ref names);
            if (random.Next(2) == 0)
            {
                for (int i = random.Next(100); i > 0; i--)
                {
                    Add(next++);
                }
            }
            else
            {
                for (int i = random.Next(300); i > 0 && next > Lasting; i--)
                {
                    Assert.True(TryFind(--next, out Member found));
                    _members.Remove(found);
                }
            }
        }
        while (position != 0);

        for (int id = 0; id < Lasting; id++)
        {
            Assert.Contains(Encoding.UTF8.GetString(NameOf(id)), names.Seen);
        }
    }

    [Fact]
    public void A_random_member_is_any_of_them()
    {
        var random = new Random(1);
        Assert.False(_members.TryRandom(random, out _));
        for (int id = 0; id < 100; id++)
        {
            Add(id);
        }

        var drawn = new Dictionary<string, int>();
        for (int i = 0; i < 20_000; i++)
        {
            Assert.True(_members.TryRandom(random, out Member member));
            string name = Encoding.UTF8.GetString(member.Name);
            drawn[name] = drawn.GetValueOrDefault(name) + 1;
        }

        Assert.Equal(100, drawn.Count);
        Assert.All(drawn.Values, times => Assert.InRange(times, 120, 290));
    }

    [Fact]
    public void Slices_of_a_walk_meet_every_member_once()
    {
        for (int id = 0; id < 3_000; id++)
        {
            Add(id);
        }

        var seen = new List<uint>();
        for (uint bucket = 0; bucket < _members.Buckets; bucket += 10)
        {
            foreach (Member member in _members.Slice(bucket, 10))
            {
                seen.Add(member.Reference);
            }
        }

        Assert.Equal(3_000, seen.Count);
        Assert.Equal(3_000, seen.Distinct().Count());
    }

    [Fact]
    public void A_copy_has_the_same_members_in_memory_of_its_own()
    {
        for (int id = 0; id < 1_000; id++)
        {
            Add(id, deadline: id % 2 == 0 ? 5_000 + id : long.MaxValue);
        }

        var copy = new MemberTable(_arena, _allocator);
        _members.CopyTo(copy);
        while (_members.FreeSlice(1_000))
        {
        }

        Assert.Equal(1_000, copy.Count);
        Assert.Equal(500, copy.Expiring);
        Assert.Equal(_allocator.AllocatedBytes, copy.NativeBytes);
        foreach (Member member in copy)
        {
            int id = int.Parse(member.Name[7..], provider: null);
            Assert.True(member.Name.SequenceEqual(NameOf(id)));
            Assert.Equal(id % 2 == 0 ? 5_000 + id : long.MaxValue, member.Deadline);
            Assert.True(member.Value.SequenceEqual(BitConverter.GetBytes(id)));
        }
    }

    private static byte[] NameOf(int id) => Encoding.UTF8.GetBytes($"member:{id}");

    private static bool Is(in Member member, int id, (byte[] Value, long Deadline) expected) =>
        member.Name.SequenceEqual(NameOf(id)) && member.Value.SequenceEqual(expected.Value) && member.Deadline == expected.Deadline;

    private Member Add(int id, long deadline = long.MaxValue)
    {
        KeyProbe.Create(NameOf(id), out KeyProbe name);
        Member member = _members.Add(name, sizeof(int), deadline);
        BitConverter.TryWriteBytes(member.Value, id);
        return member;
    }

    private bool TryFind(int id, out Member found)
    {
        KeyProbe.Create(NameOf(id), out KeyProbe name);
        return _members.TryFind(name, out found);
    }

    private void Verify(Dictionary<int, (byte[] Value, long Deadline)> expected, string where)
    {
        Assert.True(_members.Count == expected.Count, where);
        Assert.True(_members.Expiring == expected.Values.Count(member => member.Deadline != long.MaxValue), where);
        Assert.True(_members.NativeBytes == _allocator.AllocatedBytes, $"{where}: {_members.NativeBytes} of {_allocator.AllocatedBytes}");
        foreach ((int id, (byte[], long) member) in expected)
        {
            Assert.True(TryFind(id, out Member found) && Is(found, id, member), $"{where}, id {id}");
        }

        int walked = 0;
        foreach (Member member in _members)
        {
            KeyProbe.Create(member.Name, out KeyProbe name);
            Assert.True(_members.TryFind(name, out Member found) && found.Reference == member.Reference, where);
            walked++;
        }

        Assert.True(walked == expected.Count, where);
    }

    private void FreeAll()
    {
        while (_members.FreeSlice(100))
        {
        }

        Assert.Equal(0, _allocator.AllocatedBytes);
        Assert.Equal(0, _allocator.HeldBytes);
    }

    private readonly struct Names() : IMemberVisitor
    {
        public HashSet<string> Seen { get; } = [];

        public void Visit(in Member member) => Seen.Add(Encoding.UTF8.GetString(member.Name));
    }
}
