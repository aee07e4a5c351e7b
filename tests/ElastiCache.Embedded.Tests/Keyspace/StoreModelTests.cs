namespace ElastiCache.Embedded.Tests.Keyspace;

/// <summary>The store against dictionaries: 1.2 million operations over few keys, several databases, short deadlines and all sizes.</summary>
public sealed class StoreModelTests
{
    private const int Databases = 4;

    [Theory]
    [InlineData(1, 1, 40, 150_000)]
    [InlineData(2, 4, 40, 150_000)]
    [InlineData(3, 1, 2_000, 150_000)]
    [InlineData(4, 2, 6, 150_000)]
    [InlineData(5, 8, 600, 150_000)]
    [InlineData(6, 1, 6_000, 150_000)]
    [InlineData(7, 2, 20_000, 150_000)]
    [InlineData(8, 1, 1, 150_000)]
    public void Random_operations_leave_what_plain_dictionaries_say(int seed, int shards, int keys, int steps)
    {
        using var fixture = new StoreFixture(shards);
        var model = new Model(fixture, seed, keys);

        for (int step = 0; step < steps; step++)
        {
            model.Where = $"seed {seed}, step {step}";
            model.Step();
            if (step % 15_000 == 0)
            {
                model.Verify();
            }
        }

        model.Where = $"seed {seed}, end";
        model.Verify();
        model.DeleteEverything();
        fixture.VerifyAccounts(model.Where);
        Assert.Equal(fixture.FixedBytes, fixture.Store.Arena.UsedBytes);
    }

    private sealed record Value(byte[] Bytes, long Deadline, ulong Version, uint Flags);

    private sealed class Model(StoreFixture fixture, int seed, int keys)
    {
        private readonly Random _random = new(seed);
        private readonly Dictionary<int, Value>[] _databases = [.. Enumerable.Range(0, Databases).Select(_ => new Dictionary<int, Value>())];

        public string Where { get; set; } = "";

        public void Step()
        {
            int draw = _random.Next(1_000_000);
            int database = _random.Next(8) switch { < 5 => 0, < 7 => 1, _ => _random.Next(2, Databases) };
            int key = _random.Next(keys);
            if (draw < 40)
            {
                fixture.Flush(database);
                _databases[database].Clear();
            }
            else if (draw < 100)
            {
                int other = _random.Next(Databases);
                fixture.Swap(database, other);
                (_databases[database], _databases[other]) = (_databases[other], _databases[database]);
            }
            else if (draw < 5_000)
            {
                fixture.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 3_000)));
                Expire();
                if (_random.Next(2) == 0)
                {
                    fixture.Store.Sweep();
                }
            }
            else if (draw < 330_000)
            {
                Set(database, key);
            }
            else if (draw < 480_000)
            {
                Assert.True(fixture.Delete(Name(key), database) == _databases[database].Remove(key), Where);
            }
            else if (draw < 600_000)
            {
                SetDeadline(database, key);
            }
            else if (draw < 750_000)
            {
                Edit(database, key);
            }
            else
            {
                AssertSame(database, key);
            }
        }

        public void Verify()
        {
            fixture.VerifyAccounts(Where);
            for (int database = 0; database < Databases; database++)
            {
                foreach (int key in _databases[database].Keys)
                {
                    AssertSame(database, key);
                }
            }

            // What expired in the last second may still wait for the sweeper; nothing else may be there.
            fixture.Pass(TimeSpan.FromSeconds(1.2));
            Expire();
            for (int database = 0; database < Databases; database++)
            {
                int living = fixture.Keys(database).Count;
                int notOverdue = fixture.Keys(database, fixture.Now - 1_000).Count;
                Assert.True(living == _databases[database].Count, $"{Where}: {living} keys in database {database}, {_databases[database].Count} expected");
                Assert.True(fixture.Store.Count(database) == notOverdue, $"{Where}: {fixture.Store.Count(database) - notOverdue} keys of database {database} were never swept");
            }
        }

        public void DeleteEverything()
        {
            for (int database = 0; database < Databases; database++)
            {
                foreach (int key in _databases[database].Keys)
                {
                    Assert.True(fixture.Delete(Name(key), database), Where);
                }
            }

            // Nodes that deleted keys left in the wheel go when their time comes; tables shrink a step at each unlock.
            fixture.Pass(TimeSpan.FromSeconds(700));
        }

        private void Set(int database, int key)
        {
            byte[] bytes = new byte[Size()];
            _random.NextBytes(bytes);
            long deadline = _random.Next(3) == 0 ? fixture.Now + _random.Next(1, 600_000 / _random.Next(1, 200)) : long.MaxValue;
            ulong version = _random.Next(10) == 0 ? (ulong)_random.Next(1, 1000) : 0;
            uint flags = _random.Next(10) == 0 ? (uint)_random.Next(1, 1000) : 0;

            fixture.Set(Name(key), bytes, database, deadline, version, flags);

            _databases[database][key] = new Value(bytes, deadline, version, flags);
        }

        private void SetDeadline(int database, int key)
        {
            long deadline = _random.Next(4) == 0 ? long.MaxValue : fixture.Now + _random.Next(1, 60_000 / _random.Next(1, 200));
            bool found = fixture.SetDeadline(Name(key), deadline, database);

            Assert.True(found == _databases[database].TryGetValue(key, out Value? value), Where);
            if (found)
            {
                _databases[database][key] = value! with { Deadline = deadline };
            }
        }

        private void Edit(int database, int key)
        {
            _databases[database].TryGetValue(key, out Value? value);
            int offset = value == null ? _random.Next(3) * 700 : _random.Next(2) == 0 ? value.Bytes.Length : _random.Next(value.Bytes.Length + 1);
            byte[] bytes = new byte[_random.Next(8) == 0 ? _random.Next(5_000) : _random.Next(40)];
            _random.NextBytes(bytes);

            fixture.Edit(Name(key), offset, bytes, database);

            byte[] old = value?.Bytes ?? [];
            byte[] edited = new byte[Math.Max(old.Length, offset + bytes.Length)];
            old.CopyTo(edited, 0);
            bytes.CopyTo(edited, offset);

            // A version that was asked for changes with the value; the shard draws it.
            ulong version = value is { Version: not 0 } ? fixture.Find(Name(key), database)!.Value.Extras.Version : 0;
            Assert.True(version == 0 || version != value!.Version, Where);
            _databases[database][key] = new Value(edited, value?.Deadline ?? long.MaxValue, version, value?.Flags ?? 0);
        }

        private void AssertSame(int database, int key)
        {
            byte[]? read = fixture.Get(Name(key), database);
            if (!_databases[database].TryGetValue(key, out Value? expected))
            {
                Assert.True(read == null, $"{Where}: key {key} of database {database} should not be there");
                return;
            }

            Assert.True(read != null, $"{Where}: key {key} of database {database} is lost");
            Assert.True(read.AsSpan().SequenceEqual(expected.Bytes), $"{Where}: key {key} of database {database} has other bytes");
            var (_, extras) = fixture.Find(Name(key), database)!.Value;
            Assert.True((extras.Deadline, extras.Version, extras.Marks.Flags) == (expected.Deadline, expected.Version, expected.Flags), Where);
        }

        private void Expire()
        {
            foreach (Dictionary<int, Value> database in _databases)
            {
                foreach ((int key, Value value) in database)
                {
                    if (value.Deadline <= fixture.Now)
                    {
                        database.Remove(key);
                    }
                }
            }
        }

        private int Size() => _random.Next(100_000) switch
        {
            < 4 => _random.Next(1 << 20, 12 << 20),
            < 300 => _random.Next(20_000, 200_000),
            < 15_000 => _random.Next(20_000),
            _ => _random.Next(200),
        };

        // Short, 16 to 32 bytes, long, and very long names.
        private static string Name(int key) => (key % 7) switch
        {
            0 => $"{key}",
            1 => $"a key of more than thirty-two bytes, number {key}",
            2 when key % 49 == 2 => new string('x', 300) + key,
            _ => $"some-key:{key:D12}",
        };
    }
}
